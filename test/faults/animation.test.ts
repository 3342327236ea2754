/** The bundled starter's own networks in a real engine process that is killed, or has too little memory: nothing is lost. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type AnimateJob, animationRecordSchema, type JobSnapshot } from "../../core/contract/index.ts";
import { spokenMemory } from "../../core/planner/index.ts";
import { temporaryFolder } from "../../main/media/testing.ts";
import { createStudio } from "../../main/studio/create-studio.ts";
import type { Studio } from "../../main/studio/studio.ts";
import { childrenNamed, childrenOf, KILLED, killAll } from "./children.ts";

const starter = resolve(import.meta.dirname, "..", "..", "assets", "models", "keyvid");
const engineEntry = join(import.meta.dirname, "starter-engine.ts");
const size = { width: 64, height: 64 };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let studio: Studio;
let inputs: { picture: string; sound: string };
const open = () =>
  createStudio(
    { appVersion: "test", queue: "journal", home: join(folder.path, "home"), output: join(folder.path, "clips") },
    { engineEntry, bundled: [{ id: "starter-motion", work: "animate", file: starter }] },
  );
const workFolders = () => readdir(join(folder.path, "home", "work"));

const ffmpeg = (...args: string[]) => execFileSync("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", ...args]);

const request = () => ({ ...inputs, ...size, seed: 7, preset: "balanced", steps: 6, straight: true }) as const;
const animate = async () => (await studio.call("jobs.animate", { request: request() })) as AnimateJob;
/** The animation when nothing happened to it. */
let whole: JobSnapshot;
const recordOf = ({ clip }: JobSnapshot) => animationRecordSchema.parse(clip?.record);

/** The numbers of denoising steps that a job tells of in a stage, as they come. */
function watch(id: string, stage: AnimateJob["stage"], onStep: (done: number) => void): () => void {
  return studio.subscribe((event) => {
    if (event.type !== "job" || event.job.id !== id || event.job.kind !== "animate") return;
    const { progress } = event.job;
    if (event.job.stage === stage && progress.phase === "denoise" && progress.done > 0) onStep(progress.done);
  });
}

/** The engine stands still after this step until it is killed, so that it does not matter when the kill comes. */
const hold = (task: "keyframes" | "interpolate", step: number) =>
  writeFile(join(folder.path, "hold"), `${task} ${step}`);
const letGo = () => rm(join(folder.path, "hold"), { force: true });

async function kill(): Promise<number[]> {
  const engine = await childrenNamed("starter-engine");
  killAll(engine);
  return engine;
}

/** Kills the engine, which is held, once the stage has come to this step. */
async function killAt(id: string, stage: AnimateJob["stage"], step: number): Promise<JobSnapshot> {
  let killed: Promise<number[]> | undefined;
  const stop = watch(id, stage, (done) => {
    if (done >= step) killed ??= kill();
  });
  const ended = await studio.ended(id);
  stop();
  await letGo();
  expect(await killed).toHaveLength(1);
  expect(ended).toMatchObject({
    state: "failed",
    stage,
    error: { code: expect.stringMatching(KILLED), message: expect.stringMatching(/^[A-Z][^\n]*\.$/u) },
  });
  return ended;
}

