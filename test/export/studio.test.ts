import { spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, readlink, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ExportJob, StudioEvent } from "../../core/contract/index.ts";
import { type ExportSettings, findPreset } from "../../core/export/index.ts";
import type { MediaReference, Settings, Timeline } from "../../core/timeline/index.ts";
import { plume } from "../../main/cli/testing.ts";
import { isAlive } from "../../main/media/index.ts";
import { placeOf } from "../../main/studio/projects/place.ts";
import { ProjectStore } from "../../main/studio/projects/store.ts";
import type { Studio } from "../../main/studio/studio.ts";
import { testBench } from "../../main/studio/testing.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { canMount, mountDisk } from "../faults/small-disk.ts";
import { Film, makeMedia } from "./films.ts";

/** Exports are made at a low priority: where everything else is busy they take long to begin. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Processes end when the machine gets to it. */
const PATIENT = { timeout: 30_000 };

let folder = "";
let media: MediaReference[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  media = await makeMedia(folder, ["film.mp4", "tone.wav"]);
});
afterAll(() => removeFolder(folder));

const film = (): Film => new Film(media).put("V1", "film.mp4", { count: 24 }).put("A1", "tone.wav", { count: 24 });
/** A film that takes a while. */
const long = (): Film => {
  const made = new Film(media);
  for (let n = 0; n < 6; n++)
    made.put("V1", "film.mp4", { at: 70 * n, count: 70, name: `c${n}` }).set(`c${n}`, { blur: 0.02, rotation: 3 });
  return made;
};

/** A project on disk, its media beside it. */
async function project(document: Timeline, name = "Film"): Promise<string> {
  const place = join(folder, `${name}-${Math.random().toString(36).slice(2)}`);
  await mkdir(place);
  const files = Object.values(document.media);
  for (const { path } of files) await writeFile(join(place, path), await readFile(join(folder, path)));
  await ProjectStore.create(placeOf(place), document);
  return place;
}

const settings = (change: Partial<ExportSettings> = {}): ((own: Settings) => ExportSettings) => {
  const { settings: preset } = findPreset("h264")!;
  return () => ({ ...preset, smart: false, video: { ...preset.video!, encoder: "software" }, ...change });
};

async function exported(
  studio: Studio,
  document: Timeline,
  file: string,
  more: { settings?: (own: Settings) => ExportSettings; overwrite?: boolean } = {},
): Promise<ExportJob> {
  const at = await project(document);
  const job = await studio.exportTo(at, more.settings ?? settings(), { file, overwrite: more.overwrite === true });
  return (await studio.ended(job.id)) as ExportJob;
}

/** Files that an export left beside its place, hidden ones too. */
const beside = async (place: string): Promise<string[]> => (await readdir(place)).sort();

async function place(): Promise<string> {
  const at = join(folder, `out-${Math.random().toString(36).slice(2)}`);
  await mkdir(at);
  return at;
}

/** Resolves with the job when it has come so far. */
function when(studio: Studio, id: string, isSo: (job: ExportJob) => boolean): Promise<ExportJob> {
  return new Promise((resolve) => {
    const stop = studio.subscribe((event: StudioEvent) => {
      if (event.type !== "job" || event.job.id !== id || event.job.kind !== "export" || !isSo(event.job)) return;
      setTimeout(() => stop());
      resolve(event.job);
    });
  });
}

const painting = ({ state, progress }: ExportJob): boolean =>
  state === "running" && progress.phase === "render" && progress.done > 5;

/** Processes that have a file of this folder open or named. */
async function processesOn(path: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (words.includes(path) && /ffmpeg/.test(await readlink(`/proc/${name}/exe`).catch(() => "")))
      found.push(Number(name));
  }
  return found;
}

