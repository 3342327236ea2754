import { type Flicks, frameDuration, type Rate } from "../../time/index.ts";
import {
  addTransition,
  append,
  applyEdit,
  type EditArguments,
  type EditName,
  laneOf,
  type MediaReference,
  newTimeline,
  type Result,
  type Timeline,
} from "../index.ts";

/** One frame of the sample timeline, which runs at 24 frames a second. */
export const FRAME: Flicks = frameDuration({ numerator: 24, denominator: 1 });
export const frames = (count: number): Flicks => count * FRAME;

/** The value of an outcome that must be one. */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

export const code = (result: Result<unknown>): string => (result.ok ? "ok" : result.error.code);

/** Makes an edit that must succeed. */
export const edited = <N extends EditName>(document: Timeline, name: N, args: EditArguments<N>): Timeline =>
  must(applyEdit(document, { name, arguments: args }));

const reference = (id: string, more: Partial<MediaReference>): MediaReference => ({
  id,
  kind: "video",
  name: id,
  path: `media/${id}`,
  fingerprint: { bytes: 1000, sha256: "ab".repeat(32) },
  availableRange: { start: 0, duration: frames(240) },
  rate: { numerator: 24, denominator: 1 } satisfies Rate,
  size: { width: 1920, height: 1080 },
  audio: null,
  record: null,
  ...more,
});

/** Ten seconds with sound, two seconds without, a minute and a half of music, a still. */
export const sampleMedia: readonly MediaReference[] = [
  reference("film", { audio: { channels: 2, sampleRate: 48_000 } }),
  reference("short", { availableRange: { start: frames(5), duration: frames(48) }, size: { width: 512, height: 320 } }),
  reference("song", {
    kind: "audio",
    availableRange: { start: 0, duration: frames(2160) },
    rate: null,
    size: null,
    audio: { channels: 2, sampleRate: 44_100 },
  }),
  reference("still", { kind: "image", availableRange: null, rate: null }),
];

/** An empty timeline with the sample media: tracks A1, A2, V1, V2, T1 by those names. */
export const empty = (): Timeline => edited(newTimeline("Sample"), "addMedia", { media: [...sampleMedia] });

export function trackId(document: Timeline, name: string): string {
  const track = document.tracks.find((each) => each.name === name);
  if (track === undefined) throw new Error(`There is no track ${name}.`);
  return track.id;
}

/** Id of the clip with this name. */
export function clipId(document: Timeline, name: string): string {
  for (const track of document.tracks)
    for (const { clip } of laneOf(track).placed) if (clip.name === name) return clip.id;
  throw new Error(`There is no clip ${name}.`);
}

/** Appends a clip of the media from frame `from` for `count` frames. */
export function add(
  document: Timeline,
  track: string,
  name: string,
  media: string,
  from: number,
  count: number,
): Timeline {
  const sourceRange = { start: frames(from), duration: frames(count) };
  return must(append(document, { clips: [{ track: trackId(document, track), clip: { media, name, sourceRange } }] }));
}

/** V1 holds a, b, c of 48 frames each out of the middle of the film, without gaps. */
export const threeClips = (): Timeline =>
  add(add(add(empty(), "V1", "a", "film", 48, 48), "V1", "b", "film", 96, 48), "V1", "c", "film", 144, 48);

/** Picture and sound of the film, linked, twice after each other: v1/a1 and v2/a2 of 48 frames, and music under all on A2. */
export function linkedPairs(): Timeline {
  let document = add(empty(), "A2", "music", "song", 0, 480);
  for (const n of [1, 2]) {
    const sourceRange = { start: frames(48 * n), duration: frames(48) };
    document = must(
      append(document, {
        clips: [
          { track: trackId(document, "V1"), clip: { media: "film", name: `v${n}`, sourceRange } },
          { track: trackId(document, "A1"), clip: { media: "film", name: `a${n}`, sourceRange } },
        ],
      }),
    );
  }
  return document;
}

/** a and b with a dissolve of 12 frames centred on their cut. */
export function dissolved(): Timeline {
  const document = threeClips();
  const args = { clip: clipId(document, "a"), edge: "end", type: "dissolve", duration: frames(12) } as const;
  return must(addTransition(document, args));
}

/** A track in words, times in frames: `a 0+48@48, gap 12, b 60+36@96` is name, start + duration @ source start. */
export function show(document: Timeline, trackName: string): string {
  const track = document.tracks.find(({ name }) => name === trackName)!;
  let start = 0;
  return track.children
    .map((child) => {
      if (child.kind === "transition") return `${child.type} ${child.inOffset / FRAME}|${child.outOffset / FRAME}`;
      const duration = child.kind === "gap" ? child.duration : child.sourceRange.duration;
      const at = start;
      start += duration;
      if (child.kind === "gap") return `gap ${duration / FRAME}`;
      return `${child.name} ${at / FRAME}+${duration / FRAME}@${child.sourceRange.start / FRAME}`;
    })
    .join(", ");
}
