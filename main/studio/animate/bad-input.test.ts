/** Input that makes no sense, or more than a studio can take: one sentence that says what to do, and nothing of the user's is lost. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type AnimationRequest, asLaneMedia, type JobSnapshot, type Media } from "../../../core/contract/index.ts";
import { cmykJpeg, hugePng } from "../../media/odd-pictures.testkit.ts";
import type { Studio } from "../studio.ts";
import { installFake, testBench } from "../testing.ts";
import { animate, animationBench, ffmpeg } from "./animation-bench.testkit.ts";

vi.setConfig({ testTimeout: 240_000 });

/** Its sentence, and that it is one. */
const refusal = (work: Promise<unknown>): Promise<{ code: string; message: string }> =>
  work.then(
    () => expect.unreachable("it was taken"),
    (error: { code: string; message: string }) => {
      expect(error.message).toMatch(/^[A-Z“][^\n]*\.$/u);
      return error;
    },
  );

describe("whatever is dropped", () => {
  let bench: Awaited<ReturnType<typeof animationBench>>;
  let studio: Studio;
  let [picture, sound] = ["", ""];
  let good: { media: readonly string[]; clips: readonly string[] };
  const at = (name: string) => join(bench.folder, name);
  const add = async (name: string, ...args: string[]): Promise<Media> => {
    if (args.length > 0) await ffmpeg(...args, at(name));
    return studio.importMedia(at(name));
  };
  const run = async (request: Partial<AnimationRequest> = {}): Promise<JobSnapshot> =>
    studio.ended((await animate(studio, { picture, sound, seed: 1, straight: true, ...request })).id);
  const ids = async () => ({
    media: (await studio.call("media.list", {})).map(({ id }) => id),
    clips: (await studio.call("library.list", {})).map(({ id }) => id),
  });
  beforeAll(async () => {
    bench = await animationBench();
    const opened = await bench.openWith();
    ({ studio } = opened);
    [picture, sound] = [opened.picture.id, opened.sound.id];
    expect((await run()).state).toBe("done");
    good = await ids();
  });
  afterEach(async () => {
    // Everything that was there is there, and can be worked with.
    const now = await ids();
    expect(now.media).toEqual(expect.arrayContaining([...good.media]));
    expect(now.clips).toEqual(expect.arrayContaining([...good.clips]));
    expect((await studio.call("media.list", {})).every(({ isThere }) => isThere)).toBe(true);
  });
  afterAll(async () => {
    expect((await run({ seed: 2 })).state).toBe("done");
    await bench[Symbol.asyncDispose]();
  });

  it("silence: said when it is listened to, and refused before anything is drawn", async () => {
    const { id } = await add("silent.wav", "-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo", "-t", "2");
    const { note } = await studio.call("sound.analyze", { id, range: { from: 0, frames: 48 } });
    expect(note).toBe("This stretch is silent, so nothing in it can move the picture: choose another part.");
    const ended = await run({ sound: id });
    expect(ended).toMatchObject({ state: "failed", stage: "keyframes" });
    expect(ended.error).toMatchObject({
      code: "BAD_REQUEST",
      message:
        "This stretch of “silent.wav” is silent, so nothing in it can move the picture: choose another part of it.",
    });
  });

  it("a click of 50 ms: it says that the rest is silent, and the picture moves on the click", async () => {
    const { id } = await add("click.wav", "-f", "lavfi", "-i", "aevalsrc=0.8:s=44100:d=0.05");
    const { note } = await studio.call("sound.analyze", { id, range: { from: 0, frames: 48 } });
    expect(note).toBe("The sound lasts 0.05 s from here; the rest of the clip is silent.");
    expect(await run({ sound: id })).toMatchObject({ state: "done", clip: { frames: 48 } });
  });

  it("three hours of sound: only the chosen stretch is decoded, and it says which", async () => {
    const { id, ...facts } = await add("long.wav", "-f", "lavfi", "-i", "sine=f=220:r=4000:d=10800", "-c:a", "pcm_u8");
    expect(facts).toMatchObject({ kind: "sound", seconds: 10_800 });
    const before = process.cpuUsage();
    const memory = process.memoryUsage().rss;
    const analysis = await studio.call("sound.analyze", { id, range: { from: 5400 * 24, frames: 48 } });
    expect(analysis.note).toBe("Uses 1:30:00 to 1:30:02 of 3:00:00.");
    expect(analysis.curves.loudness.some((value) => value > 0.5)).toBe(true);
    expect(process.memoryUsage().rss - memory).toBeLessThan(200 * 2 ** 20);
    expect(process.cpuUsage(before).user).toBeLessThan(20e6);
    expect(await run({ sound: id, from: 5400 * 24 })).toMatchObject({ state: "done", clip: { frames: 48 } });
    const late = await refusal(animate(studio, { picture, sound: id, from: 10_801 * 24 }));
    expect(late).toMatchObject({
      code: "BAD_REQUEST",
      message: "The sound ends after 10800.0 seconds: begin earlier in it.",
    });
  });

  it("a text that is called .wav", async () => {
    await writeFile(at("notes.wav"), "this is text\n".repeat(200));
    expect(await refusal(add("notes.wav"))).toMatchObject({
      code: "MEDIA_UNREADABLE",
      message: "“notes.wav” is no picture, sound or film that can be read: choose another, or convert it first.",
    });
    expect(await readFile(at("notes.wav"), "utf8")).toContain("this is text");
  });

  it("a picture of 1 × 1", async () => {
    await writeFile(at("dot.png"), hugePng(1, 1));
    expect(await refusal(add("dot.png"))).toMatchObject({
      code: "MEDIA_UNREADABLE",
      message: "“dot.png” is only 1×1 pixels: choose one of at least 16×16.",
    });
  });

  it("a picture of 20 000 × 20 000", async () => {
    await writeFile(at("huge.png"), hugePng(20_000, 20_000));
    const memory = process.memoryUsage().rss;
    expect(await refusal(add("huge.png"))).toMatchObject({
      code: "MEDIA_UNREADABLE",
      message: "“huge.png” has 400 megapixels (20000×20000): make it smaller than 120 and try again.",
    });
    expect(process.memoryUsage().rss - memory).toBeLessThan(200 * 2 ** 20);
  });

  it("a CMYK JPEG is a picture like any other", async () => {
    await writeFile(at("print.jpg"), cmykJpeg(64, [255, 0, 0, 255]));
    const { id } = await add("print.jpg");
    expect(await run({ picture: id })).toMatchObject({ state: "done", error: null });
  });

  it("an animated GIF says that its first frame is used, and moves to the sound", async () => {
    const gif = await add("moves.gif", "-f", "lavfi", "-i", "testsrc=size=96x64:rate=10:d=1");
    expect(asLaneMedia(gif)).toMatchObject({ kind: "picture" });
    expect(asLaneMedia(gif)?.note).toBe("This picture moves: its first frame is used.");
    expect(await run({ picture: gif.id })).toMatchObject({ state: "done", error: null });
  });

  it("not enough memory: the engine dies of it, the sentence says so, and what was made is gone on from", async () => {
    // That it is refused beforehand, with numbers, is shown with the real engine in test/faults/animation.test.ts.
    const failed = await run({ prompt: "oom" });
    expect(failed.error).toMatchObject({
      code: "MODEL_OUT_OF_MEMORY",
      message:
        "The computer ran out of memory: choose a smaller size or fewer frames, or close other programs, and try again.",
    });
    const again = await studio.call("jobs.retry", { id: failed.id });
    expect(await studio.ended(again.id)).toMatchObject({ state: "done", error: null });
  });
});

