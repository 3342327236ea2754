import { clipsOf, endOfPlaced, laneOf } from "../../../core/timeline/index.ts";
import { clipsFrom, selectionOf, withBonds } from "../../timeline/selection.ts";
import { findGap } from "../../timeline/hit.ts";
import type { CommandContext } from "../command.ts";
import {
  documentOf,
  editGroup,
  hasClips,
  idsOf,
  linked,
  oneClip,
  reveal,
  say,
  selected,
  underPlayhead,
} from "./helpers.ts";

const plural = (count: number, what: string) => (count === 1 ? what : `${count} ${what}s`);

/** Whatever is selected goes: clips, a transition, a marker, or the gap. */
function deleteSelected(context: CommandContext, ripple: boolean): void {
  const { project, editUi } = context;
  const { selection } = editUi.getState();
  const companions = linked(context);
  if (selection.type === "clips") {
    const ids = idsOf(selected(context));
    if (ids.length === 0) return;
    const result = project.perform(ripple ? "rippleDelete" : "remove", { clips: ids, companions });
    if (result.ok) say(context, `Deleted ${plural(ids.length, "clip")}.`);
    else return;
  } else if (selection.type === "transition") project.perform("removeTransition", { transition: selection.id });
  else if (selection.type === "marker") project.perform("removeMarker", { marker: selection.id });
  else if (selection.type === "gap") project.perform("closeGap", { track: selection.track, at: selection.start });
  editUi.setState({ selection: { type: "none" } });
}

const canDelete = ({ editUi }: CommandContext): boolean =>
  !["none", "track", "cut"].includes(editUi.getState().selection.type);

function split(context: CommandContext, all: boolean): void {
  const at = context.transport.time;
  const clips = all ? undefined : idsOf(underPlayhead(context));
  if (clips?.length === 0) return say(context, "There is no clip under the playhead.");
  const args = clips === undefined ? { at } : { at, clips };
  const result = context.project.perform("split", { ...args, linked: linked(context) });
  if (result.ok) say(context, "Split.");
}

/** The next or previous clip on the track of the selected one (the playhead's, where none is). */
const neighbour = (direction: 1 | -1) => (context: CommandContext) => {
  const document = documentOf(context);
  const from = oneClip(context);
  const track = from?.track ?? document.tracks.find((each) => laneOf(each).placed.length > 0);
  if (track === undefined) return;
  const { placed, index } = laneOf(track);
  const at = from === null ? -1 : index.get(from.item.clip.id)!;
  const next = placed[from === null ? 0 : at + direction];
  if (next === undefined) return;
  const ids = withBonds(document, [next.clip.id], linked(context));
  context.editUi.setState({ selection: selectionOf(ids) });
  reveal(context, next.start);
  say(context, `${next.clip.name} selected.`);
};

export const clipCommands = editGroup("Clips", [
  {
    id: "clip.split",
    title: "Split at playhead",
    keys: ["Mod+KeyK"],
    presets: { resolve: ["Mod+KeyB"], fcp: ["Mod+KeyB"] },
    run: (context) => split(context, false),
  },
  {
    id: "clip.split-all",
    title: "Split all at playhead",
    keys: ["Mod+Shift+KeyK"],
    presets: { resolve: ["Mod+Shift+KeyB"], fcp: ["Mod+Shift+KeyB"] },
    run: (context) => split(context, true),
  },
  {
    id: "clip.join",
    title: "Join with the next clip",
    keys: ["Alt+KeyJ"],
    when: hasClips,
    run(context) {
      const { track, item } = selected(context)[0]!;
      const next = laneOf(track).placed[laneOf(track).index.get(item.clip.id)! + 1];
      if (next === undefined) return say(context, "No clip follows.");
      const result = context.project.perform("join", { left: item.clip.id, right: next.clip.id });
      if (result.ok) say(context, "Joined.");
    },
  },
  {
    id: "clip.delete",
    title: "Delete",
    keys: ["Delete", "Backspace"],
    when: canDelete,
    run: (context) => deleteSelected(context, false),
  },
  {
    id: "clip.ripple-delete",
    title: "Ripple delete",
    keys: ["Shift+Delete", "Shift+Backspace"],
    when: canDelete,
    run: (context) => deleteSelected(context, true),
  },
  {
    id: "clip.close-gap",
    title: "Close the gap at the playhead",
    keys: [],
    run(context) {
      const { time } = context.transport;
      const track = gapTrack(context);
      if (track === undefined) return say(context, "There is no gap at the playhead.");
      const result = context.project.perform("closeGap", { track: track.id, at: time });
      if (result.ok) say(context, "Closed the gap.");
    },
  },
  {
    id: "clip.select-gap",
    title: "Select the gap at the playhead",
    keys: ["Alt+KeyG"],
    run(context) {
      const track = gapTrack(context);
      const gap = track && findGap(track, context.transport.time);
      if (track === undefined || gap == null || gap.duration === null)
        return say(context, "There is no gap at the playhead.");
      context.editUi.setState({
        selection: { type: "gap", track: track.id, start: gap.start, duration: gap.duration },
      });
      say(context, `Gap on ${track.name} selected.`);
    },
  },
  {
    id: "clip.enable",
    title: "Enable or disable",
    keys: ["Shift+KeyE"],
    presets: { resolve: ["KeyD"], fcp: ["KeyV"] },
    when: hasClips,
    run(context) {
      const found = selected(context);
      const enabled = !found[0]!.item.clip.enabled;
      context.project.perform("setClip", { clips: idsOf(found), enabled });
      say(context, enabled ? "Enabled." : "Disabled.");
    },
  },
  {
    id: "clip.link",
    title: "Link or unlink clips",
    keys: ["Mod+Shift+KeyU"],
    when: hasClips,
    run: (context) => bond(context, "link"),
  },
  {
    id: "clip.group",
    title: "Group or ungroup clips",
    keys: ["Mod+KeyG"],
    when: hasClips,
    run: (context) => bond(context, "group"),
  },
  {
    id: "clip.reverse",
    title: "Play backwards",
    keys: [],
    when: hasClips,
    run: (context) =>
      void context.project.perform("reverse", { clip: selected(context)[0]!.item.clip.id, linked: linked(context) }),
  },
]);