describe("an export as a job", () => {
  it("rises to its end, shows what it paints, says how it encoded, and leaves nothing but the file", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const events: ExportJob[] = [];
    studio.subscribe((event) => {
      if (event.type === "job" && event.job.kind === "export") events.push(event.job);
    });
    const at = await place();
    const job = await exported(studio, long().document, join(at, "film.mp4"));
    expect(job).toMatchObject({
      state: "done",
      error: null,
      result: { fileName: "film.mp4", width: 320, height: 180, frames: 420, seconds: 17.5 },
    });
    expect(job.result!.notes[0]).toMatch(/^Encoded by libx264/);
    const fractions = events.map(({ progress }) => progress.fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(events.some(({ preview }) => preview !== null)).toBe(true);
    // Frames a second, and the time that the frames which are left take at that speed: nothing in the end.
    const told = events.flatMap(({ speed, progress: { phase, done, total, etaMs } }) =>
      phase === "render" && speed !== null && etaMs !== null ? [{ speed, etaMs, left: total - done }] : [],
    );
    expect(told.length).toBeGreaterThan(1);
    for (const { speed, etaMs, left } of told) {
      expect(speed).toBeGreaterThan(0);
      expect(Math.abs((etaMs * speed) / 1000 - left)).toBeLessThan(1);
    }
    expect(told[0]!.etaMs).toBeGreaterThan(0);
    expect(told.at(-1)).toMatchObject({ etaMs: 0, left: 0 });
    expect(await beside(at)).toEqual(["film.mp4"]);
    await expect.poll(() => readdir(join(bench.home, "work")), PATIENT).toEqual([]);
  });

  it("exports the document as it was, from the contract, into the studio's folder", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { id } = await studio.call("projects.create", { name: "Mine", settings: { width: 320, height: 180 } });
    const track = (await studio.call("projects.open", { id })).document.tracks.find(({ kind }) => kind === "text")!.id;
    const add = (text: string) =>
      studio.call("projects.edit", {
        id,
        name: "append",
        arguments: { clips: [{ track, clip: { text: { text }, duration: 12 * 29_400_000 } }] },
      });
    await expect(
      studio.call("exports.forecast", { project: id, settings: settings()({} as Settings) }),
    ).rejects.toThrow(/nothing to export/);
    await add("one");
    const wanted = settings()({} as Settings);
    expect(await studio.call("exports.forecast", { project: id, settings: wanted })).toMatchObject({
      frames: 12,
      width: 320,
      missing: [],
      pending: 0,
    });
    const { job } = await studio.call("exports.start", { project: id, settings: wanted, name: "My film" });
    await add("two");
    const done = (await studio.ended(job)) as ExportJob;
    expect(done).toMatchObject({ state: "done", result: { fileName: "My film.mp4", frames: 12 } });
    expect(await readdir(join(bench.output, "Exports"))).toEqual(["My film.mp4"]);
  });

  it("pauses where it is and goes on, and cancelling leaves nothing", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const at = await place();
    const job = await studio.exportTo(await project(long().document), settings(), {
      file: join(at, "film.mp4"),
      overwrite: false,
    });
    await when(studio, job.id, painting);
    await studio.call("jobs.pause", { id: job.id });
    const held = await when(studio, job.id, ({ state }) => state === "paused");
    expect(held.progress.done).toBeLessThan(420);
    await studio.call("jobs.resume", { id: job.id });
    const on = await when(studio, job.id, (now) => painting(now));
    expect(on.progress.done).toBeGreaterThanOrEqual(held.progress.done);
    await studio.call("jobs.cancel", { id: job.id });
    expect((await studio.ended(job.id)).state).toBe("cancelled");
    await expect.poll(() => beside(at), PATIENT).toEqual([]);
    await expect.poll(() => processesOn(at), PATIENT).toEqual([]);
    await expect.poll(() => readdir(join(bench.home, "work")), PATIENT).toEqual([]);
  });
});

