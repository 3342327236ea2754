import { findClip, mediaOf, pastable, type Timeline } from "../../../core/timeline/index.ts";
import { FLICKS_PER_SECOND, flicksToFrame, frameToFlicks, type TimeRange } from "../../../core/time/index.ts";
import { placementsOf } from "../../timeline/placement.ts";
import { selectionOf } from "../../timeline/selection.ts";
import type { CommandContext } from "../command.ts";
import { attempt } from "../../state/attempt.ts";
import { documentOf, editGroup, hasClips, idsOf, linked, reveal, say, selected } from "./helpers.ts";

/**
 * A three-point edit: of in and out in the source and in and out on the timeline three count, the fourth follows. The playhead is the
 * timeline's in where none is marked.
 * @returns where it goes and which stretch of the source; null where the marked stretch leaves nothing
 */
export function threePoints(
  available: TimeRange | null,
  source: { readonly in: number | null; readonly out: number | null },
  timeline: { readonly in: number | null; readonly out: number | null; readonly playhead: number },
): { readonly at: number; readonly range: TimeRange } | null {
  const whole = available ?? { start: 0, duration: 5 * FLICKS_PER_SECOND };
  const end = whole.start + whole.duration;
  const marked = timeline.in !== null && timeline.out !== null ? timeline.out - timeline.in : null;
  let [from, to] = [source.in ?? whole.start, source.out ?? end];
  // Three points: with both ends marked on the timeline, one end of the source gives way.
  if (marked !== null) {
    if (source.in === null && source.out !== null) from = source.out - marked;
    else to = from + marked;
  }
  from = Math.max(available === null ? from : whole.start, from);
  to = available === null ? to : Math.min(end, to);
  if (to <= from) return null;
  const back = timeline.in === null && timeline.out !== null ? timeline.out - (to - from) : null;
  return { at: Math.max(0, timeline.in ?? back ?? timeline.playhead), range: { start: from, duration: to - from } };
}

/** Puts what the source viewer shows at the playhead. */
function fromSource(context: CommandContext, how: "insert" | "overwrite"): void {
  const { editUi, project, transport } = context;
  const { source, sourceIn, sourceOut } = editUi.getState();
  if (source === null) return say(context, "Open something of the media in the source viewer first: double-click it.");
  void attempt(context.store, async () => {
    await project.useMedia([source]);
    const document = documentOf(context);
    const media = document.media[source];
    if (media === undefined) return say(context, "This media is not in the project.");
    const { inPoint, outPoint, time } = transport.state;
    const points = threePoints(
      media.availableRange,
      { in: sourceIn, out: sourceOut },
      { in: inPoint, out: outPoint, playhead: time },
    );
    if (points === null) return say(context, "The marked stretch is empty: mark in and out anew.");
    const clips = placementsOf(document, [media], null, wholeFrames(document, points.range));
    if (clips.length === 0) return say(context, "There is no unlocked track for this.");
    const result = project.perform(how, { at: points.at, clips });
    if (!result.ok) return;
    const length = clips[0]!.clip;
    const duration = "sourceRange" in length && length.sourceRange ? length.sourceRange.duration : 0;
    transport.clearMarks();
    transport.seek(points.at + duration);
    reveal(context, transport.time);
    say(context, how === "insert" ? `Inserted ${media.name}.` : `Put ${media.name} over what was there.`);
  });
}

/** Without its last broken frame, so that the next clip begins on one. */
function wholeFrames({ settings }: Timeline, range: TimeRange): TimeRange {
  const frames = flicksToFrame(range.duration, settings.rate);
  return frames < 1 ? range : { ...range, duration: frameToFlicks(frames, settings.rate) };
}

export const placeCommands = editGroup("Place", [
  {
    id: "place.insert",
    title: "Insert from the source",
    keys: ["Comma"],
    presets: { resolve: ["F9"], fcp: ["KeyW"] },
    run: (context) => fromSource(context, "insert"),
  },
  {
    id: "place.overwrite",
    title: "Overwrite from the source",
    keys: ["Period"],
    presets: { resolve: ["F10"], fcp: ["KeyD"] },
    run: (context) => fromSource(context, "overwrite"),
  },
  {
    id: "place.match",
    title: "Open the clip in the source viewer",
    keys: ["KeyF"],
    when: hasClips,
    run(context) {
      const { item } = selected(context)[0]!;
      const media = mediaOf(documentOf(context), item.clip);
      if (media === null) return say(context, "This clip has no media to open.");
      const { start, duration } = item.clip.sourceRange;
      context.editUi.setState({ source: media.id, sourceIn: start, sourceOut: start + duration });
      say(context, `${media.name} is in the source viewer.`);
    },
  },
]);

