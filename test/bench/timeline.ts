/**
 * What edits cost on large timelines: each kind of edit, made through the history as the window makes it (check of the arguments, the
 * edit, patches both ways), on documents of 2 000 and 20 000 clips on 10 tracks. Told in milliseconds of CPU time, and as a ratio to
 * copying the document, which is what an editor pays that keeps snapshots.
 */
import { newHistory, perform, undo } from "../../core/history/index.ts";
import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { breaches, clipsOf, type EditCall, laneOf, type Timeline, timelineSchema } from "../../core/timeline/index.ts";
import { edited, empty } from "../../core/timeline/testing/sample.ts";
import { cpuSeconds, describeMachine, type Machine } from "./machine.ts";

interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface TimelineResult {
  readonly machine: Machine;
  readonly documents: readonly {
    readonly clips: number;
    readonly tracks: number;
    /** Milliseconds of CPU time. */
    readonly copy: number;
    readonly parse: number;
    readonly edits: Readonly<Record<string, Percentiles>>;
    readonly undo: Percentiles;
    /** Of all edits: the slowest p95, and the same over the time of one copy. */
    readonly slowestP95: number;
    readonly slowestP95OverCopy: number;
  }[];
}

const TRACKS = 10;

/**
 * Five sound and five picture tracks with clips of one to three seconds, a gap before every tenth, linked in pairs; one in four moves.
 * @param films media of `from` with picture and sound, at least 4.5 s long, used in turn
 */
export function largeTimeline(clips: number, from: Timeline = empty(), films: readonly string[] = ["film"]): Timeline {
  let document = from;
  for (const kind of ["audio", "video"] as const)
    while (document.tracks.filter((track) => track.kind === kind).length < TRACKS / 2)
      document = edited(document, "addTrack", { kind });
  const sound = document.tracks.filter(({ kind }) => kind === "audio");
  const picture = document.tracks.filter(({ kind }) => kind === "video");
  const perTrack = clips / TRACKS;
  for (const [n, { id }] of picture.entries()) {
    let at = 0;
    for (let i = 0; i < perTrack; i += 200) {
      const placed = Array.from({ length: Math.min(200, perTrack - i) }, (_, k) => {
        const duration = FLICKS_PER_SECOND * (1 + ((i + k + n) % 3));
        const offset = at + ((i + k) % 10 === 9 ? FLICKS_PER_SECOND : 0);
        at = offset + duration;
        const media = films[(i + k + n) % films.length]!;
        return { offset, clip: { media, sourceRange: { start: FLICKS_PER_SECOND, duration } } };
      });
      const on = (track: string) => placed.map((each) => ({ ...each, track }));
      document = edited(document, "overwrite", { at: 0, link: false, clips: [...on(id), ...on(sound[n]!.id)] });
    }
  }
  return bonds(document);
}

/** Links each picture with its sound and lets every fourth clip move: put in directly, since thousands of edits would take minutes. */
function bonds(document: Timeline): Timeline {
  const moving = {
    keyframes: [0, 1].map((value) => ({ time: value * 1000, value, easing: { type: "linear" as const } })),
  };
  const pictures = document.tracks.filter(({ kind }) => kind === "video").map(({ id }) => id);
  const sounds = document.tracks.filter(({ kind }) => kind === "audio").map(({ id }) => id);
  const tracks = document.tracks.map((track) => {
    const lane = Math.max(pictures.indexOf(track.id), sounds.indexOf(track.id));
    let n = 0;
    const children = track.children.map((child) => {
      if (child.kind !== "clip") return child;
      n++;
      return { ...child, link: `pair${lane}-${n}`, parameters: n % 4 === 0 ? { opacity: moving } : {} };
    });
    return { ...track, children };
  });
  return { ...document, tracks };
}

