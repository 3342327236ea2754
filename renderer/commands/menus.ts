import type { Menus } from "../../core/contract/index.ts";
import type { Command } from "./command.ts";
import { chordsOf, type Keymap } from "./keymap.ts";

/** Menus of the system's menu bar, and the beginnings of the ids of the commands in each, in order; a new beginning begins a group. */
const MENUS: readonly (readonly [title: string, beginnings: readonly string[]])[] = [
  ["File", ["project", "media"]],
  ["Edit", ["history", "clipboard", "select", "place"]],
  ["Create", ["create", "generate", "take", "beats", "title"]],
  ["Clip", ["clip", "trim", "speed", "keyframe", "fade", "transition"]],
  ["Timeline", ["track", "marker", "tool"]],
  ["Playback", ["play", "mark"]],
  ["View", ["view", "viewer", "app"]],
];

const beginningOf = (id: string): string => id.slice(0, id.indexOf("."));

/** Every command that is not for keys only, once, with the first of its keys. Commands of a new kind come under View. */
export function menusOf(commands: readonly Command[], keymap: Keymap): Menus {
  const shown = commands.filter(({ keysOnly }) => keysOnly !== true);
  const known = new Set(MENUS.flatMap(([, beginnings]) => beginnings));
  const others = [...new Set(shown.map(({ id }) => beginningOf(id)))].filter((beginning) => !known.has(beginning));
  return MENUS.map(([title, beginnings]) => ({
    title,
    items: [...beginnings, ...(title === "View" ? others : [])].flatMap((beginning) =>
      shown
        .filter(({ id }) => beginningOf(id) === beginning)
        .map((command, place) => ({
          id: command.id,
          title: command.title,
          chord: chordsOf(keymap, command)[0] ?? null,
          begins: place === 0,
        })),
    ),
  }));
}