describe.skipIf(process.platform !== "linux" || !existsSync(starter))("an animation by the starter", () => {
  beforeAll(async () => {
    folder = await temporaryFolder();
    process.env["PLUME_TEST_MEMORY"] = join(folder.path, "memory");
    process.env["PLUME_TEST_HOLD"] = join(folder.path, "hold");
    await mkdir(join(folder.path, "mine"));
    const [logo, beat] = [join(folder.path, "mine", "logo.png"), join(folder.path, "mine", "beat.wav")];
    ffmpeg("testsrc=size=96x96:rate=1", "-frames:v", "1", logo);
    ffmpeg("aevalsrc='0.9*sin(2*PI*70*t)*exp(-14*mod(t,0.5))':s=16000:d=2", beat);
    studio = await open();
    inputs = { picture: (await studio.importMedia(logo)).id, sound: (await studio.importMedia(beat)).id };
    whole = await studio.ended((await animate()).id);
    expect(whole.error).toBeNull();
  }, 300_000);
  afterAll(async () => {
    delete process.env["PLUME_TEST_MEMORY"];
    delete process.env["PLUME_TEST_HOLD"];
    await studio.close();
    await folder[Symbol.asyncDispose]();
  });

  beforeEach(letGo);

  it("goes on from where its engine was killed, in either stage, to the very same frames", {
    timeout: 900_000,
  }, async () => {
    await hold("keyframes", 2);
    const first = await animate();
    await killAt(first.id, "keyframes", 2);
    expect(await workFolders()).toContain(first.id);
    await hold("interpolate", 4);
    const second = (await studio.call("jobs.retry", { id: first.id })) as AnimateJob;
    const keyframeSteps: number[] = [];
    watch(second.id, "keyframes", (done) => keyframeSteps.push(done));
    await killAt(second.id, "motion", 4);
    expect(Math.min(...keyframeSteps)).toBeGreaterThanOrEqual(2);

    const third = (await studio.call("jobs.retry", { id: second.id })) as AnimateJob;
    const motionSteps: number[] = [];
    const repeated: number[] = [];
    watch(third.id, "motion", (done) => motionSteps.push(done));
    watch(third.id, "keyframes", (done) => repeated.push(done));
    const done = await studio.ended(third.id);
    expect(done.error).toBeNull();
    expect(repeated).toEqual([]);
    expect(Math.min(...motionSteps)).toBeGreaterThanOrEqual(3);

    const { keyframesSha256, framesSha256 } = recordOf(whole);
    expect(recordOf(done)).toMatchObject({ keyframesSha256, framesSha256 });
    // Tidied up just after the clip is told of.
    await vi.waitFor(async () => expect(await workFolders()).not.toContain(first.id), { timeout: 20_000 });
  });

  it("waits to go on from where the whole studio was killed, to the very same frames", {
    timeout: 600_000,
  }, async () => {
    await studio.close();
    await hold("interpolate", 3);
    const script = join(import.meta.dirname, "animation-child.ts");
    const args = [script, join(folder.path, "home"), join(folder.path, "clips"), JSON.stringify(request())];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [id] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const left = await childrenOf(child.pid!);
    expect(left.length).toBeGreaterThan(0);
    child.kill("SIGKILL");
    await once(child, "close");
    const running = async () => left.filter((pid) => existsSync(`/proc/${pid}`));
    await vi.waitFor(async () => expect(await running()).toEqual([]), { timeout: 60_000 });

    await letGo();
    studio = await open();
    const interrupted = (await studio.call("jobs.list", {})).find((job) => job.id === id);
    expect(interrupted).toMatchObject({ state: "paused", stage: "motion", error: null });
    const [repeated, steps] = [[] as number[], [] as number[]];
    watch(id, "keyframes", (done) => repeated.push(done));
    watch(id, "motion", (done) => steps.push(done));
    await studio.call("jobs.resume", { id });
    const done = await studio.ended(id);
    expect(done.error).toBeNull();
    expect(repeated).toEqual([]);
    // The step that was told last may not have been written down when the studio was killed; those before it were.
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(2);
    const { keyframesSha256, framesSha256 } = recordOf(whole);
    expect(recordOf(done)).toMatchObject({ keyframesSha256, framesSha256 });
  });

  it("is refused with numbers before its first step where memory is short, and made when there is enough", {
    timeout: 300_000,
  }, async () => {
    const memory = join(folder.path, "memory");
    await writeFile(memory, String(10e6));
    // By the planner's number, which knows from the clips before what such a one takes.
    const { width, height, preset, steps: count } = request();
    const wish = { kind: "animate", request: { width, height, frames: 48, preset, steps: count } } as const;
    const [plan] = await studio.call("planner.plan", { wishes: [wish] });
    const job = await animate();
    const steps: number[] = [];
    watch(job.id, "keyframes", (done) => steps.push(done));
    const refused = await studio.ended(job.id);
    expect(refused.error).toMatchObject({
      code: "MODEL_OUT_OF_MEMORY",
      message: `Animating at 64×64 takes about ${spokenMemory(plan!.memoryBytes)} of memory and 10 MB are free: choose a smaller size, or close other programs and try again.`,
    });
    expect(steps).toEqual([]);
    expect(await studio.call("media.list", {})).toHaveLength(2);
    await rm(memory);
    const again = await studio.call("jobs.retry", { id: job.id });
    expect((await studio.ended(again.id)).error).toBeNull();
  });
});
