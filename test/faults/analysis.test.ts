/** Media of every odd kind, looked at in every way: answered, or refused in one sentence, and nothing lost. */
import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { StudioError } from "../../core/contract/index.ts";
import { clipsOf, type Timeline } from "../../core/timeline/index.ts";
import { cmykJpeg } from "../../main/media/odd-pictures.testkit.ts";
import { temporaryFolder } from "../../main/media/testing.ts";
import type { Studio } from "../../main/studio/studio.ts";
import { installFake, testBench } from "../../main/studio/testing.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const ffmpeg = (...args: string[]) => promisify(execFile)("ffmpeg", ["-v", "error", "-y", ...args]);
const SENTENCE = /^[“A-Z][^\n]*[.]$/;
const RED = "color=c=0xe01818";

let bench: Awaited<ReturnType<typeof testBench>>;
let files: Awaited<ReturnType<typeof temporaryFolder>>;
let studio: Studio;
const at = (name: string) => join(files.path, name);
const still = (name: string, source: string, ...more: string[]) =>
  ffmpeg("-f", "lavfi", "-i", source, ...more, "-frames:v", "1", at(name));

beforeAll(async () => {
  bench = await testBench();
  await installFake(bench.home, "eyes");
  files = await temporaryFolder();
  studio = await bench.open();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
  await files?.[Symbol.asyncDispose]();
});

const everything = { tags: true, objects: true, masks: true, aspect: 9 / 16 } as const;
const analyze = (id: string) => studio.analyze(id, { ...everything, signal: new AbortController().signal });
const refusal = (work: Promise<unknown>): Promise<StudioError> =>
  work.then(
    () => Promise.reject(new Error("It was not refused.")),
    (error: StudioError) => error,
  );

/** The masks of a medium's first second once they are there, or why they are not. */
async function masksOf(id: string) {
  const wants = [{ id, start: 0, end: 1 }];
  return vi.waitFor(
    async () => {
      const [status] = await studio.call("analysis.masks", { wants });
      if (status!.problem === null && status!.stretches.length === 0) throw new Error("not there yet");
      return status!;
    },
    { timeout: 200_000, interval: 100 },
  );
}

/** A project that holds one clip of it. */
async function project(name: string, media: string) {
  const { id } = await studio.call("projects.create", { name, settings: { width: 180, height: 320 } });
  await studio.call("projects.useMedia", { id, media: [media] });
  const document = async (): Promise<Timeline> => (await studio.call("projects.open", { id })).document;
  const track = (await document()).tracks.find(({ kind }) => kind === "video")!;
  await studio.call("projects.edit", {
    id,
    name: "append",
    arguments: { clips: [{ track: track.id, clip: { media } }] },
  });
  const [clip] = [...clipsOf(await document())];
  return { id, document, clip: clip!.id };
}

const odd: Readonly<Record<string, () => Promise<unknown>>> = {
  "ink.jpg": () => writeFile(at("ink.jpg"), cmykJpeg(64, [255, 20, 20, 255])),
  "deep.png": () => still("deep.png", `${RED}:s=96x64:d=1`, "-pix_fmt", "rgb48be"),
  "see-through.png": () => still("see-through.png", `${RED}@0.5:s=96x64:d=1,format=rgba`),
  "wide.png": () => still("wide.png", `${RED}:s=20000x64:d=1`),
  "tall.png": () => still("tall.png", `${RED}:s=64x4000:d=1`),
  "small.png": () => still("small.png", `${RED}:s=16x16:d=1`),
  "moving.gif": () => ffmpeg("-f", "lavfi", "-i", `${RED}:s=96x64:d=1:r=6`, at("moving.gif")),
  "moving.png": () =>
    ffmpeg("-f", "lavfi", "-i", `${RED}:s=96x64:d=1:r=6`, "-f", "apng", "-plays", "0", at("moving.png")),
  "one-frame.mp4": () => still("one-frame.mp4", `${RED}:s=96x64:r=25:d=1`, "-pix_fmt", "yuv444p"),
};

