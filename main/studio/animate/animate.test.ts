import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { type AnimateJob, animationRecordSchema } from "../../../core/contract/index.ts";
import { locateFfmpeg, probeVideo } from "../../media/index.ts";
import { record } from "../testing.ts";
import { animate, animationBench, ffmpeg, jobOf, soon, waits } from "./animation-bench.testkit.ts";

vi.setConfig({ testTimeout: 240_000 });

describe("from a picture and a sound to a clip", () => {
  it("listens, draws keyframes, waits for the user's word while others pass, then draws the motion and joins the sound", async () => {
    await using bench = await animationBench();
    const { studio, picture, sound } = await bench.openWith();
    const events = record(studio);
    const { id } = await animate(studio, { picture: picture.id, sound: sound.id, seed: 7 });
    const waiting = await waits(studio, id);
    expect(waiting.keyframes).toHaveLength(12);
    expect(waiting.keyframes.every(({ version, isDue }) => version === 1 && !isDue)).toBe(true);
    expect(waiting.curve).toHaveLength(48);
    expect((await studio.keyframe(id, 11)).length).toBe(waiting.request.width * waiting.request.height * 4);
    const [other] = await studio.call("jobs.generate", { request: { prompt: "passes" }, variations: 1 });
    expect((await studio.ended(other!.id)).state).toBe("done");
    expect(await readdir(bench.output)).toHaveLength(2);

    await studio.call("jobs.approve", { id });
    const done = (await studio.ended(id)) as AnimateJob;
    expect(done).toMatchObject({ state: "done", error: null, progress: { fraction: 1 } });
    const file = await studio.clipFile(done.clip!.id);
    expect(file.path).toMatch(/logo-beat-s7\.mp4$/);
    const probe = await probeVideo(await locateFfmpeg(), file.path);
    expect(probe).toMatchObject({ codec: "h264", frames: 48, width: done.request.width, streams: 2 });
    expect(probe.sound).toMatchObject({ codec: "aac", start: 0, videoStart: 0, videoSeconds: 2 });
    expect(probe.sound?.seconds).toBeCloseTo(2, 2);
    const text = await readFile(file.path.replace(".mp4", ".json"), "utf8");
    const stored = animationRecordSchema.parse(JSON.parse(text));
    expect(stored.inputs).toMatchObject({
      picture: { name: "logo.png" },
      sound: { name: "beat.wav", sampleRate: 44100 },
    });
    expect(text).not.toContain(bench.home);
    // Nothing of the work is left, and progress never fell within a run.
    await soon(async () => expect(await readdir(join(bench.home, "work"))).toEqual([]));
    const fractions = events.flatMap((event) =>
      event.type === "job" && event.job.id === id && event.job.state === "running" ? [event.job.progress.fraction] : [],
    );
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  });

  it("plays the original sound in step with the picture: click and jump are where they were, to the millisecond and the frame", async () => {
    await using bench = await animationBench();
    const click = join(bench.folder, "click.wav");
    await ffmpeg("-f", "lavfi", "-i", "aevalsrc='if(between(t,1,1.005),0.9,0)|0':s=48000:d=2", click);
    const { studio, picture } = await bench.openWith();
    const sound = await studio.importMedia(click);
    // The fake animator zooms by the sound's level at each keyframe: in at frame 24, where the click is, and out again.
    const segments = [{ start: 0, keyframes: [0, 4, 8, 12, 16, 20, 22, 23, 24, 25, 32, 40] }];
    const { id } = await animate(studio, { picture: picture.id, sound: sound.id, straight: true, segments });
    const done = await studio.ended(id);
    const { path } = await studio.clipFile(done.clip!.id);
    const grey = join(bench.folder, "out.grey");
    await ffmpeg("-i", path, "-map", "0:v", "-f", "rawvideo", "-pix_fmt", "gray", grey);
    const film = await readFile(grey);
    const plane = done.clip!.width * done.clip!.height;
    expect(film.length).toBe(48 * plane);
    const changes = Array.from({ length: 47 }, (_, n) => {
      let sum = 0;
      for (let i = 0; i < plane; i += 1) sum += Math.abs(film[(n + 1) * plane + i]! - film[n * plane + i]!);
      return sum / plane;
    });
    expect(changes.findIndex((change) => change > 5) + 1).toBe(24);
    const pcm = join(bench.folder, "out.f32");
    await ffmpeg("-i", path, "-map", "0:a", "-f", "f32le", "-c:a", "pcm_f32le", pcm);
    const bytes = await readFile(pcm);
    const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    let first = 0;
    while (Math.abs(samples[first * 2]!) < 0.2) first += 1;
    expect(first / 48_000).toBeGreaterThan(0.99);
    expect(first / 48_000).toBeLessThan(1.01);
    expect(samples.filter((_, i) => i % 2 === 1).every((value) => Math.abs(value) < 0.1)).toBe(true); // stereo stays stereo
  });

  it("gives equal frames for equal requests, also when it goes straight through", async () => {
    await using bench = await animationBench();
    const { studio, picture, sound } = await bench.openWith();
    const request = { picture: picture.id, sound: sound.id, seed: 3, straight: true };
    const clips = [];
    for (let n = 0; n < 2; n += 1) clips.push((await studio.ended((await animate(studio, request)).id)).clip!);
    const [a, b] = clips.map(({ record }) => animationRecordSchema.parse(record));
    expect(b).toMatchObject({
      framesSha256: a!.framesSha256,
      keyframesSha256: a!.keyframesSha256,
      request: a!.request,
    });
  });

  it("makes longer sound from segments that overlap, exactly as long as the sound", async () => {
    await using bench = await animationBench(5.5);
    const { studio, picture, sound } = await bench.openWith();
    const { id } = await animate(studio, { picture: picture.id, sound: sound.id, straight: true });
    const done = (await studio.ended(id)) as AnimateJob;
    expect(done.error).toBeNull();
    expect(done.request.segments.length).toBe(3);
    expect(done.keyframes).toHaveLength(36);
    const probe = await probeVideo(await locateFfmpeg(), (await studio.clipFile(done.clip!.id)).path);
    expect(probe.frames).toBe(132);
    expect(probe.sound?.seconds).toBeCloseTo(5.5, 2);
  });
});

