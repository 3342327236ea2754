import { appCommands } from "./app.ts";
import type { Command } from "./command.ts";
import { createCommands } from "./create.ts";
import { exchangeCommands } from "./exchange.ts";
import { beatCommands } from "./edit/beats.ts";
import { clipCommands, selectCommands } from "./edit/clips.ts";
import { effectCommands } from "./edit/effects.ts";
import { eyesCommands } from "./edit/eyes.ts";
import { historyCommands } from "./edit/history.ts";
import { mediaCommands } from "./edit/media.ts";
import { clipboardCommands, placeCommands } from "./edit/place.ts";
import { markCommands, playbackCommands } from "./edit/playback.ts";
import { toolCommands, viewCommands } from "./edit/tools.ts";
import { takeCommands } from "./edit/takes.ts";
import { markerCommands, trackCommands } from "./edit/tracks.ts";
import { titleCommands, viewerCommands } from "./edit/viewer.ts";
import { trimCommands } from "./edit/trim.ts";

/** Everything that can be done, each once: what keys, palette, menus and the shortcut sheet are made of. */
export const commands: readonly Command[] = [
  ...createCommands,
  ...playbackCommands,
  ...markCommands,
  ...toolCommands,
  ...clipCommands,
  ...selectCommands,
  ...trimCommands,
  ...placeCommands,
  ...clipboardCommands,
  ...effectCommands,
  ...eyesCommands,
  ...takeCommands,
  ...trackCommands,
  ...markerCommands,
  ...mediaCommands,
  ...beatCommands,
  ...viewCommands,
  ...titleCommands,
  ...viewerCommands,
  ...historyCommands,
  ...exchangeCommands,
  ...appCommands,
];

const byId = new Map(commands.map((command) => [command.id, command]));

/** The command of this id, which must be one. */
export function command(id: string): Command {
  const found = byId.get(id);
  if (found === undefined) throw new Error(`There is no command ${id}.`);
  return found;
}
