/**
 * What exporting costs, side by side in one run: (a) a cut-only timeline of H.264 clips with smart rendering against ffmpeg encoding the
 * same; (b) a composited timeline against ffmpeg's own filter graph of it; (c) memory of short and long exports
 * (`--minutes 60`; `--way encoded` or `copied` for one of the two).
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExportSettings, findPreset } from "../../core/export/index.ts";
import { FRAME_RATES, frameToFlicks } from "../../core/time/index.ts";
import type { MediaReference, Timeline } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools } from "../../main/media/index.ts";
import { ExportProcess } from "../../main/studio/export/export-process.ts";
import { stampOf } from "../../main/studio/export/media-files.ts";
import { Film } from "../export/films.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import { cpuSeconds, describeMachine } from "./machine.ts";
import { spread } from "./spread.ts";

const [WIDTH, HEIGHT] = [1920, 1080];
const RATE = FRAME_RATES["24"];
const SIZE = `${WIDTH}x${HEIGHT}`;

interface Cost {
  readonly seconds: number;
  /** Of this process and all that it started; null where the system does not tell. */
  readonly cpu: number | null;
}

/** CPU seconds of children that have ended, from the kernel. */
function childSeconds(): number | null {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return null;
  }
}

async function cost(work: () => unknown): Promise<Cost> {
  const [own, children, start] = [cpuSeconds(), childSeconds(), performance.now()];
  await work();
  const after = childSeconds();
  return {
    seconds: (performance.now() - start) / 1000,
    cpu: children === null || after === null ? null : cpuSeconds() - own + after - children,
  };
}