function gapTrack(context: CommandContext) {
  const { time } = context.transport;
  const open = documentOf(context).tracks.filter(({ locked }) => !locked);
  const hasGap = (track: (typeof open)[number]) => (findGap(track, time)?.duration ?? null) !== null;
  return open.find((track) => track.kind === "video" && hasGap(track)) ?? open.find(hasGap);
}

/** Ends the bond where all of them share it, else makes it. */
function bond(context: CommandContext, kind: "link" | "group"): void {
  const found = selected(context);
  const bonds = new Set(found.map(({ item }) => item.clip[kind]));
  const shared = bonds.size === 1 && !bonds.has(null);
  const clips = idsOf(found);
  const name = shared ? (kind === "link" ? "unlink" : "ungroup") : kind;
  if (!shared && clips.length < 2) return say(context, "Select two clips or more.");
  const result = context.project.perform(name, { clips });
  if (result.ok) say(context, shared ? `The ${kind} is dissolved.` : `${clips.length} clips are one ${kind}.`);
}

export const selectCommands = editGroup("Select", [
  {
    id: "select.all",
    title: "Select all clips",
    keys: ["Mod+KeyA"],
    run(context) {
      const ids = [...clipsOf(documentOf(context))].map(({ id }) => id);
      context.editUi.setState({ selection: selectionOf(ids) });
      say(context, `${plural(ids.length, "clip")} selected.`);
    },
  },
  {
    id: "select.none",
    title: "Select nothing",
    keys: ["Escape", "Mod+Shift+KeyA"],
    run: ({ editUi }) => editUi.setState({ selection: { type: "none" }, source: null }),
  },
  {
    id: "select.playhead",
    title: "Select the clip under the playhead",
    keys: ["KeyD"],
    presets: { resolve: ["Shift+KeyV"], fcp: ["KeyC"] },
    run(context) {
      const { time } = context.transport;
      const document = documentOf(context);
      const hits = document.tracks.flatMap((track) =>
        laneOf(track).placed.filter((item) => item.start <= time && time < endOfPlaced(item)),
      );
      const top = hits.at(-1);
      if (top === undefined) return say(context, "There is no clip under the playhead.");
      context.editUi.setState({ selection: selectionOf(withBonds(document, [top.clip.id], linked(context))) });
      say(context, `${top.clip.name} selected.`);
    },
  },
  {
    id: "select.forward",
    title: "Select everything from the playhead on",
    keys: ["Alt+KeyA"],
    run(context) {
      const open = documentOf(context).tracks.filter(({ locked }) => !locked);
      const ids = clipsFrom(open, context.transport.time);
      context.editUi.setState({ selection: selectionOf(ids) });
      say(context, `${plural(ids.length, "clip")} selected.`);
    },
  },
  { id: "select.next", title: "Select the next clip", keys: ["Mod+ArrowRight"], repeats: true, run: neighbour(1) },
  {
    id: "select.previous",
    title: "Select the previous clip",
    keys: ["Mod+ArrowLeft"],
    repeats: true,
    run: neighbour(-1),
  },
]);
