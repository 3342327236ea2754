import type { z } from "zod";
import { findClip } from "../companions.ts";
import { refuse, type Result } from "../result.ts";
import type { Timeline } from "../schema.ts";
import { findMedia } from "../source.ts";
import * as clip from "./clip.ts";
import * as link from "./link.ts";
import * as marker from "./marker.ts";
import * as media from "./media.ts";
import * as move from "./move.ts";
import * as parameter from "./parameter.ts";
import * as place from "./place.ts";
import * as reframe from "./reframe.ts";
import * as remove from "./remove.ts";
import * as roll from "./roll.ts";
import * as settings from "./settings.ts";
import * as slide from "./slide.ts";
import * as slip from "./slip.ts";
import * as speed from "./speed.ts";
import * as split from "./split.ts";
import * as subject from "./subject.ts";
import * as subtitles from "./subtitles.ts";
import * as take from "./take.ts";
import * as track from "./track.ts";
import * as transition from "./transition.ts";
import * as trim from "./trim.ts";

interface Edit<Schema extends z.ZodType> {
  readonly arguments: Schema;
  readonly apply: (document: Timeline, args: z.output<Schema>) => Result<Timeline>;
  /** What the history says: “Trim”. The names of clips are added by `labelOf`. */
  readonly label: string;
  /** Made by the machine, not by a person: never enters the history. */
  readonly machine: boolean;
}

const edit = <Schema extends z.ZodType>(
  label: string,
  schema: Schema,
  apply: (document: Timeline, args: z.output<Schema>) => Result<Timeline>,
): Edit<Schema> => ({ arguments: schema, apply, label, machine: false });

const machine = <Schema extends z.ZodType>(
  schema: Schema,
  apply: (document: Timeline, args: z.output<Schema>) => Result<Timeline>,
): Edit<Schema> => ({ arguments: schema, apply, label: "", machine: true });

/** Every way in which a document can change, by the name under which it travels, is written to the journal and shown in the palette. */
export const edits = {
  insert: edit("Insert", place.insertArguments, place.insert),
  overwrite: edit("Overwrite", place.overwriteArguments, place.overwrite),
  append: edit("Append", place.appendArguments, place.append),
  split: edit("Split", split.splitArguments, split.split),
  join: edit("Join", split.joinArguments, split.join),
  trim: edit("Trim", trim.trimArguments, trim.trim),
  rippleTrim: edit("Ripple trim", trim.rippleTrimArguments, trim.rippleTrim),
  remove: edit("Delete", remove.removeArguments, remove.remove),
  rippleDelete: edit("Ripple delete", remove.rippleDeleteArguments, remove.rippleDelete),
  closeGap: edit("Close gap", remove.closeGapArguments, remove.closeGap),
  roll: edit("Roll", roll.rollArguments, roll.roll),
  slip: edit("Slip", slip.slipArguments, slip.slip),
  slide: edit("Slide", slide.slideArguments, slide.slide),
  move: edit("Move", move.moveArguments, move.move),
  link: edit("Link", link.bondArguments, link.link),
  unlink: edit("Unlink", link.bondArguments, link.unlink),
  group: edit("Group", link.bondArguments, link.group),
  ungroup: edit("Ungroup", link.bondArguments, link.ungroup),
  addTransition: edit("Add transition", transition.addTransitionArguments, transition.addTransition),
  setTransition: edit("Change transition", transition.setTransitionArguments, transition.setTransition),
  removeTransition: edit("Delete transition", transition.removeTransitionArguments, transition.removeTransition),
  setParameter: edit("Set value", parameter.setParameterArguments, parameter.setParameter),
  setParameters: edit("Set values", parameter.setParametersArguments, parameter.setParameters),
  setKeyframe: edit("Set keyframe", parameter.setKeyframeArguments, parameter.setKeyframe),
  removeKeyframe: edit("Delete keyframe", parameter.removeKeyframeArguments, parameter.removeKeyframe),
  resetParameter: edit("Reset", parameter.resetParameterArguments, parameter.resetParameter),
  reframe: edit("Reframe", reframe.reframeArguments, reframe.reframe),
  setSpeed: edit("Change speed", speed.setSpeedArguments, speed.setSpeed),
  reverse: edit("Reverse", speed.reverseArguments, speed.reverse),
  setClip: edit("Change clip", clip.setClipArguments, clip.setClip),
  setSubject: edit("Change subject", subject.setSubjectArguments, subject.setSubject),
  setText: edit("Change text", clip.setTextArguments, clip.setText),
  pasteAttributes: edit("Paste attributes", clip.pasteAttributesArguments, clip.pasteAttributes),
  replaceMedia: edit("Replace media", media.replaceMediaArguments, media.replaceMedia),
  removeMedia: edit("Remove media", media.removeMediaArguments, media.removeMedia),
  addTake: edit("Add take", take.addTakeArguments, take.addTake),
  switchTake: edit("Switch take", take.switchTakeArguments, take.switchTake),
  removeTake: edit("Delete take", take.removeTakeArguments, take.removeTake),
  addTrack: edit("Add track", track.addTrackArguments, track.addTrack),
  removeTrack: edit("Delete track", track.removeTrackArguments, track.removeTrack),
  moveTrack: edit("Reorder tracks", track.moveTrackArguments, track.moveTrack),
  setTrack: edit("Change track", track.setTrackArguments, track.setTrack),
  setTrackParameter: edit("Mix track", track.setTrackParameterArguments, track.setTrackParameter),
  setTrackKeyframe: edit("Set keyframe", track.setTrackKeyframeArguments, track.setTrackKeyframe),
  removeTrackKeyframe: edit("Delete keyframe", track.removeTrackKeyframeArguments, track.removeTrackKeyframe),
  addMarker: edit("Add marker", marker.addMarkerArguments, marker.addMarker),
  addMarkers: edit("Mark", marker.addMarkersArguments, marker.addMarkers),
  setMarker: edit("Change marker", marker.setMarkerArguments, marker.setMarker),
  removeMarker: edit("Delete marker", marker.removeMarkerArguments, marker.removeMarker),
  addSubtitles: edit("Import subtitles", subtitles.addSubtitlesArguments, subtitles.addSubtitles),
  setSettings: edit("Change settings", settings.setSettingsArguments, settings.setSettings),
  addMedia: machine(media.addMediaArguments, media.addMedia),
  settleJob: machine(take.settleJobArguments, take.settleJob),
} as const;

