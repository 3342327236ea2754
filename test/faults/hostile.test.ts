/** Files that somebody made to do harm: projects, and names of media. Checkpoints: see checkpoints.test.ts and native-models/checkpoint. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { applyPatch } from "../../core/history/index.ts";
import { newTimeline } from "../../core/timeline/index.ts";
import { loadProject } from "../../main/studio/projects/load.ts";
import { placeOf, type ProjectPlace } from "../../main/studio/projects/place.ts";
import { ProjectStore } from "../../main/studio/projects/store.ts";
import type { Studio } from "../../main/studio/studio.ts";
import { testBench } from "../../main/studio/testing.ts";

let bench: Awaited<ReturnType<typeof testBench>>;
let studio: Studio;
beforeAll(async () => {
  bench = await testBench();
  studio = await bench.open();
});
afterAll(async () => bench[Symbol.asyncDispose]());

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "opened",
    (error: Error & { code?: string }) => error.code ?? error.message,
  );

const openHostile = async () => {
  const [found] = (await studio.call("projects.list", {})).filter(({ name }) => name === "Hostile");
  return studio.call("projects.open", { id: found!.id });
};

async function picture(): Promise<string> {
  const file = join(bench.output, "picture.png");
  if (!existsSync(file)) {
    execFileSync("ffmpeg", [
      "-nostdin",
      "-v",
      "error",
      "-f",
      "lavfi",
      "-i",
      "testsrc2=s=64x64",
      "-frames:v",
      "1",
      file,
    ]);
  }
  return file;
}

describe("a project made to do harm", () => {
  let place: ProjectPlace;
  beforeEach(async () => {
    place = placeOf(join(bench.output, "Projects", "Hostile"));
    await rm(place.folder, { recursive: true, force: true });
    await ProjectStore.create(place, newTimeline("Hostile"));
  });

  test.each<[string, (file: string) => Promise<void>]>([
    ["larger than any memory", async (file) => truncate(file, 600 * 2 ** 20)],
    [
      "nested without end",
      async (file) => writeFile(file, `{"timeline":${"[".repeat(500_000)}${"]".repeat(500_000)}}`),
    ],
    [
      "sound at first sight, and nested without end",
      async (file) => {
        const { schema, revision, savedAt } = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
        const head = JSON.stringify({ schema, revision, savedAt }).slice(0, -1);
        await writeFile(file, `${head},"timeline":{"tracks":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}}`);
      },
    ],
    ["a prototype", async (file) => writeFile(file, '{"__proto__":{"schema":"plume.project/1","polluted":true}}')],
    ["a link to a device", async (file) => rm(file).then(() => symlink("/dev/zero", file))],
    ["a link to another file", async (file) => rm(file).then(() => symlink("/etc/passwd", file))],
    ["a folder", async (file) => rm(file).then(() => mkdir(file))],
    ["a pipe", async (file) => rm(file).then(() => void execFileSync("mkfifo", [file]))],
  ])("%s is refused in one sentence", async (_name, spoil) => {
    await spoil(place.file);
    expect(await codeOf(loadProject(place))).toMatch(/^(PROJECT_DAMAGED|NOT_FOUND)$/);
    expect("polluted" in {}).toBe(false);
  });

  test.each<[string, (journal: string) => Promise<void>]>([
    ["a link to a device", async (journal) => symlink("/dev/zero", journal)],
    ["a pipe", async (journal) => void execFileSync("mkfifo", [journal])],
    ["larger than any memory", async (journal) => writeFile(journal, "{").then(() => truncate(journal, 3 * 2 ** 30))],
  ])("its journal %s: the project opens as it was saved", async (_name, spoil) => {
    await mkdir(place.hidden, { recursive: true });
    await rm(place.journal, { force: true });
    await spoil(place.journal);
    const { recovered, timeline } = await loadProject(place);
    expect([recovered, timeline.tracks.length > 0]).toEqual([[], true]);
  });

  test("a journal cannot reach into prototypes", async () => {
    for (const path of [
      ["__proto__", "polluted"],
      ["constructor", "prototype", "polluted"],
      ["settings", "__proto__", "polluted"],
    ]) {
      try {
        applyPatch(JSON.parse('{"settings":{}}') as object, [{ path, set: true }]);
      } catch {
        // Refused: as good.
      }
      expect("polluted" in {}).toBe(false);
    }
  });

  test("media outside are offline: no path of a project file is ever read", async () => {
    const secret = join(bench.output, "secret.png");
    await writeFile(secret, "secret");
    const text = await readFile(place.file, "utf8");
    for (const path of [
      "../../secret.png",
      secret,
      "/etc/passwd",
      "\\\\host\\share\\a.png",
      "http://127.0.0.1/a.png",
    ]) {
      const file = JSON.parse(text) as { timeline: { media: object } };
      const reference = {
        id: "m1",
        kind: "image",
        name: "secret.png",
        path,
        fingerprint: { bytes: 6, sha256: "ab".repeat(32) },
        availableRange: null,
        rate: null,
        size: { width: 1, height: 1 },
        audio: null,
        record: null,
      };
      file.timeline.media = { m1: reference };
      await writeFile(place.file, JSON.stringify(file));
      const { id, document } = await openHostile();
      expect(JSON.stringify(document)).not.toContain("/etc");
      expect(document.media["m1"]?.path).not.toMatch(/[\\/]/);
      expect(await studio.call("media.status", { ids: ["m1"] })).toMatchObject([{ id: "m1", isOnline: false }]);
      expect(await codeOf(studio.mediaFile("m1", "0", "original"))).toMatch(/^(NOT_FOUND|MEDIA_MISSING)$/);
      await studio.call("projects.close", { id });
    }
  });
});

describe("names made to do harm", () => {
  // What each would do to an ffmpeg, a shell or a page that took it for more than a name.
  test.each([
    "-i.png",
    "-f lavfi.png",
    "concat:a|b.png",
    "it's 50%: [in],;.png",
    "$(touch pwned).png",
    "`touch pwned`.png",
    "two\nlines.png",
    "file:http:..png",
    "<img src=x onerror=alert(1)>.png",
    "\u202egnp.exe.png",
    "CON.png",
    "*?.png",
    "a%03d.png",
  ])("a picture called %j is a picture", async (name) => {
    const folder = join(bench.output, "names");
    await mkdir(folder, { recursive: true });
    const file = join(folder, name);
    await copyFile(await picture(), file);
    const media = await studio.importMedia(file);
    expect(media).toMatchObject({ kind: "picture", name });
    const shown = await studio.pictureFile(media.id);
    expect((await readFile(shown.path)).subarray(1, 4).toString()).toBe("PNG");
    expect(existsSync(join(folder, "pwned")) || existsSync("pwned")).toBe(false);
  });

  test.each([
    "../../../escape.png",
    "/etc/escape.png",
    "..\\..\\escape.png",
    "a\u0000b.png",
    "",
    ".",
    "..",
    "x".repeat(5000),
  ])("bytes handed over as %j stay among the studio's own", async (name) => {
    const before = await readdir(bench.output);
    const bytes = await readFile(await picture());
    const outcome = await studio
      .uploadMedia(
        name,
        (async function* () {
          yield bytes;
        })(),
      )
      .then(
        (media) => media.name,
        (error: { code: string }) => error.code,
      );
    expect(outcome).toMatch(/^[^/\\]{1,255}$/);
    expect(outcome).not.toContain("\u0000");
    expect(await readdir(bench.output)).toEqual(before);
    expect(existsSync("/etc/escape.png")).toBe(false);
  });

  test("a playlist under a picture's name reads no other file", async () => {
    const folder = join(bench.output, "lists");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "secret.txt"), "secret");
    for (const [name, text] of [
      ["a.png", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"],
      ["b.mp4", "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"],
      ["c.wav", "ffconcat version 1.0\nfile secret.txt\n"],
      ["d.svg", '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'],
    ] as const) {
      await writeFile(join(folder, name), text);
      expect(await codeOf(studio.importMedia(join(folder, name))), name).toBe("MEDIA_UNREADABLE");
    }
  });
});