it("an export that was held waits after a restart too, and then goes to where it was to go", async () => {
  await using bench = await testBench();
  const first = await bench.open();
  const at = await place();
  const target = { file: join(at, "film.mp4"), overwrite: false };
  const { id } = await first.exportTo(await project(long().document), settings(), target);
  await when(first, id, painting);
  const held = when(first, id, ({ state }) => state === "paused");
  await first.call("jobs.pause", { id });
  await held;
  await first.close();
  expect(await beside(at)).toEqual([]);
  const studio = await bench.open();
  const found = (await studio.call("jobs.list", {})).find((job) => job.id === id);
  expect(found).toMatchObject({ state: "paused", progress: { done: 0, fraction: 0 } });
  const goesOn = when(studio, id, painting);
  await studio.call("jobs.resume", { id });
  await goesOn;
  expect(await beside(at)).toEqual([expect.stringMatching(/\.part$/)]);
  await studio.call("jobs.cancel", { id });
  await expect.poll(() => beside(at), PATIENT).toEqual([]);
});

/** An export that something happens to while it paints. */
async function spoiled(
  studio: Studio,
  file: string,
  at: string,
  happens: (project: string) => Promise<unknown>,
): Promise<ExportJob> {
  const job = await studio.exportTo(at, settings(), { file, overwrite: true });
  await when(studio, job.id, painting);
  await happens(at);
  return (await studio.ended(job.id)) as ExportJob;
}