describe("odd media", () => {
  for (const [name, make] of Object.entries(odd))
    it(`${name}: tags, things, masks and a crop`, async () => {
      await make();
      const media = await studio.importMedia(at(name));
      const report = await analyze(media.id);
      expect(report.facts.tags.map(({ label }) => label)).toContain("red");
      expect(report.facts.colours[0]!.name).toBe("red");
      expect(report.tracks.map(({ label }) => label)).toEqual(["circle"]);
      expect(report.reframe!.keyframes.x.length).toBeGreaterThan(0);
      for (const { box } of report.tracks.flatMap(({ points }) => points))
        for (const edge of box) expect(edge >= 0 && edge <= 1).toBe(true);
      expect(await masksOf(media.id)).toMatchObject({ problem: null, kinds: ["circle"] });
      const { id, document, clip } = await project(`Odd ${name}`, media.id);
      const before = await document();
      await studio.call("analysis.reframe", { id, clip });
      await studio.call("projects.undo", { id });
      expect((await document()).tracks).toEqual(before.tracks);
    });
});

describe("media that cannot be looked at", () => {
  it("are refused when they come in, each in one sentence: a dot, and what is no picture", async () => {
    await still("dot.png", `${RED}:s=16x16:d=1`, "-vf", "scale=1:1");
    await still("whole.png", "testsrc2=s=96x64:d=1");
    await writeFile(at("half.png"), (await readFile(at("whole.png"))).subarray(0, 60));
    await writeFile(at("words.jpg"), "no picture");
    for (const name of ["dot.png", "half.png", "words.jpg"]) {
      const { message } = await refusal(studio.importMedia(at(name)));
      expect(message).toMatch(SENTENCE);
      expect(message).toContain(name);
    }
  });

  it("a film whose frames are damaged, or that goes away, is told in one sentence each time, and the project is as it was", async () => {
    const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p"];
    const film = async (name: string) => {
      await ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:d=2:r=10", ...encode, "-movflags", "+faststart", at(name));
      const media = await studio.importMedia(at(name));
      return { media, ...(await project(name, media.id)) };
    };
    for (const [name, harm] of [
      [
        "hollow.mp4",
        async () => {
          const bytes = await readFile(at("hollow.mp4"));
          await writeFile(at("hollow.mp4"), bytes.fill(0x5a, bytes.indexOf("mdat") + 4));
        },
      ],
      ["replaced.mp4", () => writeFile(at("replaced.mp4"), "no film any more")],
      ["gone.mp4", () => rm(at("gone.mp4"), { force: true })],
    ] as const) {
      const { media, id, document, clip } = await film(name);
      const before = await document();
      await harm();
      for (const work of [() => analyze(media.id), () => studio.call("analysis.reframe", { id, clip })]) {
        const { message } = await refusal(work());
        expect(message, name).toMatch(SENTENCE);
      }
      const { problem, stretches } = await masksOf(media.id);
      expect(stretches).toEqual([]);
      expect(problem, name).toMatch(SENTENCE);
      expect(await document()).toEqual(before);
    }
    // Whoever comes next is looked at.
    await still("after.png", `${RED}:s=96x64:d=1`);
    expect((await analyze((await studio.importMedia(at("after.png"))).id)).tracks).toHaveLength(1);
  });

  it("without a model colours are told, and everything else says what to install", async () => {
    await using empty = await testBench();
    const alone = await empty.open();
    await still("red.png", `${RED}:s=96x64:d=1`);
    const media = await alone.importMedia(at("red.png"));
    const signal = new AbortController().signal;
    const { facts } = await alone.analyze(media.id, {
      tags: false,
      objects: false,
      masks: false,
      aspect: null,
      signal,
    });
    expect(facts.colours[0]!.name).toBe("red");
    expect(facts.problem).toMatch(/^No model that looks at pictures is installed: [^\n]+\.$/);
    for (const wish of [{ tags: true }, { objects: true }, { masks: true }, { aspect: 1 }]) {
      const none = { tags: false, objects: false, masks: false, aspect: null };
      const error = await refusal(alone.analyze(media.id, { ...none, ...wish, signal }));
      expect(error.code).toBe("MODEL_NOT_FOUND");
      expect(error.message).toMatch(SENTENCE);
    }
  });
});
