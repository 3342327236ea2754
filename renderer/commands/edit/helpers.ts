import { type Flicks, frameDuration, frameToFlicks, flicksToFrame } from "../../../core/time/index.ts";
import { endOfPlaced, laneOf, type Timeline, type Track } from "../../../core/timeline/index.ts";
import { foundClips, type Found } from "../../timeline/selection.ts";
import { indexAt } from "../../timeline/hit.ts";
import { revealed } from "../../timeline/geometry.ts";
import type { Command, CommandContext } from "../command.ts";

/** What the commands of the editor share. */

export const documentOf = ({ project }: CommandContext): Timeline => project.store.getState().document;

/** The selected clips that are there, in the order of time. */
export const selected = (context: CommandContext): Found[] =>
  foundClips(documentOf(context), context.editUi.getState());
export const hasClips = (context: CommandContext): boolean => selected(context).length > 0;
export const idsOf = (found: readonly Found[]): string[] => found.map(({ item }) => item.clip.id);

export const say = ({ store }: CommandContext, announcement: string): void => store.setState({ announcement });

/** Tells a sentence that everybody should see. */
export const complain = ({ store }: CommandContext, text: string): void =>
  store.setState({ notice: { text, kind: "problem", undo: null }, announcement: text });

export const linked = ({ editUi }: CommandContext): boolean => editUi.getState().linkedSelection;

export const frameOf = (context: CommandContext): Flicks => frameDuration(documentOf(context).settings.rate);

/** A time that lies so many frames from another. */
export function framesFrom(context: CommandContext, time: Flicks, frames: number): Flicks {
  const { rate } = documentOf(context).settings;
  return frameToFlicks(flicksToFrame(time, rate) + frames, rate);
}

/** Scrolls so that a time is in sight. */
export function reveal({ editUi }: CommandContext, time: Flicks): void {
  const { zoom, scroll, timelineWidth } = editUi.getState();
  editUi.setState({ scroll: revealed({ zoom, scroll, width: timelineWidth }, time).scroll });
}

export function seek(context: CommandContext, time: Flicks): void {
  context.transport.pause();
  context.transport.seek(time);
  reveal(context, context.transport.time);
}

/** The clip of a track under a time. */
export function clipAt(track: Track, time: Flicks): Found | null {
  const { placed } = laneOf(track);
  const item = placed[indexAt(placed, time)];
  return item !== undefined && endOfPlaced(item) > time ? { track, item } : null;
}

/** Clips under the playhead: the selected ones where any are, else those of all unlocked tracks. */
export function underPlayhead(context: CommandContext): Found[] {
  const { time } = context.transport;
  const inside = ({ item }: Found) => item.start < time && endOfPlaced(item) > time;
  const chosen = selected(context).filter(inside);
  if (chosen.length > 0) return chosen;
  return documentOf(context)
    .tracks.filter(({ locked }) => !locked)
    .map((track) => clipAt(track, time))
    .filter((found) => found !== null && inside(found)) as Found[];
}

/** The clip that an edit of one clip means: the first selected one, else the topmost under the playhead. */
export const oneClip = (context: CommandContext): Found | null =>
  selected(context)[0] ?? topmost(underPlayhead(context)) ?? null;
const topmost = (found: readonly Found[]): Found | undefined =>
  found.findLast(({ track }) => track.kind !== "audio") ?? found[0];

/** Times of all cuts, in order, each once. */
export function editTimes(document: Timeline): Flicks[] {
  const times = new Set<Flicks>([0]);
  for (const track of document.tracks)
    for (const item of laneOf(track).placed) times.add(item.start).add(endOfPlaced(item));
  return [...times].sort((a, b) => a - b);
}

type Plain = Omit<Command, "scope" | "group">;
/** Commands of the editor under one heading. */
export const editGroup = (group: string, commands: readonly Plain[]): readonly Command[] =>
  commands.map((command) => ({ ...command, scope: "edit", group }));