const ffmpeg = (args: readonly string[]): void =>
  void execFileSync("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args], { stdio: ["ignore", "inherit", "inherit"] });

/** Filmed-looking clips: a fractal that is gone through, with two groups of pictures a second, as cameras write. */
function makeClips(folder: string, count: number, seconds: number, size = SIZE): MediaReference[] {
  return Array.from({ length: count }, (_, n) => {
    const name = `clip${n}.mp4`;
    const source = `testsrc2=s=${size}:r=24:d=${seconds},hue=h=${40 * n},format=yuv420p`;
    const tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"];
    ffmpeg([
      "-f",
      "lavfi",
      "-i",
      source,
      ...tags,
      "-c:v",
      "libx264",
      "-preset",
      "veryfast",
      "-crf",
      "18",
      "-g",
      "12",
      join(folder, name),
    ]);
    const [width, height] = size.split("x").map(Number) as [number, number];
    return {
      id: name.replace(".", "-"),
      kind: "video",
      name,
      path: name,
      fingerprint: { bytes: 1, sha256: "ab".repeat(32) },
      availableRange: { start: 0, duration: frameToFlicks(seconds * 24, RATE) },
      rate: RATE,
      size: { width, height },
      audio: null,
      record: null,
    };
  });
}

const settings = (more: Partial<ExportSettings> = {}): ExportSettings => {
  const { settings: preset } = findPreset("h264")!;
  return { ...preset, audio: null, video: { ...preset.video!, encoder: "software" }, ...more };
};
/** What the preset asks of x264. */
const X264 = [
  "-c:v",
  "libx264",
  "-preset",
  "medium",
  "-crf",
  "18",
  "-g",
  "96",
  "-pix_fmt",
  "yuv420p",
  "-movflags",
  "+faststart",
];

/** @param each seconds of a clip */
async function cutOnly(tools: MediaTools, folder: string, seconds: number, each: number) {
  const media = makeClips(folder, 4, each + 3);
  const film = new Film(media, { width: WIDTH, height: HEIGHT, rate: RATE });
  const cuts = Math.max(2, Math.round(seconds / each));
  const filters: string[] = [];
  for (let n = 0; n < cuts; n++) {
    const from = 7 + 5 * (n % 9);
    film.put("V1", `clip${n % 4}.mp4`, { at: n * each * 24, from, count: each * 24, name: `cut${n}` });
    filters.push(`[${n}:v]trim=start_frame=${from}:end_frame=${from + each * 24},setpts=PTS-STARTPTS[v${n}]`);
  }
  const smart = await cost(() => exportApart(tools, film.document, settings(), folder, "smart.mp4", /were copied/));
  const graph = `${filters.join(";")};${filters.map((_, n) => `[v${n}]`).join("")}concat=n=${cuts}[out]`;
  const inputs = filters.flatMap((_, n) => ["-i", join(folder, `clip${n % 4}.mp4`)]);
  const plain = await cost(() =>
    ffmpeg([...inputs, "-filter_complex", graph, "-map", "[out]", ...X264, join(folder, "plain.mp4")]),
  );
  return { seconds: cuts * each, clipSeconds: each, smart, plain, timesFaster: ratio(plain, smart) };
}

/** By the clock, and by CPU time, which other work on the machine hardly changes. */
function ratio(a: Cost, b: Cost): { readonly clock: number; readonly cpu: number | null } {
  return { clock: a.seconds / b.seconds, cpu: a.cpu === null || b.cpu === null ? null : a.cpu / b.cpu };
}

/** Both in turn, several times: how fast a machine is changes from minute to minute. */
async function composited(tools: MediaTools, folder: string, seconds: number, rounds: number) {
  const media = makeClips(folder, 3, seconds + 2);
  const half = Math.round(seconds * 12);
  const film = new Film(media, { width: WIDTH, height: HEIGHT, rate: RATE, background: "#000000" });
  film
    .put("V1", "clip0.mp4", { from: 24, count: half, name: "a" })
    .put("V1", "clip1.mp4", { at: half, from: 24, count: half, name: "b" });
  film.edit("addTransition", { clip: film.clip("a"), edge: "end", type: "dissolve", duration: film.frames(24) });
  film.put("V2", "clip2.mp4", { count: 2 * half, name: "over" });
  film.set("over", { scaleX: 0.5, scaleY: 0.5, positionX: 0.2, positionY: 0.2, opacity: 0.8 });
  film.text({ text: "Plume Studio", size: 0.1 }, { count: 2 * half });
  const length = half / 24;
  const graph = [
    `[0:v]trim=start=0.5:duration=${length + 0.5},setpts=PTS-STARTPTS[a]`,
    `[1:v]trim=start=0.5:duration=${length + 0.5},setpts=PTS-STARTPTS[b]`,
    `[a][b]xfade=transition=fade:duration=1:offset=${length - 0.5}[base]`,
    `[2:v]trim=duration=${2 * length},scale=${WIDTH / 2}:${HEIGHT / 2},format=yuva420p,colorchannelmixer=aa=0.8[over]`,
    "[base][over]overlay=x=864:y=486[both]",
    "[both]drawtext=text='Plume Studio':fontsize=108:fontcolor=white:x=(w-tw)/2:y=(h-th)/2[out]",
  ].join(";");
  const inputs = [0, 1, 2].flatMap((n) => ["-i", join(folder, `clip${n}.mp4`)]);
  const pairs: { readonly ours: Cost; readonly theirs: Cost; readonly timesOfTheirs: ReturnType<typeof ratio> }[] = [];
  for (let n = 0; n < rounds; n++) {
    const ours = await cost(() => exportApart(tools, film.document, settings({ smart: false }), folder, "ours.mp4"));
    const theirs = await cost(() =>
      ffmpeg([...inputs, "-filter_complex", graph, "-map", "[out]", ...X264, join(folder, "theirs.mp4")]),
    );
    pairs.push({ ours, theirs, timesOfTheirs: ratio(ours, theirs) });
  }
  return { seconds: 2 * length, pairs };
}

/**
 * Peak memory of an export, MB: resident, of the process that mixes and paints; and with it what its ffmpegs allocated, without the code that
 * they share.
 */
interface Memory {
  readonly own: number;
  readonly all: number;
}

/** Every process below one, from the kernel. */
function below(pid: number | "self"): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim().split(" "),
  );
  const own = children.filter((text) => text !== "").map(Number);
  return [...own, ...own.flatMap(below)];
}

