import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { TorchRandom } from "../diffusion/torch-random.ts";
import { openTextToVideo } from "../index.ts";
import { installCheckpoint } from "../pack/index.ts";
import type { HummingbirdNetworks } from "./networks.ts";
import { officialConfig, smallConfig } from "./testing-model.testkit.ts";
import { type SampleState, sampleLatent } from "./sample.ts";

const size = { batch: 1, frames: 2, height: 8, width: 8 };

/** Networks whose answer depends on everything that they are given. */
const networks = (config: typeof smallConfig) =>
  ({
    config,
    condition: async () => ({ fpsEmb: new Float32Array(1), wEmb: null }),
    promptKeys: async (context: Float32Array) => ({ k: context }),
    predict: async (_: unknown, sample: Float32Array, t: number, keys: { k: Float32Array }) =>
      sample.map((value, i) => Math.sin(value * 3 + t * 0.01 + i * 0.001 + keys.k[0]!)),
  }) as unknown as HummingbirdNetworks;

const ddim = { ...officialConfig.sampler, kind: "ddim", guidanceRescale: 0.7 } as const;

describe.each([
  ["LCM", smallConfig],
  ["DDIM", { ...smallConfig, sampler: { ...officialConfig.sampler, ...ddim } }],
])("a denoising run with %s", (_, config) => {
  async function sample(resume?: SampleState, states: SampleState[] = []): Promise<Float32Array> {
    const random = new TorchRandom(7);
    return sampleLatent(networks(config), {
      size,
      steps: 5,
      guidance: 3,
      fps: 8,
      context: new Float32Array([0.5]),
      negativeContext: async () => new Float32Array([-0.5]),
      drawNoise: (count) => random.randn(count),
      onState: (state) => void states.push(state),
      resume,
    });
  }

  it("goes on from the state after any of its steps to the same bits", async () => {
    const states: SampleState[] = [];
    const whole = await sample(undefined, states);
    expect(states.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5]);
    for (const state of states) expect(Buffer.from((await sample(state)).buffer)).toEqual(Buffer.from(whole.buffer));
  });
});

const starter = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));
const note = existsSync(starter) ? "" : " (SKIPPED: assets/models/starter.ckpt is not here)";

describe.skipIf(note !== "")(`a clip of the starter${note}`, () => {
  it("that was stopped goes on in another process's pipeline to the same frames; a state of another clip is not used", {
    timeout: 240_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "plume-resume-"));
    try {
      await installCheckpoint({ file: starter, destination: join(folder, "pack") });
      const make = async (seed: number, resume?: Uint8Array, stopAfter = Number.POSITIVE_INFINITY) => {
        const stop = new AbortController();
        const states: Uint8Array[] = [];
        const pipeline = await openTextToVideo(join(folder, "pack"), { threads: 2, precision: "fp32" });
        try {
          const { defaults } = pipeline.summary;
          const small = { width: 64, height: 64, frames: 2, steps: 4, seed };
          const request = { ...defaults, ...small, model: "starter", prompt: "red rain", negativePrompt: "" };
          const hooks = {
            signal: stop.signal,
            progress: () => {},
            preview: ({ step }: { step: number }) => (step === stopAfter ? stop.abort() : undefined),
            frame: () => {},
            saved: (state: Uint8Array) => void states.push(state),
          };
          const made = await pipeline.generate(request, hooks, resume).catch((error: { code: string }) => error.code);
          return { made, states };
        } finally {
          await pipeline.close();
        }
      };
      const { made: whole } = await make(3);
      const stopped = await make(3, undefined, 2);
      expect(stopped.made).toBe("CANCELLED");
      // Stopping writes down what has been computed, however short the steps are.
      const state = stopped.states.at(-1);
      expect((await make(3, state)).made).toMatchObject({
        framesSha256: (whole as { framesSha256: string }).framesSha256,
        resumed: 2,
      });
      expect((await make(4, state)).made).toMatchObject({ resumed: 0 });
      expect((await make(3, state!.subarray(0, 100))).made).toMatchObject({
        framesSha256: (whole as { framesSha256: string }).framesSha256,
        resumed: 0,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