it("a missing model, a wrong model, a missing file, the wrong kind: one sentence each", async () => {
  await using bench = await testBench();
  const studio = await bench.open();
  const folder = join(bench.home, "mine");
  await mkdir(folder);
  const [png, wav] = [join(folder, "a.png"), join(folder, "a.wav")];
  await ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", png);
  await ffmpeg("-f", "lavfi", "-i", "sine=d=2", wav);
  const [picture, sound] = [await studio.importMedia(png), await studio.importMedia(wav)];
  const refused = (request: AnimationRequest) =>
    animate(studio, request).then(
      () => null,
      (error: unknown) => error,
    );
  const both = { picture: picture.id, sound: sound.id };
  expect(await refused(both)).toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringContaining("KeyVID") });
  expect(await refused({ ...both, model: "fake" })).toMatchObject({ code: "MODEL_WRONG_KIND" });
  expect(await refused({ picture: sound.id, sound: sound.id })).toMatchObject({ code: "BAD_REQUEST" });
  expect(await refused({ ...both, picture: "nothing" })).toMatchObject({ code: "NOT_FOUND" });
  expect(await studio.call("media.list", {})).toHaveLength(2);
  expect((await readdir(folder)).toSorted()).toEqual(["a.png", "a.wav"]);
  await installFake(bench.home, "motion");
  await writeFile(wav, "no sound any more");
  expect(await refused(both)).toMatchObject({ code: "MEDIA_MISSING" });
});