/** @param what the kernel's word for it: "VmRSS", "RssAnon" */
function memoryMb(pid: number, what: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(new RegExp(`^${what}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) * 1024) / 1e6;
}

/**
 * Exports as the studio does, in a process of its own. Its memory is null where the system does not tell.
 * @param note what the export must say of how it went
 * @param lookEvery milliseconds between two looks at its memory; null: none, as they cost CPU time that a bench of time would count
 */
async function exportApart(
  tools: MediaTools,
  document: Timeline,
  wanted: ExportSettings,
  folder: string,
  target: string,
  note = /./,
  lookEvery: number | null = null,
): Promise<Memory | null> {
  const media = await Promise.all(
    Object.values(document.media).map(async (reference) => {
      const path = join(folder, reference.path);
      return { reference, path, input: [`file:${path}`], stamp: (await stampOf(path)) ?? "" };
    }),
  );
  const work = await mkdtemp(join(folder, "work-"));
  const task = { document, settings: wanted, media, tool: "bench" };
  const places = { target: join(folder, target), work, poster: null, masks: [], identity: null };
  const exporting = new ExportProcess({ tools, task, places }, { progress: () => {}, picture: () => {} });
  let [own, all] = [0, 0];
  const look = (): void => {
    try {
      const [worker, ...ffmpegs] = below("self");
      if (worker === undefined) return;
      const now = memoryMb(worker, "VmRSS");
      own = Math.max(own, now);
      // A child that has not become an ffmpeg yet still has the worker's own memory, which it shares.
      const node = readlinkSync(`/proc/${worker}/exe`);
      const others = ffmpegs.filter((pid) => readlinkSync(`/proc/${pid}/exe`) !== node);
      all = Math.max(
        all,
        others.reduce((sum, pid) => sum + memoryMb(pid, "RssAnon"), now),
      );
    } catch {
      // One of them has just ended, or this is no Linux.
    }
  };
  const looking = lookEvery === null ? undefined : setInterval(look, lookEvery);
  try {
    const { notes } = await exporting.over;
    if (!note.test(notes.join(" ")) || /did not work/.test(notes.join(" ")))
      throw new Error(`Not exported as it should be: ${notes.join(" ")}`);
  } finally {
    clearInterval(looking);
    await exporting.kill();
    await rm(work, { recursive: true, force: true });
  }
  return own === 0 ? null : { own, all };
}

/** At a cut one process more is there for a fraction of a second: also a short film's must be seen. */
const LOOK_OFTEN_MS = 30;

/** Small frames: what grows with a film's length are not its pictures. */
const SMALL = "160x90";

/** A tone to be mixed, as long as a clip. */
function makeTone(folder: string, seconds: number): MediaReference {
  ffmpeg([
    "-f",
    "lavfi",
    "-i",
    `sine=f=440:r=48000:d=${seconds}`,
    "-ac",
    "2",
    "-c:a",
    "pcm_s16le",
    join(folder, "tone.wav"),
  ]);
  return {
    id: "tone-wav",
    kind: "audio",
    name: "tone.wav",
    path: "tone.wav",
    fingerprint: { bytes: 1, sha256: "cd".repeat(32) },
    availableRange: { start: 0, duration: frameToFlicks(seconds * 24, RATE) },
    rate: null,
    size: null,
    audio: { channels: 2, sampleRate: 48_000 },
    record: null,
  };
}

/** Frames of what the films of different lengths repeat: half a minute, so that the shortest has a cut too. */
const UNIT = 720;

/** Films of cuts and titles with sound, some of it painted, encoded whole; and with as much copied as can be. */
async function memoryOf(tools: MediaTools, folder: string, minutes: readonly number[], ways: readonly string[]) {
  const seconds = UNIT / 24 + 1;
  const media = [...makeClips(folder, 1, seconds, SMALL), makeTone(folder, seconds)];
  const [width, height] = SMALL.split("x").map(Number) as [number, number];
  const film = (length: number): Timeline => {
    const made = new Film(media, { width, height, rate: RATE });
    for (let n = 0, at = 0; n < 2 * length; n++, at += UNIT) {
      made.put("V1", "clip0.mp4", { at, from: 5, count: UNIT, name: `part${n}` });
      made.put("A1", "tone.wav", { at, count: UNIT, name: `tone${n}` });
      made.put("V2", "clip0.mp4", { at: at + 100, count: 50, name: `over${n}` });
      made.set(`over${n}`, { scaleX: 0.5, scaleY: 0.5, rotation: 5 });
      made.text({ text: `Part ${n}` }, { at: at + 300, count: 50 });
    }
    return made.document;
  };
  const audio = { ...findPreset("h264")!.settings.audio!, loudness: null };
  const peaks: { readonly minutes: number; readonly encoded: Memory | null; readonly copied: Memory | null }[] = [];
  for (const count of minutes) {
    const document = film(count);
    const encoded = ways.includes("encoded")
      ? await exportApart(
          tools,
          document,
          settings({ smart: false, audio }),
          folder,
          `m${count}.mp4`,
          /./,
          LOOK_OFTEN_MS,
        )
      : null;
    const copied = ways.includes("copied")
      ? await exportApart(tools, document, settings({ audio }), folder, `s${count}.mp4`, /were copied/, LOOK_OFTEN_MS)
      : null;
    peaks.push({ minutes: count, encoded, copied });
  }
  return peaks;
}

const told = ({ seconds, cpu }: Cost): string =>
  `${seconds.toFixed(1)} s${cpu === null ? "" : ` (${cpu.toFixed(1)} s of CPU)`}`;

const times = ({ clock, cpu }: ReturnType<typeof ratio>): string =>
  `${clock.toFixed(2)} by the clock${cpu === null ? "" : `, ${cpu.toFixed(2)} by CPU time`}`;

export async function benchExport({ say, args }: BenchContext): Promise<unknown> {
  const tools = await locateFfmpeg();
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-"));
  const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
  const seconds = numberAfter(args, "--seconds") ?? 60;
  try {
    const result: Record<string, unknown> = { machine: describeMachine() };
    if (only === undefined || only === "smart") {
      const smart = [];
      // Clips of 10 s; and the hard case, of 5 s, in which more of the film lies beside a cut.
      for (const each of [10, 5]) {
        const found = await cutOnly(tools, folder, seconds, each);
        say(
          `(a) smart rendering of ${found.seconds} s of 1080p in clips of ${each} s: ${told(found.smart)}; ffmpeg encoding the same: ${told(found.plain)}`,
        );
        say(`    times faster: ${times(found.timesFaster)} (promise for 60 s: 10)`);
        smart.push(found);
      }
      result["smart"] = smart;
    }
    if (only === undefined || only === "composite") {
      const rounds = numberAfter(args, "--rounds") ?? 3;
      const composite = await composited(tools, folder, Math.min(10, seconds), rounds);
      for (const { ours, theirs, timesOfTheirs } of composite.pairs)
        say(
          `(b) composited ${composite.seconds} s of 1080p: ${told(ours)}; ffmpeg's filter graph of it: ${told(theirs)}: ${times(timesOfTheirs)}`,
        );
      const middle = (of: "clock" | "cpu"): number | null => {
        const found = composite.pairs.map(({ timesOfTheirs }) => timesOfTheirs[of]);
        return found.includes(null) ? null : spread(found as number[]).p50;
      };
      say(`    times its time, median: ${times({ clock: middle("clock")!, cpu: middle("cpu") })} (promise: 1.3)`);
      result["composite"] = composite;
    }
    if (only === undefined || only === "memory") {
      const longest = numberAfter(args, "--minutes") ?? 15;
      const memory = await memoryOf(
        tools,
        folder,
        // What is in use builds up in the first minutes of work: a film that is over before tells less of what grows with length.
        [1, 10, longest].filter((minutes, i, all) => all.indexOf(minutes) === i && minutes <= longest),
        args.includes("--way") ? [args[args.indexOf("--way") + 1]!] : ["encoded", "copied"],
      );
      const text = (peak: Memory | null): string =>
        peak === null ? "not measured" : `${peak.own.toFixed(0)} MB (${peak.all.toFixed(0)} with its ffmpegs)`;
      for (const { minutes, encoded, copied } of memory)
        say(`(c) peak memory of ${minutes} min: ${text(encoded)} encoded whole, ${text(copied)} partly copied`);
      const long = memory.at(-1)!;
      for (const way of ["encoded", "copied"] as const)
        for (const short of memory.slice(0, -1)) {
          const [less, more] = [short[way], long[way]];
          if (less === null || more === null) continue;
          const [own, all] = [more.own / less.own, more.all / less.all].map((times) => times.toFixed(2));
          say(
            `    ${long.minutes} min takes ${own} times as much as ${short.minutes} min (${all} with the ffmpegs) ${way === "encoded" ? "encoded whole" : "partly copied"}`,
          );
        }
      say("    (promise: flat)");
      result["memory"] = memory;
    }
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