describe("what goes wrong is told in one sentence and damages nothing", () => {
  const oneSentence = /^[A-Za-z“][^\n]*\.$/;

  it("ffmpeg killed: the file that was there stays as it was", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const at = await place();
    const file = join(at, "film.mp4");
    await writeFile(file, "the user's own");
    const job = await spoiled(studio, file, await project(long().document), async () => {
      const encoders = (await processesOn(at)).filter(isAlive);
      expect(encoders.length).toBeGreaterThan(0);
      for (const pid of encoders) process.kill(pid, "SIGKILL");
    });
    expect(job.error).toMatchObject({ code: "FFMPEG_FAILED", message: expect.stringMatching(oneSentence) as string });
    expect(await readFile(file, "utf8")).toBe("the user's own");
    expect(await beside(at)).toEqual(["film.mp4"]);
  });

  it("the export's process killed", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const at = await place();
    const job = await spoiled(studio, join(at, "film.mp4"), await project(long().document), async () => {
      const { stdout } = spawnSync("pgrep", ["-P", String(process.pid), "-f", "export/worker.ts"], {
        encoding: "utf8",
      });
      for (const pid of stdout.trim().split("\n")) process.kill(Number(pid), "SIGKILL");
    });
    expect(job.error).toMatchObject({ code: "INTERNAL", message: expect.stringMatching(oneSentence) as string });
    await expect.poll(() => beside(at), PATIENT).toEqual([]);
  });

  it("a source truncated meanwhile", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const at = await place();
    const job = await spoiled(studio, join(at, "film.mp4"), await project(long().document), (source) =>
      truncate(join(source, "film.mp4"), 2000),
    );
    expect(job.state).toBe("failed");
    expect(job.error!.message).toMatch(/film\.mp4/);
    expect(job.error!.message).toMatch(oneSentence);
    expect(await beside(at)).toEqual([]);
  });

  it("the output folder removed meanwhile", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const at = await place();
    const job = await spoiled(studio, join(at, "film.mp4"), await project(long().document), () =>
      rm(at, { recursive: true }),
    );
    expect(job.error).toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      message: expect.stringMatching(/folder .* removed/) as string,
    });
    await expect(stat(at)).rejects.toThrow();
  });

  it.runIf(canMount)("the disk full", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    await using disk = await mountDisk("size=48k");
    const job = await exported(studio, long().document, join(disk.path, "film.mp4"));
    expect(job.error).toMatchObject({ code: "DISK_FULL", message: expect.stringMatching(oneSentence) as string });
    expect(await readdir(disk.path)).toEqual([]);
  });

  it("an ffmpeg without the codec", async () => {
    await using bench = await testBench();
    const tool = join(folder, "ffmpeg-poor");
    const refuse = 'case "$*" in *svtav1*|*rav1e*|*aom-av1*|*av1_*) echo "Unknown encoder" >&2; exit 1;; esac';
    await writeFile(tool, `#!/bin/sh\n${refuse}\nexec ffmpeg "$@"\n`);
    await chmod(tool, 0o755);
    const studio = await bench.open({ ffmpeg: tool });
    const at = await place();
    const { settings: av1 } = findPreset("av1")!;
    const job = await exported(studio, film().document, join(at, "film.mp4"), { settings: () => av1 });
    expect(job.error).toMatchObject({
      code: "FFMPEG_FAILED",
      message: expect.stringMatching(/cannot encode av1/) as string,
    });
    expect(await beside(at)).toEqual([]);
  });

  it.runIf(process.platform === "linux")(
    "graphics hardware that refuses the film: software does it, and says so",
    async () => {
      await using bench = await testBench();
      const tool = join(folder, "ffmpeg-busy");
      // It works when it is tried, and not on the film.
      const busy =
        'case "$*" in *h264_nvenc*"-f null"*) cat >/dev/null; exit 0;; *h264_nvenc*) echo busy >&2; exit 1;; esac';
      await writeFile(tool, `#!/bin/sh\n${busy}\nexec ffmpeg "$@"\n`);
      await chmod(tool, 0o755);
      const studio = await bench.open({ ffmpeg: tool });
      const at = await place();
      const { settings: preset } = findPreset("h264")!;
      const job = await exported(studio, film().document, join(at, "film.mp4"), {
        settings: () => ({ ...preset, smart: false }),
      });
      expect(job).toMatchObject({ state: "done", result: { frames: 24 } });
      expect(job.result!.notes[0]).toBe("Encoded by libx264, in software: h264_nvenc failed on this film.");
      expect(await beside(at)).toEqual(["film.mp4"]);
    },
  );

  it("only gaps, only sound, media that are not there, a taken name, a name of another kind", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const at = await place();
    const file = join(at, "film.mp4");
    await expect(exported(studio, new Film(media).document, file)).rejects.toThrow(/nothing to export/);
    // Only sound: the background is what is seen.
    const sound = new Film(media).put("A1", "tone.wav", { count: 12 });
    expect((await exported(studio, sound.document, file)).result).toMatchObject({ frames: 12 });
    const lost = await project(film().document);
    await rename(join(lost, "film.mp4"), join(lost, "elsewhere.mp4"));
    const to = (name: string) => ({ file: join(at, name), overwrite: false });
    await expect(studio.exportTo(lost, settings(), to("b.mp4"))).rejects.toThrow(/“film\.mp4” is not there/);
    const whole = await project(film().document);
    await expect(studio.exportTo(whole, settings(), to("film.mp4"))).rejects.toThrow(/exists already/);
    await expect(studio.exportTo(whole, settings(), to("film.avi"))).rejects.toThrow(/must end in \.mp4/);
    // A file that is not the one the project knew is not read, whatever the project names.
    await writeFile(join(lost, "film.mp4"), "something private");
    await expect(studio.exportTo(lost, settings(), to("b.mp4"))).rejects.toThrow(/“film\.mp4” is not there/);
    expect(await beside(at)).toEqual(["film.mp4"]);
  });
});

describe("plume export", () => {
  it("does the same without a window", async () => {
    await using bench = await testBench();
    const at = await place();
    const source = await project(film().document);
    const out = join(at, "clip.mp4");
    const argv = [
      "export",
      source,
      "--preset",
      "square-720p",
      "--size",
      "64x64",
      "--range",
      "0.25-0.75",
      "--loudness",
      "off",
      "--encoder",
      "software",
    ];
    const { code, stdout } = await plume(bench, [...argv, "-o", out, "--json"]);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { ok: true, export: { file: out, width: 64, height: 64, frames: 12, seconds: 0.5 } },
    ]);
    const refused = await plume(bench, ["export", source, "--preset", "nothing"]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/There is no preset/) as string });
    expect((await plume(bench, ["export", source, "--estimate", "--json"])).stdout).toMatch(/"frames":24/);
    expect((await plume(bench, ["export", "--presets"])).stdout).toMatch(/prores-4444/);
    expect(await plume(bench, ["export", source, "--range", "3-1", "-o", out, "--overwrite"])).toMatchObject({
      code: 2,
    });
  });
});
