/** Files that are no media, media that go away, disks that are full: one clear sentence each, and the project as it was. */
import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import type { MediaStatus } from "../../core/contract/index.ts";
import { breaches, clipsOf } from "../../core/timeline/index.ts";
import { temporaryFolder } from "../../main/media/testing.ts";
import type { Studio } from "../../main/studio/studio.ts";
import { testBench } from "../../main/studio/testing.ts";
import { canMount, mountDisk } from "./small-disk.ts";

vi.setConfig({ testTimeout: 300_000 });

const ffmpeg = (...args: string[]) => promisify(execFile)("ffmpeg", ["-v", "error", "-y", ...args]);
async function makeFilm(path: string, seconds = 1, size = "64x64"): Promise<string> {
  await ffmpeg(
    "-f",
    "lavfi",
    "-i",
    `testsrc2=s=${size}:d=${seconds}:r=25`,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    path,
  );
  return path;
}
const statusOf = async (studio: Studio, id: string): Promise<MediaStatus> =>
  (await studio.call("media.status", { ids: [id] }))[0]!;
/** Where media stand once nothing is being made of them. */
async function settled(studio: Studio, id: string): Promise<MediaStatus> {
  for (;;) {
    const status = await statusOf(studio, id);
    if (status.work === null) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const SENTENCE = /^[“A-Z].*[.]$/;

/** A studio with an open project, and a folder of the user's files. */
async function room(home?: string) {
  const bench = await testBench();
  const files = await temporaryFolder();
  const studio = await bench.open(home === undefined ? {} : { home });
  const project = await studio.call("projects.create", { name: "Film" });
  return {
    bench,
    studio,
    project,
    at: (name: string) => join(files.path, name),
    async use(...paths: string[]) {
      const media = await Promise.all(paths.map((path) => studio.importMedia(path)));
      await studio.call("projects.useMedia", { id: project.id, media: media.map(({ id }) => id) });
      return media;
    },
    [Symbol.asyncDispose]: async () => {
      await bench[Symbol.asyncDispose]();
      await files[Symbol.asyncDispose]();
    },
  };
}

describe("files that are no media", () => {
  it("are each refused by name with a reason, and leave list and project as they were", async () => {
    await using here = await room();
    const { studio, at } = here;
    await makeFilm(at("film.mp4"), 2);
    await writeFile(at("empty.mp4"), "");
    await writeFile(at("text.mp4"), "no film at all\n".repeat(200));
    await mkdir(at("folder.mp4"));
    // A head that says what the body does not hold.
    const whole = await readFile(at("film.mp4"));
    const hollow = Buffer.from(whole);
    hollow.fill(
      0,
      hollow.indexOf("mdat") + 4,
      Math.min(
        hollow.length,
        hollow.indexOf("moov") > hollow.indexOf("mdat") ? hollow.indexOf("moov") - 4 : hollow.length,
      ),
    );
    await writeFile(at("hollow.mp4"), hollow);
    await writeFile(at("cut.mp4"), whole.subarray(0, whole.length / 3));
    // A sound of no samples.
    await ffmpeg("-f", "lavfi", "-i", "sine=d=0.1", at("none.wav"));
    await truncate(at("none.wav"), 78);
    // The begin of what telephones write.
    const brands = Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x10meta\0\0\0\0\0\0\0\0", "latin1");
    await writeFile(at("IMG_1.heic"), brands);
    const expected: Readonly<Record<string, RegExp>> = {
      "IMG_1.heic": /^“IMG_1\.heic” is a HEIC picture, .* save it as JPEG or PNG/,
      "empty.mp4": /“empty\.mp4” is empty/,
      "text.mp4": /“text\.mp4”/,
      "folder.mp4": /is a folder/,
      "hollow.mp4": /“hollow\.mp4”/,
      "cut.mp4": /“cut\.mp4”/,
      "none.wav": /“none\.wav”/,
      "gone.mp4": /“gone\.mp4” is not there/,
    };
    for (const [name, reason] of Object.entries(expected)) {
      const refused = await studio.importMedia(at(name)).then(
        () => null,
        (error: unknown) => error as Error & { code: string },
      );
      expect(refused?.code, name).toMatch(/^MEDIA_(UNREADABLE|MISSING)$/);
      expect(refused?.message, name).toMatch(reason);
      expect(refused?.message, name).toMatch(SENTENCE);
    }
    expect(await studio.call("media.list", {})).toEqual([]);
    const [film] = await here.use(at("film.mp4"));
    const { document } = await studio.call("projects.open", { id: here.project.id });
    expect(Object.keys(document.media)).toEqual([film!.id]);
  });

  it("twelve hours of sound come in at once, are drawn from one small file, and can be stopped", async () => {
    await using here = await room();
    const { studio, at } = here;
    await ffmpeg("-f", "lavfi", "-i", "sine=f=220:r=8000:d=60", "-c:a", "libmp3lame", "-b:a", "8k", at("minute.mp3"));
    await ffmpeg("-stream_loop", "-1", "-i", at("minute.mp3"), "-c", "copy", "-t", "43200", at("long.mp3"));
    const [sound] = await here.use(at("long.mp3"));
    expect(sound).toMatchObject({ kind: "sound" });
    expect((sound as { seconds: number }).seconds).toBeCloseTo(43_200, -2);
    const { peaks, problem } = await settled(studio, sound!.id);
    expect({ peaks, problem }).toEqual({ peaks: true, problem: null });
    const { path, size } = await studio.mediaFile(sound!.id, (await statusOf(studio, sound!.id)).version, "peaks");
    // 43 200 s × 100 peaks × 2 bytes × 4/3.
    expect(size).toBeLessThan(12e6);
    expect((await readFile(path)).subarray(0, 4).toString()).toBe("PPK1");

    await makeFilm(at("minute.mp4"), 2);
    await ffmpeg("-stream_loop", "-1", "-i", at("minute.mp4"), "-c", "copy", "-t", "43200", at("long.mp4"));
    const [film] = await here.use(at("long.mp4"));
    expect(film).toMatchObject({ kind: "video" });
    await vi.waitFor(async () => expect((await statusOf(studio, film!.id)).work?.step).toBe("strip"), {
      timeout: 120_000,
    });
    await studio.call("media.cancel", { ids: [film!.id] });
    const stopped = await settled(studio, film!.id);
    expect(stopped).toMatchObject({ poster: true, strip: null, isOnline: true });
    expect(stopped.problem).toMatch(/stopped/);
  });
});

describe("media that go away", () => {
  it("a file removed while the project is open is offline with its reason, is never served, and comes back", async () => {
    await using here = await room();
    const { studio, at, project } = here;
    const [film] = await here.use(await makeFilm(at("film.mp4")));
    const { version } = await settled(studio, film!.id);
    await rename(at("film.mp4"), at("elsewhere.mp4"));
    const offline = await statusOf(studio, film!.id);
    expect(offline).toMatchObject({
      isOnline: false,
      reason: expect.stringMatching(/“film\.mp4” is no longer/) as string,
    });
    await expect(studio.mediaFile(film!.id, version, "original")).rejects.toMatchObject({ code: "MEDIA_MISSING" });
    const { document } = await studio.call("projects.open", { id: project.id });
    expect(document.media[film!.id]?.name).toBe("film.mp4");
    // Another file in its place is not taken for it.
    await makeFilm(at("other.mp4"), 1, "96x64");
    await expect(studio.importMedia(at("other.mp4"), { as: film!.id })).rejects.toMatchObject({
      code: "BAD_REQUEST",
      message: expect.stringMatching(/another file/) as string,
    });
    await studio.importMedia(at("elsewhere.mp4"), { as: film!.id });
    expect(await statusOf(studio, film!.id)).toMatchObject({ isOnline: true, version });
  });

  it("a file that became another is told apart, and taken over when one says so: what it is too short for is shortened", async () => {
    await using here = await room();
    const { studio, at, project } = here;
    const [film] = await here.use(await makeFilm(at("film.mp4"), 3));
    const before = await settled(studio, film!.id);
    const open = async () => (await studio.call("projects.open", { id: project.id })).document;
    const track = (await open()).tracks.find(({ kind }) => kind === "video")!.id;
    const placed = { at: 0, clips: [{ track, clip: { media: film!.id } }] };
    await studio.call("projects.edit", { id: project.id, name: "overwrite", arguments: placed });
    expect((await open()).media[film!.id]!.fingerprint).toEqual(before.fingerprint);
    await makeFilm(at("film.mp4"), 1, "96x64");
    const after = await settled(studio, film!.id);
    expect(after).toMatchObject({ isOnline: true, poster: true, problem: null });
    expect(after.fingerprint).not.toEqual(before.fingerprint);
    expect(after.version).not.toBe(before.version);
    // Nothing happens by itself.
    expect((await open()).media[film!.id]).toMatchObject({ fingerprint: before.fingerprint, size: { width: 64 } });
    await studio.call("projects.useMedia", { id: project.id, media: [film!.id] });
    const document = await open();
    expect(document.media[film!.id]).toMatchObject({ fingerprint: after.fingerprint, size: { width: 96 } });
    expect(breaches(document)).toEqual([]);
    const second = document.media[film!.id]!.availableRange!.duration;
    expect([...clipsOf(document)].map(({ sourceRange }) => sourceRange.duration)).toEqual([second]);
    // Also what comes back by undo and redo fits.
    await studio.call("projects.undo", { id: project.id });
    await studio.call("projects.redo", { id: project.id });
    expect(breaches(await open())).toEqual([]);
  });

  it("a numbered sequence with a picture gone is offline, and is found again as a whole, elsewhere", async () => {
    await using here = await room();
    const { studio, at, project } = here;
    await mkdir(at("shoot"));
    await ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:d=1:r=12", at("shoot/s_%03d.png"));
    const hand = async (folder: string, sequence: string) => {
      for (const name of await readdir(at(folder))) await studio.importMedia(join(at(folder), name), { sequence });
    };
    await hand("shoot", "first");
    const film = await studio.call("media.assemble", { sequence: "first", rate: 12 });
    expect(film).toMatchObject({ kind: "video", name: "s_[001-012].png", seconds: 1, video: { sequence: 12 } });
    await studio.call("projects.useMedia", { id: project.id, media: [film.id] });
    expect(await settled(studio, film.id)).toMatchObject({ poster: true, proxy: true, play: "proxy", problem: null });
    await rename(at("shoot"), at("moved"));
    expect(await statusOf(studio, film.id)).toMatchObject({ isOnline: false, folder: "shoot" });
    await mkdir(at("other"));
    await ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64:d=1:r=12", at("other/s_%03d.png"));
    await hand("other", "wrong");
    await expect(studio.call("media.assemble", { sequence: "wrong", rate: 12, as: film.id })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    await hand("moved", "right");
    await studio.call("media.assemble", { sequence: "right", rate: 12, as: film.id });
    expect(await statusOf(studio, film.id)).toMatchObject({ isOnline: true, folder: "moved", version: film.version });
  });

  it("a path in a project file opens nothing: what the user did not give is offline until it is located", async () => {
    await using here = await room();
    const { studio, at, project, bench } = here;
    const path = await makeFilm(at("film.mp4"));
    const [film] = await here.use(path);
    await studio.call("projects.close", { id: project.id });
    // As on another computer: the project and its file are there, the studio has never seen them.
    await studio.call("media.remove", { id: film!.id });
    const file = join(bench.output, "Projects", "Film", "Film.plume");
    const secret = JSON.parse(await readFile(file, "utf8")) as {
      timeline: { media: Record<string, { path: string }> };
    };
    expect(secret.timeline.media[film!.id]!.path).toContain("film.mp4");
    await studio.call("projects.open", { id: project.id });
    const status = await statusOf(studio, film!.id);
    expect(status).toMatchObject({ isOnline: false, play: "original", poster: false });
    expect(status.reason).toMatch(/never given to this studio/);
    for (const part of ["original", "proxy", "poster", "strip", "peaks"] as const)
      await expect(studio.mediaFile(film!.id, film!.version, part)).rejects.toMatchObject({ code: "MEDIA_MISSING" });
    await studio.importMedia(path, { as: film!.id });
    expect(await statusOf(studio, film!.id)).toMatchObject({ isOnline: true });
    // Nobody may put a file in the place of something that no project misses.
    await expect(studio.importMedia(path, { as: "nobody" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("a file that became another one shows what it is now, and what was made of the old is not shown for it", async () => {
    await using here = await room();
    const { studio, at } = here;
    const [film] = await here.use(await makeFilm(at("film.mp4")));
    const before = await settled(studio, film!.id);
    await makeFilm(at("film.mp4"), 2, "96x64");
    await utimes(at("film.mp4"), new Date(), new Date(Date.now() + 5000));
    const after = await settled(studio, film!.id);
    expect(after.version).not.toBe(before.version);
    expect(after.isOnline).toBe(true);
    await expect(studio.mediaFile(film!.id, before.version, "poster")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("what is made of media", () => {
  it("is found again after a restart, is not made twice for the same bytes, and half-made files go", async () => {
    await using here = await room();
    const { studio, at, bench } = here;
    const path = await makeFilm(at("film.mp4"));
    const [film] = await here.use(path);
    const { version } = await settled(studio, film!.id);
    const folder = join(bench.home, "cache", "media", version);
    const { mtimeMs } = await stat(join(folder, "poster.jpg"));
    await promisify(execFile)("cp", [path, at("copy.mp4")]);
    const [copy] = await here.use(at("copy.mp4"));
    expect(copy!.id).not.toBe(film!.id);
    expect(await statusOf(studio, copy!.id)).toMatchObject({ version, poster: true, work: null });
    await studio.close();
    await writeFile(join(folder, ".plume-999999-0123456789ab.part"), "half");
    await mkdir(join(bench.home, "cache", "media", "f".repeat(32)));
    const again = await bench.open();
    expect(await settled(again, film!.id)).toMatchObject({ poster: true });
    expect((await stat(join(folder, "poster.jpg"))).mtimeMs).toBe(mtimeMs);
    expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
    expect(await readdir(join(bench.home, "cache", "media"))).toEqual([version]);
  });

  it("takes no more of the disk than it may: what was not used for longest goes, and is made again when it is asked for", async () => {
    await using bench = await testBench();
    await using files = await temporaryFolder();
    const studio = await bench.open({ preparedBytes: 14_000 });
    const ids: string[] = [];
    for (const n of [1, 2, 3]) {
      const media = await studio.importMedia(await makeFilm(join(files.path, `film${n}.mp4`), 0.4 * n, "320x180"));
      await settled(studio, media.id);
      ids.push(media.id);
    }
    const kept = await readdir(join(bench.home, "cache", "media"));
    expect(kept.length).toBeLessThan(3);
    expect(kept).toContain((await statusOf(studio, ids[2]!)).version);
    expect(await settled(studio, ids[0]!)).toMatchObject({ poster: true, problem: null });
  });
});

const onDisk = describe.skipIf(!canMount);
const needs = "(needs the right to mount a small disk: root on Linux)";

onDisk(`disks ${needs}`, () => {
  it("a full disk under the data folder: what was to be prepared says so, an upload is refused whole, the project is intact", async () => {
    await using disk = await mountDisk("size=3m");
    await mkdir(join(disk.path, "models"));
    await using here = await room(disk.path);
    const { studio, at, project } = here;
    await ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:d=1:r=25", "-c:v", "prores_ks", at("big.mov"));
    await writeFile(join(disk.path, "filler"), Buffer.alloc(2_880_000)).catch(() => {});
    const left = 8192;
    const filler = join(disk.path, "filler");
    await writeFile(filler, Buffer.alloc(3 * 2 ** 20)).catch(() => {});
    await truncate(filler, (await stat(filler)).size - left * 3);
    const [film] = await here.use(at("big.mov"));
    const status = await settled(studio, film!.id);
    expect(status.problem).toBe("The disk is full: free some space and try again.");
    const bytes = (async function* () {
      yield await readFile(at("big.mov"));
    })();
    await expect(studio.uploadMedia("big.mov", bytes)).rejects.toMatchObject({ code: "DISK_FULL" });
    expect((await studio.call("media.list", {})).map(({ id }) => id)).toEqual([film!.id]);
    expect((await readdir(join(disk.path, "media"))).filter((name) => /part|data/.test(name))).toEqual([]);
    const { document } = await studio.call("projects.open", { id: project.id });
    expect(Object.keys(document.media)).toEqual([film!.id]);
    await rm(filler);
    await studio.call("media.prepare", { ids: [film!.id] });
    expect(await settled(studio, film!.id)).toMatchObject({ poster: true, proxy: true, problem: null });
  });

  it("a project in a folder that cannot be written to is shown with its media, and refuses more with the reason", async () => {
    await using here = await room();
    const { studio, at, project, bench } = here;
    const [film] = await here.use(await makeFilm(at("film.mp4")));
    await studio.call("projects.close", { id: project.id });
    const folder = join(bench.output, "Projects", "Film");
    await promisify(execFile)("mount", ["--bind", folder, folder]);
    await promisify(execFile)("mount", ["-o", "remount,ro,bind", folder]);
    try {
      const opened = await studio.call("projects.open", { id: project.id });
      expect(opened.readOnly).toMatch(/cannot be written to/);
      expect(opened.document.media[film!.id]?.name).toBe("film.mp4");
      expect(await settled(studio, film!.id)).toMatchObject({ isOnline: true, poster: true });
      const other = await studio.importMedia(await makeFilm(at("other.mp4")));
      await expect(studio.call("projects.useMedia", { id: project.id, media: [other.id] })).rejects.toMatchObject({
        code: "PROJECT_READ_ONLY",
        message: expect.stringMatching(SENTENCE) as string,
      });
      // Missing media of such a project can be located all the same: it is the studio that learns where they are.
      await rename(at("film.mp4"), at("moved.mp4"));
      await studio.importMedia(at("moved.mp4"), { as: film!.id });
      expect(await statusOf(studio, film!.id)).toMatchObject({ isOnline: true });
      await studio.call("projects.close", { id: project.id });
    } finally {
      await promisify(execFile)("umount", ["-l", folder]);
    }
    await chmod(folder, 0o755);
  });
});
