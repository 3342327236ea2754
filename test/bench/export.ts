/**
 * What exporting costs, side by side in one run: (a) a cut-only timeline of H.264 clips with smart rendering against ffmpeg encoding the
 * same; (b) a composited timeline against ffmpeg's own filter graph of it; (c) memory of a short and a long export.
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ExportSettings, findPreset } from "../../core/export/index.ts";
import { FRAME_RATES, frameToFlicks } from "../../core/time/index.ts";
import type { MediaReference, Timeline } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools } from "../../main/media/index.ts";
import { stampOf } from "../../main/studio/export/media-files.ts";
import type { ExportReport } from "../../main/studio/export/messages.ts";
import { exportFilm } from "../export/export-film.ts";
import { Film } from "../export/films.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import { cpuSeconds, describeMachine } from "./machine.ts";

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

async function cutOnly(tools: MediaTools, folder: string, seconds: number) {
  const each = 10;
  const media = makeClips(folder, 4, each + 3);
  const film = new Film(media, { width: WIDTH, height: HEIGHT, rate: RATE });
  const cuts = Math.max(2, Math.round(seconds / each));
  const filters: string[] = [];
  for (let n = 0; n < cuts; n++) {
    const from = 7 + 5 * (n % 9);
    film.put("V1", `clip${n % 4}.mp4`, { at: n * each * 24, from, count: each * 24, name: `cut${n}` });
    filters.push(`[${n}:v]trim=start_frame=${from}:end_frame=${from + each * 24},setpts=PTS-STARTPTS[v${n}]`);
  }
  const smart = await cost(() => exportFilm(tools, film.document, settings(), folder, join(folder, "smart.mp4")));
  const graph = `${filters.join(";")};${filters.map((_, n) => `[v${n}]`).join("")}concat=n=${cuts}[out]`;
  const inputs = filters.flatMap((_, n) => ["-i", join(folder, `clip${n % 4}.mp4`)]);
  const plain = await cost(() =>
    ffmpeg([...inputs, "-filter_complex", graph, "-map", "[out]", ...X264, join(folder, "plain.mp4")]),
  );
  return { seconds: cuts * each, smart, plain, timesFaster: plain.seconds / smart.seconds };
}

async function composited(tools: MediaTools, folder: string, seconds: number) {
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
  const ours = await cost(() =>
    exportFilm(tools, film.document, settings({ smart: false }), folder, join(folder, "ours.mp4")),
  );
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
  const theirs = await cost(() =>
    ffmpeg([...inputs, "-filter_complex", graph, "-map", "[out]", ...X264, join(folder, "theirs.mp4")]),
  );
  return { seconds: 2 * length, ours, theirs, timesOfTheirs: ours.seconds / theirs.seconds };
}

/** Peak memory of an export's own process, MB. */
async function peak(tools: MediaTools, document: Timeline, folder: string): Promise<number> {
  const media = await Promise.all(
    Object.values(document.media).map(async (reference) => {
      const path = join(folder, reference.path);
      return { reference, path, input: [`file:${path}`], stamp: (await stampOf(path)) ?? "" };
    }),
  );
  const entry = fileURLToPath(new URL("../../main/studio/export/worker.ts", import.meta.url));
  const child: ChildProcess = fork(entry, [], { serialization: "advanced", execArgv: [] });
  let highest = 0;
  const look = (): void => {
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    highest = Math.max(highest, (Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1024) / 1e6);
  };
  const timer = setInterval(() => {
    try {
      look();
    } catch {
      // It has just ended.
    }
  }, 200);
  try {
    await new Promise<void>((resolve, reject) => {
      child.on("message", (report: ExportReport) => {
        if (report.type === "done") resolve();
        if (report.type === "failed") reject(new Error(report.error.message));
      });
      child.once("exit", () => reject(new Error("The export's process died.")));
      const places = { target: join(folder, `memory-${performance.now()}.mp4`), work: folder, poster: null };
      const audio = { ...findPreset("h264")!.settings.audio!, loudness: null };
      child.send({
        type: "start",
        tools,
        task: { document, settings: settings({ smart: false, audio }), media, tool: "bench" },
        places,
      });
    });
  } finally {
    clearInterval(timer);
    child.kill();
  }
  return highest;
}

async function memoryOf(tools: MediaTools, folder: string, minutes: number) {
  const media = makeClips(folder, 1, 61, "320x180");
  const film = (count: number): Timeline => {
    const made = new Film(media, { width: 320, height: 180, rate: RATE });
    for (let n = 0; n < count; n++) made.put("V1", "clip0.mp4", { at: n * 1440, count: 1440, name: `m${n}` });
    return made.document;
  };
  const [short, long] = [await peak(tools, film(1), folder), await peak(tools, film(minutes), folder)];
  return { minutes: [1, minutes], peakMb: [short, long], growth: long / short };
}

const told = ({ seconds, cpu }: Cost): string =>
  `${seconds.toFixed(1)} s${cpu === null ? "" : ` (${cpu.toFixed(1)} s of CPU)`}`;

export async function benchExport({ say, args }: BenchContext): Promise<unknown> {
  const tools = await locateFfmpeg();
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-"));
  const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
  try {
    const result: Record<string, unknown> = { machine: describeMachine() };
    if (only === undefined || only === "smart") {
      const smart = await cutOnly(tools, folder, numberAfter(args, "--seconds") ?? 60);
      say(
        `smart rendering of ${smart.seconds} s of 1080p cuts: ${told(smart.smart)}; ffmpeg encoding the same: ${told(smart.plain)}`,
      );
      say(`  ${smart.timesFaster.toFixed(1)} times faster (promise: 10)`);
      result["smart"] = smart;
    }
    if (only === undefined || only === "composite") {
      const composite = await composited(tools, folder, Math.min(10, numberAfter(args, "--seconds") ?? 10));
      say(
        `composited ${composite.seconds} s of 1080p: ${told(composite.ours)}; ffmpeg's filter graph of it: ${told(composite.theirs)}`,
      );
      say(`  ${composite.timesOfTheirs.toFixed(2)} times its time (promise: 1.3)`);
      result["composite"] = composite;
    }
    if (only === undefined || only === "memory") {
      const memory = await memoryOf(tools, folder, numberAfter(args, "--minutes") ?? 10);
      say(
        `peak memory: ${memory.peakMb.map((mb, i) => `${mb.toFixed(0)} MB for ${memory.minutes[i]} min`).join(", ")} (promise: flat)`,
      );
      result["memory"] = memory;
    }
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
