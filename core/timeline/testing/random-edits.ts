import * as fc from "fast-check";
import { EASINGS, type EditCall, laneOf, NEW_TRACK, parameterNames, type Timeline, transitionTypes } from "../index.ts";
import { frames, sampleMedia } from "./sample.ts";

/** A recipe for an edit: numbers that are turned into an edit of whatever document there is when it is made. */
export type Recipe = readonly number[];

/** Without fast-check's bias to small numbers, which here would mean always the same few edits. */
export const recipes = fc.noBias(
  fc.array(fc.array(fc.nat({ max: 1_000_000 }), { minLength: 10, maxLength: 10 }), { minLength: 1, maxLength: 25 }),
);

/** Edits after which linked clips must keep their distance; the rest bends time or exchanges media. */
export const keepsSync: ReadonlySet<string> = new Set([
  "insert",
  "overwrite",
  "append",
  "split",
  "trim",
  "rippleTrim",
  "remove",
  "rippleDelete",
  "closeGap",
  "roll",
  "slip",
  "slide",
  "move",
]);

/** Turns a recipe into an edit of this document. Many are refused, as are many of a person's. */
export function callOf(document: Timeline, recipe: Recipe): EditCall {
  const numbers = [...recipe];
  const next = (): number => numbers.shift() ?? 0;
  const pick = <T>(values: readonly T[]): T => values[next() % values.length]!;
  const clips = document.tracks.flatMap((track) =>
    laneOf(track).placed.map(({ clip, start }) => ({ clip, start, track })),
  );
  const clip = (): string => (clips.length === 0 ? "none" : pick(clips).clip.id);
  const track = (): string => pick(document.tracks).id;
  const at = (): number => frames(next() % 400) + (next() % 5 === 0 ? next() % 1000 : 0);
  const by = (): number => frames((next() % 61) - 30) + (next() % 5 === 0 ? (next() % 1000) - 500 : 0);
  const linked = next() % 8 !== 0 ? undefined : false;
  const edge = (): "start" | "end" => pick(["start", "end"]);
  const placements = () => {
    const media = pick(sampleMedia);
    const kinds = document.tracks.filter(({ kind }) => kind === (media.size === null ? "audio" : "video"));
    const sound = document.tracks.filter(({ kind }) => kind === "audio");
    const start = (media.availableRange?.start ?? 0) + frames(next() % 24);
    const clipDraft = { media: media.id, sourceRange: { start, duration: frames(1 + (next() % 24)) } };
    const both = media.audio !== null && media.size !== null && sound.length > 0;
    const fresh = media.size === null ? NEW_TRACK.audio : NEW_TRACK.video;
    const picture = { track: kinds.length > 0 && next() % 8 !== 0 ? pick(kinds).id : fresh, clip: clipDraft };
    return { clips: both ? [picture, { track: pick(sound).id, clip: clipDraft }] : [picture] };
  };
  const makers: readonly (() => EditCall)[] = [
    () => ({ name: "insert", arguments: { at: at(), ...placements() } }),
    () => ({ name: "overwrite", arguments: { at: at(), ...placements() } }),
    () => ({ name: "append", arguments: placements() }),
    () => ({ name: "append", arguments: placements() }),
    () => ({ name: "split", arguments: { at: at(), linked } }),
    () => ({ name: "split", arguments: { clips: [clip()], at: at(), linked } }),
    () => ({ name: "trim", arguments: { clip: clip(), edge: edge(), by: by(), linked } }),
    () => ({ name: "rippleTrim", arguments: { clip: clip(), edge: edge(), by: by(), linked } }),
    () => ({ name: "remove", arguments: { clips: [clip()] } }),
    () => ({ name: "rippleDelete", arguments: { clips: [clip(), clip()].slice(next() % 2) } }),
    () => {
      const behind = clips.filter(({ start, clip: { id }, track: { children } }) => {
        const i = children.findIndex((child) => child.kind === "clip" && child.id === id);
        return start > 0 && children[i - 1]?.kind === "gap";
      });
      const chosen = behind.length === 0 ? null : pick(behind);
      return { name: "closeGap", arguments: { track: chosen?.track.id ?? "none", at: (chosen?.start ?? 1) - 1 } };
    },
    () => {
      const meeting = clips.filter(({ track: t }, i) => clips[i + 1]?.track === t);
      const i = meeting.length === 0 ? -1 : clips.indexOf(pick(meeting));
      const [left, right] = [clips[i]?.clip.id ?? "none", clips[i + 1]?.clip.id ?? "none"];
      return { name: "roll", arguments: { left, right, by: by(), linked } };
    },
    () => ({ name: "slip", arguments: { clip: clip(), by: by(), linked } }),
    () => ({ name: "slide", arguments: { clip: clip(), by: by(), linked } }),
    () => {
      const id = clip();
      const other = pick([...document.tracks.map((each) => each.id), ...Object.values(NEW_TRACK)]);
      return {
        name: "move",
        arguments: { clips: [id], by: by(), ...(next() % 2 === 0 ? { tracks: { [id]: other } } : {}) },
      };
    },
    () => ({ name: "link", arguments: { clips: [clip(), clip()] } }),
    () => ({ name: "unlink", arguments: { clips: [clip()] } }),
    () => ({ name: "group", arguments: { clips: [clip(), clip()] } }),
    () => ({ name: "ungroup", arguments: { clips: [clip()] } }),
    () => ({
      name: "addTransition",
      arguments: { clip: clip(), edge: edge(), type: pick(transitionTypes), duration: frames(1 + (next() % 20)) },
    }),
    () => {
      const all = document.tracks.flatMap(({ children }) => children.filter((child) => child.kind === "transition"));
      const transition = all.length === 0 ? "none" : pick(all).id;
      return {
        name: "setTransition",
        arguments: { transition, inOffset: frames(next() % 20), outOffset: frames(next() % 20) },
      };
    },
    () => ({
      name: "setParameter",
      arguments: { clips: [clip()], parameter: pick(parameterNames), value: (next() % 100) / 50 },
    }),
    () => ({
      name: "setKeyframe",
      arguments: {
        clip: clip(),
        parameter: pick(parameterNames),
        time: frames(next() % 40),
        value: (next() % 100) / 50,
        easing: pick(Object.values(EASINGS)),
      },
    }),
    () => ({
      name: "setTrackKeyframe",
      arguments: {
        track: track(),
        parameter: pick(["volume", "pan"] as const),
        time: frames(next() % 200),
        value: (next() % 100) / 50,
      },
    }),
    () => ({
      name: "setSpeed",
      arguments: { clip: clip(), speed: (1 + (next() % 40)) / 10, ripple: next() % 2 === 0 },
    }),
    () => ({ name: "reverse", arguments: { clip: clip() } }),
    () => ({ name: "replaceMedia", arguments: { clip: clip(), media: pick(sampleMedia).id } }),
    () => ({ name: "addTake", arguments: { clip: clip(), media: pick(sampleMedia).id } }),
    () => {
      const id = clip();
      const content = clips.find((each) => each.clip.id === id)?.clip.content;
      const takes = content?.type === "media" ? content.takes : [];
      return { name: "switchTake", arguments: { clip: id, take: takes.length === 0 ? "none" : pick(takes).id } };
    },
    () => ({ name: "addTrack", arguments: { kind: pick(["video", "audio", "text"] as const), at: next() % 8 } }),
    () => ({ name: "removeTrack", arguments: { track: document.tracks.length > 5 ? track() : "none" } }),
    () => ({ name: "moveTrack", arguments: { track: track(), to: next() % 6 } }),
    () => ({ name: "setTrack", arguments: { track: track(), locked: next() % 8 === 0, muted: next() % 2 === 0 } }),
    () => ({
      name: "addMarker",
      arguments: { ...(next() % 2 ? { clip: clip() } : {}), markedRange: { start: at(), duration: 0 } },
    }),
    () => ({ name: "setClip", arguments: { clips: [clip()], fadeIn: frames(next() % 30), blend: "screen" } }),
  ];
  return pick(makers)();
}