function copy(context: CommandContext): boolean {
  const found = selected(context);
  if (found.length === 0) return false;
  const first = Math.min(...found.map(({ item }) => item.start));
  context.editUi.setState({
    copiedLast: true,
    clipboard: found.map(({ track, item }) => ({
      track: track.id,
      kind: track.kind,
      offset: item.start - first,
      clip: item.clip,
    })),
  });
  say(context, `Copied ${found.length === 1 ? "the clip" : `${found.length} clips`}.`);
  return true;
}

function paste(context: CommandContext, how: "insert" | "overwrite"): void {
  const { clipboard } = context.editUi.getState();
  const document = documentOf(context);
  const clips = clipboard.flatMap(({ track, kind, offset, clip }) => {
    const target =
      document.tracks.find(({ id, locked }) => id === track && !locked) ??
      document.tracks.find((each) => each.kind === kind && !each.locked);
    return target === undefined ? [] : [{ track: target.id, offset, clip: { copy: clip } }];
  });
  if (clips.length === 0) return say(context, "There is nothing to paste.");
  const at = context.transport.time;
  const known = new Set(
    document.tracks.flatMap(({ children }) => children.map((child) => ("id" in child ? child.id : ""))),
  );
  const result = context.project.perform(how, { at, clips });
  if (!result.ok) return;
  const made = result.value.tracks.flatMap(({ children }) =>
    children.flatMap((child) => (child.kind === "clip" && !known.has(child.id) ? [child.id] : [])),
  );
  context.editUi.setState({ selection: selectionOf(made) });
  const end = Math.max(...clips.map(({ offset, clip }) => offset + clip.copy.sourceRange.duration));
  context.transport.seek(at + end);
  say(context, `Pasted ${clips.length === 1 ? "a clip" : `${clips.length} clips`}.`);
}

export const clipboardCommands = editGroup("Clipboard", [
  {
    id: "clipboard.cut",
    title: "Cut",
    keys: ["Mod+KeyX"],
    when: hasClips,
    run(context) {
      if (!copy(context)) return;
      context.project.perform("remove", { clips: idsOf(selected(context)), companions: linked(context) });
      context.editUi.setState({ selection: { type: "none" } });
    },
  },
  { id: "clipboard.copy", title: "Copy", keys: ["Mod+KeyC"], when: hasClips, run: copy },
  {
    id: "clipboard.paste",
    title: "Paste over",
    keys: ["Mod+KeyV"],
    // Files may have been copied in another program: the browser tells.
    isNative: ({ editUi }) => !editUi.getState().copiedLast,
    run: (context) => paste(context, "overwrite"),
  },
  {
    id: "clipboard.paste-insert",
    title: "Paste and insert",
    keys: ["Mod+Shift+KeyV"],
    run: (context) => paste(context, "insert"),
  },
  {
    id: "clipboard.duplicate",
    title: "Duplicate behind the selected clips",
    keys: ["Mod+Shift+KeyD"],
    when: hasClips,
    run(context) {
      copy(context);
      const end = Math.max(...selected(context).map(({ item }) => item.start + item.clip.sourceRange.duration));
      context.transport.seek(end);
      paste(context, "insert");
    },
  },
  {
    id: "clipboard.attributes",
    title: "Paste attributes",
    keys: ["Mod+Alt+KeyV"],
    when: (context) => hasClips(context) && context.editUi.getState().clipboard.length > 0,
    run(context) {
      const from = context.editUi.getState().clipboard[0]!.clip;
      const clips = idsOf(selected(context)).filter((id) => findClip(documentOf(context), id) !== null);
      const result = context.project.perform("pasteAttributes", { from, clips, attributes: [...pastable] });
      if (result.ok) say(context, `Pasted the attributes of ${from.name}.`);
    },
  },
]);
