import { type Track, type TrackKind, valueIn } from "../../../core/timeline/index.ts";
import { FLICKS_PER_SECOND, type Flicks } from "../../../core/time/index.ts";
import { layoutOf, MAX_HEIGHT, MIN_HEIGHT, shiftedIndex } from "../../timeline/geometry.ts";
import type { CommandContext } from "../command.ts";
import { documentOf, editGroup, say, seek, selected } from "./helpers.ts";

/** The track that a command means: the selected one, that of the selected clip, or the first picture track. */
export function meantTrack(context: CommandContext): Track | null {
  const { selection } = context.editUi.getState();
  const { tracks } = documentOf(context);
  const id =
    selection.type === "track"
      ? selection.id
      : selection.type === "gap"
        ? selection.track
        : selected(context)[0]?.track.id;
  return tracks.find((track) => track.id === id) ?? tracks.find(({ kind }) => kind === "video") ?? null;
}

const onTrack =
  (work: (context: CommandContext, track: Track) => void) =>
  (context: CommandContext): void => {
    const track = meantTrack(context);
    if (track !== null) work(context, track);
  };

const toggle = (key: "locked" | "muted" | "solo", on: string, off: string) =>
  onTrack((context, track) => {
    context.project.perform("setTrack", { track: track.id, [key]: !track[key] });
    say(context, `${track.name} ${track[key] ? off : on}.`);
  });

export function addTrack(context: CommandContext, kind: TrackKind): void {
  const before = new Set(documentOf(context).tracks.map(({ id }) => id));
  const result = context.project.perform("addTrack", { kind });
  if (result.ok) say(context, `Track ${result.value.tracks.find(({ id }) => !before.has(id))?.name ?? ""} added.`);
}

function reorder(context: CommandContext, track: Track, direction: -1 | 1): void {
  const to = shiftedIndex(documentOf(context).tracks, track.id, direction);
  if (to === null) return say(context, `${track.name} cannot go further that way.`);
  context.project.perform("moveTrack", { track: track.id, to });
  say(context, `${track.name} moved ${direction === -1 ? "up" : "down"}.`);
}

function resize(context: CommandContext, track: Track, by: number): void {
  const { trackHeights } = context.editUi.getState();
  const row = layoutOf(documentOf(context).tracks, trackHeights).rows.find((each) => each.track === track)!;
  const height = Math.min(MAX_HEIGHT, Math.max(MIN_HEIGHT, row.height + by));
  context.editUi.setState({ trackHeights: { ...trackHeights, [track.id]: height } });
}

const ATTACK: Flicks = Math.round(0.15 * FLICKS_PER_SECOND);
const RELEASE: Flicks = Math.round(0.5 * FLICKS_PER_SECOND);

/** Music goes down by 12 dB while anything sounds on the other sound tracks; or no more. */
export function toggleDucking(context: CommandContext, track: Track): void {
  if (track.kind !== "audio") return say(context, "Only sound tracks can be ducked.");
  if (track.ducking !== null) {
    context.project.perform("setTrack", { track: track.id, ducking: null });
    return say(context, `${track.name} keeps its volume.`);
  }
  const under = documentOf(context)
    .tracks.filter((other) => other.kind === "audio" && other.id !== track.id && other.ducking === null)
    .map(({ id }) => id);
  if (under.length === 0) return say(context, "Add another sound track first: there is nothing to duck under.");
  const result = context.project.perform("setTrack", {
    track: track.id,
    ducking: { under, amount: 12, attack: ATTACK, release: RELEASE },
  });
  if (result.ok) say(context, `${track.name} goes down by 12 decibels under the other sounds.`);
}

const volume = (by: number) =>
  onTrack((context, track) => {
    const at = context.transport.time;
    const next = Math.min(24, Math.max(-60, valueIn("volume", track.volume, at) + by));
    context.project.perform("setTrackParameter", { track: track.id, parameter: "volume", value: next, at });
    say(context, `${track.name} ${next} decibels.`);
  });

export const trackCommands = editGroup("Tracks", [
  { id: "track.add-video", title: "Add a picture track", keys: [], run: (context) => addTrack(context, "video") },
  { id: "track.add-audio", title: "Add a sound track", keys: [], run: (context) => addTrack(context, "audio") },
  { id: "track.add-text", title: "Add a text track", keys: [], run: (context) => addTrack(context, "text") },
  {
    id: "track.remove",
    title: "Delete the track",
    keys: [],
    run: onTrack((context, track) => {
      const result = context.project.perform("removeTrack", { track: track.id });
      if (result.ok) say(context, `${track.name} deleted.`);
    }),
  },
  {
    id: "track.up",
    title: "Move the track up",
    keys: [],
    run: onTrack((context, track) => reorder(context, track, -1)),
  },
  {
    id: "track.down",
    title: "Move the track down",
    keys: [],
    run: onTrack((context, track) => reorder(context, track, 1)),
  },
  {
    id: "track.lock",
    title: "Lock or unlock the track",
    keys: ["Shift+KeyL"],
    run: toggle("locked", "locked", "unlocked"),
  },
  {
    id: "track.mute",
    title: "Mute the track",
    keys: ["Shift+KeyM"],
    run: toggle("muted", "muted", "heard and seen again"),
  },
  { id: "track.solo", title: "Solo the track", keys: ["Shift+KeyS"], run: toggle("solo", "solo", "no longer solo") },
  { id: "track.duck", title: "Duck the track under the other sounds", keys: [], run: onTrack(toggleDucking) },
  { id: "track.louder", title: "Track louder", keys: ["Shift+Alt+Equal"], repeats: true, run: volume(1) },
  { id: "track.quieter", title: "Track quieter", keys: ["Shift+Alt+Minus"], repeats: true, run: volume(-1) },
  {
    id: "track.taller",
    title: "Taller track",
    keys: ["Alt+Equal"],
    repeats: true,
    run: onTrack((context, track) => resize(context, track, 12)),
  },
  {
    id: "track.smaller",
    title: "Smaller track",
    keys: ["Alt+Minus"],
    repeats: true,
    run: onTrack((context, track) => resize(context, track, -12)),
  },
]);

const toMarker =
  (direction: 1 | -1) =>
  (context: CommandContext): void => {
    const { time } = context.transport;
    const times = documentOf(context).markers.map(({ markedRange }) => markedRange.start);
    const next = direction === 1 ? times.find((each) => each > time) : times.findLast((each) => each < time);
    if (next === undefined) return say(context, "There is no marker that way.");
    seek(context, next);
  };

export const markerCommands = editGroup("Markers", [
  {
    id: "marker.add",
    title: "Add a marker",
    keys: ["KeyM"],
    run(context) {
      const { time } = context.transport;
      const there = documentOf(context).markers.find(({ markedRange }) => markedRange.start === time);
      if (there !== undefined) return context.editUi.setState({ selection: { type: "marker", id: there.id } });
      const result = context.project.perform("addMarker", { markedRange: { start: time, duration: 0 } });
      if (result.ok) say(context, "Marker added.");
    },
  },
  { id: "marker.previous", title: "Previous marker", keys: ["Mod+Shift+KeyM"], run: toMarker(-1) },
  { id: "marker.next", title: "Next marker", keys: ["Mod+KeyM"], run: toMarker(1) },
  {
    id: "marker.rename",
    title: "Rename the marker",
    keys: [],
    when: ({ editUi }) => editUi.getState().selection.type === "marker",
    run: ({ editUi }) => editUi.setState({ sheet: "marker" }),
  },
]);
