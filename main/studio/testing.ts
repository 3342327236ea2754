import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type GenerateJob,
  isMediaJob,
  type JobSnapshot,
  StudioError,
  type StudioEvent,
} from "../../core/contract/index.ts";
import { fakeAnimator, fakeEyes, fakeSummary } from "../inference/testing/fake-summary.ts";
import { temporaryFolder } from "../media/testing.ts";
import { createStudio } from "./create-studio.ts";
import type { StudioParts } from "./studio-parts.ts";
import type { ReadCosts } from "./planner/planner.ts";
import type { Studio, StudioOptions } from "./studio.ts";

export const fakeProbe = fileURLToPath(new URL("../inference/testing/fake-probe.ts", import.meta.url));
export const fakeEntry = fileURLToPath(new URL("../inference/testing/fake-engine.ts", import.meta.url));

/** A data folder with one fake model pack, and studios on it whose engine is the fake one. Removes itself. */
export async function testBench() {
  const folder = await temporaryFolder();
  const home = join(folder.path, "home");
  const output = join(folder.path, "out");
  await installFake(home, "fake");
  const studios: Studio[] = [];
  const open = async (options: Partial<StudioOptions> = {}, parts: StudioParts = {}): Promise<Studio> => {
    const studio = await createStudio(
      { appVersion: "test", queue: "journal", home, output, ...options },
      {
        engineEntry: fakeEntry,
        readPack: readFake,
        bundled: [],
        readCosts: fakeCosts,
        probeEntry: fakeProbe,
        ...parts,
      },
    );
    studios.push(studio);
    return studio;
  };
  return {
    home,
    output,
    open,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(studios.map((studio) => studio.close()));
      await folder[Symbol.asyncDispose]();
    },
  };
}

export async function installFake(home: string, id: string): Promise<void> {
  await mkdir(join(home, "models", id), { recursive: true });
  await writeFile(join(home, "models", id, "source.txt"), "0".repeat(64));
}

/** What a clip of the fake models “takes”: a kilobyte a pixel and frame. */
export const fakeCosts: ReadCosts = async (_folder, _weights, { width, height, ...wish }) => {
  const frames = wish.kind === "generate" ? wish.frames : 48 * wish.segments;
  const pixels = width * height * frames;
  return {
    phases: [
      { phase: "text", units: 1, flops: 1e6 },
      { phase: "denoise", units: wish.steps, flops: pixels * 1000 * wish.steps },
      { phase: "decode", units: frames, flops: pixels * 1000 },
    ],
    memory: [{ weights: 1e6, copied: 0, activations: pixels * 1000 }],
  };
};

/** The fake packs' "manifest" is the hash of their source. */
export async function readFake(pack: string) {
  const sourceSha256 = await readFile(join(pack, "source.txt"), "utf8").catch(() => {
    throw new StudioError("MODEL_DAMAGED", "This model is damaged: install it again.");
  });
  const name = basename(pack);
  const summary = name.startsWith("motion") ? fakeAnimator : name.startsWith("eyes") ? fakeEyes : fakeSummary;
  return { summary, weightsSha256: "1".repeat(64), sourceSha256 };
}

/** The queue without what the studio does for media by itself: every clip that is made is looked at. */
export async function ownJobs(studio: Pick<Studio, "call">): Promise<JobSnapshot[]> {
  return (await studio.call("jobs.list", {})).filter((job) => !isMediaJob(job));
}

/** Collects events until `close`. */
export function record(studio: Studio): StudioEvent[] {
  const events: StudioEvent[] = [];
  studio.subscribe((event) => events.push(event));
  return events;
}

export async function make(studio: Studio, prompt: string, more: object = {}): Promise<GenerateJob> {
  const [job] = await studio.call("jobs.generate", { request: { prompt, seed: 42, ...more }, variations: 1 });
  return (await studio.ended(job!.id)) as GenerateJob;
}
