/** Files that other programs wrote, and what they read in ours: see README.md beside this for which, and how they were made. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Cue, readSubtitles, writeEdl, writeSrt, writeVtt } from "../../../core/exchange/index.ts";
import { FLICKS_PER_SECOND, FRAME_RATES, frameToFlicks } from "../../../core/time/index.ts";
import { laneOf, type MediaReference, mediaRange } from "../../../core/timeline/index.ts";
import { Film } from "../films.ts";

const text = (name: string): string => readFileSync(join(import.meta.dirname, name), "utf8");

const inFlicks = (seconds: number): number => Math.round(seconds * FLICKS_PER_SECOND);

const CUES: Cue[] = (
  [
    [0, 1.5, "The first words"],
    [1.5, 3.04, "– A dash, and a second line\n– said by another"],
    [4.001, 4.999, "Salt & pepper: 3 < 4, 5 > 2"],
    [59.96, 61, "2001"],
    [61, 63.2, "Ünïcödé, 日本語, “quotes”, emoji 🎬"],
    [3599.5, 3601.25, "Over the hour"],
    [36_000, 36_001, "Ten hours on, {braces} and \\ backslash"],
  ] as const
).map(([start, end, words]) => ({
  start: inFlicks(start),
  end: inFlicks(end),
  text: words,
}));

it("what these programs read is what is still written", () => {
  expect(writeSrt(CUES)).toBe(text("ours.srt"));
  expect(writeVtt(CUES)).toBe(text("ours.vtt"));
  expect(writeEdl(cut().document).text).toBe(text("ours.edl"));
});

it.each(["gaupol-from-srt.srt", "gaupol-from-srt.vtt", "gaupol-from-vtt.srt", "gaupol-from-vtt.vtt"])(
  "Gaupol read our subtitles, and we read what it wrote of them: %s",
  (name) => {
    expect(readSubtitles(text(name))).toEqual(CUES);
  },
);

it("Kdenlive read our subtitles, put them on its frames, and we read what it exported", () => {
  const frame = FLICKS_PER_SECOND / 25;
  const onFrame = (time: number): number => Math.round(time / frame) * frame;
  const theirs = readSubtitles(text("kdenlive.srt"));
  expect(theirs.map((cue) => cue.text)).toEqual(CUES.map((cue) => cue.text));
  for (const [n, { start, end }] of theirs.entries()) {
    expect([start, end]).toEqual([onFrame(start), onFrame(end)]);
    expect(Math.abs(start - CUES[n]!.start)).toBeLessThan(frame);
    expect(Math.abs(end - CUES[n]!.end)).toBeLessThan(frame);
  }
});

it.each(["gaupol-edited-from-srt.srt", "gaupol-edited-from-vtt.srt"])(
  "subtitles moved and cut in two in Gaupol, one of them empty since: %s",
  (name) => {
    const later = CUES.map((cue) => ({
      ...cue,
      start: cue.start + FLICKS_PER_SECOND / 2,
      end: cue.end + FLICKS_PER_SECOND / 2,
    }));
    const [first, ...others] = later;
    // It gave the second half no words.
    const half = { ...first!, end: first!.start + (first!.end - first!.start) / 2 };
    expect(readSubtitles(text(name))).toEqual([half, ...others]);
  },
);

const RATE = FRAME_RATES["25"];

/** Three cuts of two films, a gap before the last. */
function cut(): Film {
  const media = ["one.mp4", "two.mp4"].map(
    (name): MediaReference => ({
      id: name.replace(".", "-"),
      kind: "video",
      name,
      path: name,
      fingerprint: { bytes: 1, sha256: "ab".repeat(32) },
      availableRange: { start: 0, duration: frameToFlicks(250, RATE) },
      rate: RATE,
      size: { width: 160, height: 90 },
      audio: null,
      record: null,
    }),
  );
  return new Film(media, { rate: RATE, width: 160, height: 90 })
    .put("V1", "one.mp4", { from: 30, count: 20 })
    .put("V1", "two.mp4", { at: 20, from: 0, count: 31 })
    .put("V1", "one.mp4", { at: 75, from: 100, count: 50 });
}

it("OpenShot reads our EDL: each clip where it is, and of its film the same seconds", () => {
  const { clips } = JSON.parse(text("openshot-read.json")) as {
    clips: readonly { name: string; position: number; start: number; end: number }[];
  };
  const { tracks } = cut().document;
  const ours = laneOf(tracks.find(({ name }) => name === "V1")!).placed.map(({ clip, start }) => {
    const { start: from, duration } = mediaRange(clip);
    return { name: clip.name, position: start, start: from, end: from + duration };
  });
  const theirs = clips.map(({ name, position, start, end }) => ({
    name,
    position: inFlicks(position),
    start: inFlicks(start),
    end: inFlicks(end),
  }));
  expect(theirs).toEqual(ours);
});

/** Frames of timecode at 25 a second. */
function frameOf(code: string): number {
  const [hours, minutes, seconds, frames] = code.split(":").map(Number) as [number, number, number, number];
  return 25 * (3600 * hours + 60 * minutes + seconds) + frames;
}

/** The events of an EDL, without their numbers. */
const events = (edl: string) =>
  edl.split(/\r?\n/).flatMap((line) => {
    const [, reel, kind, how, ...times] = /^\d{3} +(\S+) +(\S+) +(\S+) +(\S+) (\S+) (\S+) (\S+)$/.exec(line) ?? [];
    return reel === undefined ? [] : [{ reel, kind, how, frames: times.map(frameOf) }];
  });

it("OpenShot writes the same cuts as we do, but counts frames from 1 and writes what is black", () => {
  const ours = events(text("ours.edl")).map((event) => ({ ...event, reel: "AX" }));
  expect(ours).toHaveLength(3);
  const theirs = events(text("openshot.edl"))
    .filter(({ reel }) => reel !== "BL")
    .map((event) => ({ ...event, frames: event.frames.map((frame) => frame - 1) }));
  expect(theirs).toEqual(ours);
});