describe("the user's word", () => {
  it("rolls one or all again, keeps the others, and replays the rolls when the clip is made again", async () => {
    await using bench = await animationBench();
    const { studio, picture, sound } = await bench.openWith();
    const { id } = await animate(studio, { picture: picture.id, sound: sound.id, seed: 7 });
    await waits(studio, id);
    const before = await Promise.all([2, 3].map((place) => studio.keyframe(id, place)));
    await studio.call("jobs.reroll", { id, only: [3], prompt: "brighter" });
    const rolled = await soon(async () => {
      const job = await jobOf(studio, id);
      expect(job).toMatchObject({ state: "waiting", rolled: 1 });
      return job;
    });
    expect(rolled.keyframes.map(({ version }) => version)).toEqual([1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(rolled.request.rolls).toMatchObject([{ only: [3], prompt: "brighter" }]);
    expect(await studio.keyframe(id, 2)).toEqual(before[0]);
    expect(await studio.keyframe(id, 3)).not.toEqual(before[1]);
    await studio.call("jobs.reroll", { id, only: null });
    await soon(async () => expect(await jobOf(studio, id)).toMatchObject({ state: "waiting", rolled: 2 }));
    await studio.call("jobs.approve", { id });
    const first = animationRecordSchema.parse((await studio.ended(id)).clip!.record);
    const second = await studio.ended((await animate(studio, { ...first.request, straight: true })).id);
    expect(animationRecordSchema.parse(second.clip!.record).framesSha256).toBe(first.framesSha256);
  });

  it("is refused where there is nothing to decide", async () => {
    await using bench = await animationBench();
    const { studio, picture, sound } = await bench.openWith();
    const { id } = await animate(studio, { picture: picture.id, sound: sound.id });
    await waits(studio, id);
    await expect(studio.call("jobs.reroll", { id, only: [12] })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await studio.call("jobs.cancel", { id });
    await expect(studio.call("jobs.approve", { id })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    expect(await readdir(join(bench.home, "work"))).toEqual([]);
  });
});

describe("interruptions", () => {
  it("pauses between two steps and goes on from the saved state", async () => {
    await using bench = await animationBench();
    const { studio, picture, sound } = await bench.openWith();
    // Slow enough that a busy machine finds it in the first stage.
    const request = { picture: picture.id, sound: sound.id, prompt: "slow", steps: 60, straight: true };
    const { id } = await animate(studio, request);
    await soon(async () => expect((await jobOf(studio, id)).progress.done).toBeGreaterThan(3));
    await studio.call("jobs.pause", { id });
    await soon(async () => expect((await jobOf(studio, id)).state).toBe("paused"));
    await studio.call("jobs.resume", { id });
    const { seconds } = animationRecordSchema.parse((await studio.ended(id)).clip!.record);
    expect(seconds["keyframes: resumed"]).toBeGreaterThanOrEqual(3);
  });

  it("survives the studio's end: its keyframes are there, and it goes on from where it was", async () => {
    await using bench = await animationBench();
    const { studio, picture, sound } = await bench.openWith();
    const slow = { picture: picture.id, sound: sound.id, prompt: "slow", steps: 60 };
    const waiting = await animate(studio, { ...slow, steps: 2 });
    await waits(studio, waiting.id);
    const running = await animate(studio, slow);
    await soon(async () => expect((await jobOf(studio, running.id)).progress.done).toBeGreaterThan(4));
    await studio.close();

    const again = await bench.open();
    expect(await jobOf(again, waiting.id)).toMatchObject({ state: "waiting", stage: "approval" });
    expect((await again.keyframe(waiting.id, 0)).length).toBeGreaterThan(0);
    await waits(again, running.id);
    for (const { id } of [waiting, running]) await again.call("jobs.approve", { id });
    const clips = await Promise.all([waiting, running].map(({ id }) => again.ended(id)));
    expect(clips.map(({ state }) => state)).toEqual(["done", "done"]);
    const { seconds } = animationRecordSchema.parse(clips[1]!.clip!.record);
    expect(seconds["keyframes: resumed"]).toBeGreaterThanOrEqual(4);
  });

  it("a dying engine fails the job and keeps what was made; Retry goes on from there", async () => {
    await using bench = await animationBench();
    const { studio, picture, sound } = await bench.openWith();
    const { id } = await animate(studio, { picture: picture.id, sound: sound.id, prompt: "exit9", straight: true });
    const failed = await studio.ended(id);
    expect(failed).toMatchObject({ state: "failed", error: { code: "ENGINE_CRASHED" } });
    const again = await studio.call("jobs.retry", { id });
    const done = await studio.ended(again.id);
    expect(done).toMatchObject({ state: "done" });
    expect(animationRecordSchema.parse(done.clip!.record).seconds["keyframes: resumed"]).toBe(1);
  });
});

describe("the media list", () => {
  it("keeps uploads, refers to files, notices changes, and replaces", async () => {
    await using bench = await animationBench();
    const { studio, sound } = await bench.openWith();
    const uploaded = await studio.uploadMedia("C:\\music\\tune.wav", createReadStream(bench.files.sound));
    expect(uploaded).toMatchObject({ kind: "sound", name: "tune.wav", version: sound.version });
    await ffmpeg("-f", "lavfi", "-i", "sine=d=3", bench.files.sound);
    const [changed] = (await studio.call("media.list", {})).filter(({ id }) => id === sound.id);
    expect(changed).toMatchObject({ seconds: 3, isThere: true });
    expect(changed!.version).not.toBe(sound.version);
    const replaced = await studio.call("media.replace", { id: sound.id, by: uploaded.id });
    expect(replaced).toMatchObject({ id: sound.id, name: "tune.wav", version: uploaded.version });
    expect((await studio.call("media.list", {})).map(({ id }) => id)).not.toContain(uploaded.id);
    await studio.call("media.remove", { id: sound.id });
    await expect(studio.soundFile(sound.id, { from: 0, frames: 48 })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await studio.call("media.restore", { id: sound.id });
    const file = await studio.soundFile(sound.id, { from: 12, frames: 48 });
    expect(file.size).toBe((await stat(file.path)).size);
    expect(file.size).toBe(58 + 88_200 * 4);
    await studio.close();
    const again = await bench.open();
    expect(await again.call("media.list", {})).toHaveLength(2);
  });
});