export type EditName = keyof typeof edits;
export type EditArguments<N extends EditName> = z.input<(typeof edits)[N]["arguments"]>;
/** An edit as data: what travels over the contract. */
export type EditCall = { [N in EditName]: { readonly name: N; readonly arguments: EditArguments<N> } }[EditName];

/** Runs an edit that came as data. Never throws for bad input. Errors: BAD_ARGUMENT, and those of the edit. */
export function applyEdit(
  document: Timeline,
  call: { readonly name: string; readonly arguments: unknown },
): Result<Timeline> {
  if (!Object.hasOwn(edits, call.name)) return refuse("BAD_ARGUMENT", "There is no such edit.");
  const { arguments: schema, apply } = edits[call.name as EditName] as Edit<z.ZodType>;
  const parsed = schema.safeParse(call.arguments);
  if (parsed.success) return apply(document, parsed.data);
  const sentence = parsed.error.issues[0]?.message ?? "";
  // Our schemas' own sentences say what to do; the validator's only what is wrong.
  const ours = /^[A-Z“].*\.$/.test(sentence) && !/^(Invalid|Unrecognized|Too|Expected)\b/.test(sentence);
  return refuse("BAD_ARGUMENT", ours ? sentence : `This ${call.name} does not make sense: check its arguments.`);
}

/** “Trim ‘rain’”: the label of an edit with what it was done to. */
export function labelOf(document: Timeline, call: { readonly name: string; readonly arguments: unknown }): string {
  const known = Object.hasOwn(edits, call.name) ? edits[call.name as EditName].label : call.name;
  const args = call.arguments as {
    readonly clip?: unknown;
    readonly clips?: unknown;
    readonly changes?: readonly { readonly clip?: unknown }[];
  };
  const all = [
    args.clip,
    ...(Array.isArray(args.clips) ? (args.clips as unknown[]) : []),
    ...(Array.isArray(args.changes) ? args.changes.map((change) => change.clip) : []),
  ];
  const ids = [...new Set(all)].filter((id) => typeof id === "string");
  const label = PLACING.has(call.name) ? (placingLabel(all) ?? known) : known;
  // A film's picture and sound are one thing to whoever puts them there.
  const names =
    ids.length > 0 ? ids.map((id) => findClip(document, id)?.name) : [...new Set(placedNames(document, all))];
  const [name] = names;
  if (names.length === 1 && name !== undefined && name !== "") return `${label} ‘${name.slice(0, 40)}’`;
  return names.length > 1 ? `${label} ${names.length} clips` : label;
}

const PLACING: ReadonlySet<string> = new Set(["insert", "overwrite", "append"]);

/** What putting these clips on the timeline is to whoever does it; null where they are nothing but media, or of several kinds. */
function placingLabel(placements: readonly unknown[]): string | null {
  const drafts = placements.flatMap((placement) => (placement as { readonly clip?: unknown } | undefined)?.clip ?? []);
  const are = (field: string): boolean =>
    drafts.length > 0 && drafts.every((draft) => typeof draft === "object" && field in draft);
  if (are("text")) return "Add title";
  if (are("copy")) return "Copy";
  return are("job") ? "Generate" : null;
}

/** What new clips will be called. */
function placedNames(document: Timeline, placements: readonly unknown[]): (string | undefined)[] {
  return placements.flatMap((placement) => {
    const draft = (placement as { readonly clip?: unknown } | null)?.clip as
      | { name?: unknown; media?: unknown; text?: { text?: unknown }; copy?: { name?: unknown } }
      | undefined;
    if (typeof draft !== "object" || draft === null) return [];
    const media = typeof draft.media === "string" ? findMedia(document, draft.media)?.name : undefined;
    const name = draft.name ?? media ?? draft.copy?.name ?? draft.text?.text;
    return typeof name === "string" ? [name.split("\n")[0]] : [undefined];
  });
}

export * from "./clip.ts";
export * from "./link.ts";
export * from "./marker.ts";
export * from "./media.ts";
export * from "./move.ts";
export * from "./parameter.ts";
export * from "./place.ts";
export * from "./reframe.ts";
export * from "./remove.ts";
export * from "./roll.ts";
export * from "./settings.ts";
export * from "./slide.ts";
export * from "./slip.ts";
export * from "./speed.ts";
export * from "./split.ts";
export * from "./subject.ts";
export * from "./take.ts";
export * from "./track.ts";
export * from "./transition.ts";
export * from "./trim.ts";
export { type ClipDraft, defaultTextStyle } from "./make-clip.ts";
export { NEW_TRACK } from "./new-track.ts";
