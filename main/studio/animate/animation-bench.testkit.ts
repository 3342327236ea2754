/** Test help: a studio with the fake animator and two files to animate, made anew for each test from fixtures that are made once a file. */
import { execFile } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, vi } from "vitest";
import type { AnimateJob, AnimationRequest } from "../../../core/contract/index.ts";
import { temporaryFolder } from "../../media/testing.ts";
import type { Studio } from "../studio.ts";
import { installFake, testBench } from "../testing.ts";

/** Waits until the check passes; generous, since the machine may be busy. */
export const soon = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 120_000, interval: 20 });
export const ffmpeg = (...args: string[]) => promisify(execFile)("ffmpeg", ["-v", "error", "-y", ...args]);

let fixtures: Awaited<ReturnType<typeof temporaryFolder>>;
const drum = (seconds: number, file: string) =>
  ffmpeg("-f", "lavfi", "-i", `aevalsrc='0.9*sin(2*PI*90*t)*exp(-12*mod(t,0.5))':s=44100:d=${seconds}`, file);
beforeAll(async () => {
  fixtures = await temporaryFolder();
  const logo = join(fixtures.path, "logo.png");
  await ffmpeg("-f", "lavfi", "-i", "testsrc=size=160x120:rate=1", "-frames:v", "1", logo);
  await drum(2, join(fixtures.path, "beat.wav"));
});
afterAll(() => fixtures[Symbol.asyncDispose]());

/** A studio with the fake animator, a picture of a test pattern, and 120 beats a minute of clicks. */
export async function animationBench(seconds = 2) {
  const bench = await testBench();
  await installFake(bench.home, "motion");
  const folder = join(bench.home, "mine");
  await mkdir(folder);
  const [picture, sound] = [join(folder, "logo.png"), join(folder, "beat.wav")];
  await copyFile(join(fixtures.path, "logo.png"), picture);
  if (seconds === 2) await copyFile(join(fixtures.path, "beat.wav"), sound);
  else await drum(seconds, sound);
  const open = async (studio?: Studio) => {
    const opened = studio ?? (await bench.open());
    const media = [await opened.importMedia(picture), await opened.importMedia(sound)] as const;
    return { studio: opened, picture: media[0], sound: media[1] };
  };
  return {
    ...bench,
    folder,
    files: { picture, sound },
    openWith: open,
    [Symbol.asyncDispose]: bench[Symbol.asyncDispose],
  };
}

export async function animate(studio: Studio, request: AnimationRequest): Promise<AnimateJob> {
  return (await studio.call("jobs.animate", { request })) as AnimateJob;
}
export const jobOf = async (studio: Studio, id: string): Promise<AnimateJob> =>
  (await studio.call("jobs.list", {})).find((job) => job.id === id) as AnimateJob;
export const waits = (studio: Studio, id: string) =>
  soon(async () => {
    const job = await jobOf(studio, id);
    expect(job).toMatchObject({ state: "waiting", stage: "approval" });
    return job;
  });