/** Edits near the front of the timeline, where most has to move. */
export function sampleEdits(document: Timeline, media = "film"): EditCall[] {
  const track = document.tracks.find(({ kind }) => kind === "video")!;
  const { placed } = laneOf(track);
  const [first, second, third] = placed.slice(3).map(({ clip }) => clip.id) as [string, string, string];
  const at = placed[3]!.start + FLICKS_PER_SECOND / 2;
  const half = FLICKS_PER_SECOND / 4;
  const clips = [{ track: track.id, clip: { media, sourceRange: { start: 0, duration: FLICKS_PER_SECOND } } }];
  return [
    { name: "insert", arguments: { at, clips } },
    { name: "overwrite", arguments: { at, clips } },
    { name: "append", arguments: { clips } },
    { name: "split", arguments: { at } },
    { name: "trim", arguments: { clip: first, edge: "start", by: half } },
    { name: "rippleTrim", arguments: { clip: first, edge: "end", by: -half } },
    { name: "rippleDelete", arguments: { clips: [first] } },
    { name: "remove", arguments: { clips: [second] } },
    { name: "roll", arguments: { left: first, right: second, by: half } },
    { name: "slip", arguments: { clip: second, by: half } },
    { name: "slide", arguments: { clip: second, by: half } },
    { name: "move", arguments: { clips: [third], by: half } },
    { name: "setParameter", arguments: { clips: [first], parameter: "opacity", value: 0.5 } },
    { name: "setKeyframe", arguments: { clip: first, parameter: "scaleX", time: 0, value: 1.5 } },
    { name: "setSpeed", arguments: { clip: first, speed: 2, ripple: true } },
    { name: "addTransition", arguments: { clip: first, edge: "end", type: "dissolve", duration: half } },
    { name: "setTrack", arguments: { track: track.id, muted: true } },
    { name: "addMarker", arguments: { markedRange: { start: at, duration: 0 } } },
  ];
}

function measured(runs: number, work: () => void): Percentiles {
  const times = Array.from({ length: runs }, () => {
    const before = cpuSeconds();
    work();
    return (cpuSeconds() - before) * 1000;
  }).sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(runs - 1, Math.floor(runs * share))]!;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

export function benchTimeline(say: (line: string) => void, { runs = 40 } = {}): TimelineResult {
  const documents = [2000, 20_000].map((clips) => {
    const document = largeTimeline(clips);
    if ([...clipsOf(document)].length !== clips || breaches(document).length > 0)
      throw new Error("The document is not sound.");
    const text = JSON.stringify(document);
    const copy = measured(10, () => structuredClone(document)).p50;
    const parse = measured(5, () => timelineSchema.parse(JSON.parse(text))).p50;
    say(`${clips} clips on ${TRACKS} tracks, ${(text.length / 1e6).toFixed(1)} MB as JSON`);
    say(`  copying it: ${copy.toFixed(1)} ms; reading and checking it: ${parse.toFixed(0)} ms (CPU time)`);
    const history = newHistory(document);
    const times: Record<string, Percentiles> = {};
    let done = history;
    for (const call of sampleEdits(document)) {
      const once = perform(history, call);
      if (!once.ok) throw new Error(`${call.name}: ${once.error.message}`);
      done = once.value;
      times[call.name] = measured(runs, () => void perform(history, call));
      const { p50, p95, max } = times[call.name]!;
      say(
        `  ${call.name.padEnd(14)} p50 ${p50.toFixed(2)} ms, p95 ${p95.toFixed(2)}, max ${max.toFixed(2)}, ${(p50 / copy).toFixed(3)} copies`,
      );
    }
    const back = measured(runs, () => void undo(done));
    const slowestP95 = Math.max(...Object.values(times).map(({ p95 }) => p95));
    say(
      `  undo p50 ${back.p50.toFixed(2)} ms; slowest p95 of all edits ${slowestP95.toFixed(2)} ms (promise: under 8 ms)`,
    );
    return {
      clips,
      tracks: TRACKS,
      copy,
      parse,
      edits: times,
      undo: back,
      slowestP95,
      slowestP95OverCopy: slowestP95 / copy,
    };
  });
  return { machine: describeMachine(), documents };
}
