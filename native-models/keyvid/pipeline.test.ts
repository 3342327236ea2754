import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import type { ModelSummary, ResolvedAnimation } from "../../core/contract/index.ts";
import { TorchRandom } from "../diffusion/torch-random.ts";
import type { AnimateHooks, GenerateResult, PreviewFrames } from "../types.ts";
import type { KeyvidConfig } from "./config.ts";
import { KeyvidPipeline } from "./pipeline.ts";
import type { BranchedCall, StageNetworks, UnetCall } from "./stage-networks.ts";

const [WIDTH, HEIGHT] = [64, 64];
const folder = mkdtempSync(join(tmpdir(), "plume-keyvid-"));
afterAll(() => rmSync(folder, { recursive: true }));

const config = {
  vae: { ch: 8, chMult: [1, 1, 1, 1], numResBlocks: 1, normGroups: 1, scaleFactor: 0.18215 },
  sampler: { linearStart: 0.00085, linearEnd: 0.012, guidanceRescale: 0.7, eta: 1 },
} as unknown as KeyvidConfig;

/** Networks of simple arithmetic: every input that a real one would look at changes the result. */
class ToyNetworks implements StageNetworks {
  readonly cellPixels = 8;
  readonly calls: UnetCall[] = [];
  readonly keyed: string[] = [];
  isClosed = false;

  async embedText(_: string, prompt: string) {
    return Float32Array.of(prompt.length / 10);
  }
  async pictureTokens(_: string, view: Float32Array) {
    return new Float32Array(48).fill(view[0]! / 10);
  }
  async soundTokens(_: string, mel: Float32Array) {
    return Float32Array.of(mel.reduce((sum, value) => sum + value, 0) / mel.length / 10);
  }
  async keys(stage: string, part: string, tokens: Float32Array) {
    this.keyed.push(part);
    return { [`${stage}.${part}`]: tokens };
  }
  async prepare() {}
  async predict(call: UnetCall) {
    this.calls.push(call);
    const drive = Object.values(call.keys).reduce((sum, tokens) => sum + tokens[0]!, 0);
    return call.sample.map((x, i) => 0.3 * x - 0.2 * call.beside[i]! + 0.1 * drive * Math.sin(i + call.t));
  }
  async predictBranches({ branches, keep, reuse, ...call }: BranchedCall) {
    const whole = await Promise.all(branches.map((keys) => this.predict({ ...call, keys })));
    if (!reuse)
      return { predictions: whole, ...(keep === undefined ? {} : { deep: { cut: keep, features: whole[0]! } }) };
    return { predictions: whole.map((v) => v.map((value, i) => 0.8 * value + 0.2 * reuse.features[i]!)) };
  }
  lastCut() {
    return 1;
  }
  async release() {}
  async encode(_: string, picture: Float32Array, height: number, width: number) {
    const cells = (4 * height * width) / 64;
    return { mean: new Float32Array(cells).fill(picture[5]! * 3), logvar: new Float32Array(cells).fill(-30) };
  }
  async decode(_: string, latent: Float32Array, height: number, width: number) {
    return Float32Array.from({ length: 3 * height * width * 64 }, (_, i) => latent[i % latent.length]!);
  }
  async localise(mel: Float32Array) {
    return mel.slice(0, 48);
  }
  work() {
    return { text: 1, vision: 1, audio: 1, encodeFrame: 1, decodeFrame: 1, unet: 10 };
  }
  callWork(...[, , , cut]: Parameters<StageNetworks["callWork"]>) {
    return cut === undefined ? 10 : 2;
  }
  async close() {
    this.isClosed = true;
  }
}

const request: ResolvedAnimation = {
  model: "toy",
  prompt: "hammering",
  seed: 7,
  width: WIDTH,
  height: HEIGHT,
  preset: "balanced",
  selection: "even",
  steps: 6,
  guidance: { text: 7.5, image: 2, audio: 7.5, interpolationAudio: 9 },
  focus: { x: 0.5, y: 0.5 },
  keyframes: [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44],
  precision: "fp32",
};
const picture = { width: 3, height: 2, rgb: Uint8Array.from({ length: 18 }, (_, i) => i * 14) };
const sound = { sampleRate: 16_000, channels: [new TorchRandom(1).randn(32_000).map((value) => value / 10)] };
const input = { request, picture, sound };

interface Seen {
  readonly frames: Uint8Array[];
  readonly fractions: number[];
  readonly previews: PreviewFrames[];
  readonly states: Uint8Array[];
}

function watch(
  signal = new AbortController().signal,
  more: Partial<AnimateHooks> = {},
): Seen & { hooks: AnimateHooks } {
  const seen: Seen = { frames: [], fractions: [], previews: [], states: [] };
  const hooks: AnimateHooks = {
    signal,
    progress: (_, __, ___, fraction) => void seen.fractions.push(fraction),
    preview: (preview) => void seen.previews.push(preview),
    frame: (index, rgb) => {
      expect(index).toBe(seen.frames.length);
      seen.frames.push(rgb);
    },
    saved: (state) => void seen.states.push(state.slice()),
    ...more,
  };
  return { ...seen, hooks };
}

function open(networks = new ToyNetworks(), memory = () => 8e9) {
  const model = { config, summary: {} as ModelSummary, folder, networks, memoryOf: () => 3.25e9 };
  return new KeyvidPipeline(model, { saveSeconds: 0, memory });
}

const hashOf = (frames: readonly Uint8Array[]) =>
  frames.reduce((hash, rgb) => hash.update(rgb), createHash("sha256")).digest("hex");

async function keyframes(changes: Partial<ResolvedAnimation> = {}) {
  const seen = watch();
  await open().keyframes({ ...input, request: { ...request, ...changes } }, seen.hooks);
  return seen.frames;
}

describe("a KeyVID pipeline", () => {
  it("makes twelve keyframes, tells its progress by work, and shows every answer of the network", async () => {
    const networks = new ToyNetworks();
    const seen = watch();
    const result = await open(networks).keyframes(input, seen.hooks);
    expect(seen.frames).toHaveLength(12);
    expect(seen.frames[0]).toHaveLength(WIDTH * HEIGHT * 3);
    expect(result.framesSha256).toBe(hashOf(seen.frames));
    expect(seen.fractions).toEqual(seen.fractions.toSorted((a, b) => a - b));
    expect([seen.fractions[0], seen.fractions.at(-1)]).toEqual([0, 1]);
    expect(seen.previews.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(seen.previews[0]).toMatchObject({ width: 8, height: 8, frames: 12 });
    // Text and sound are weighted alike: the branch between them is left out.
    expect(networks.calls).toHaveLength(6 * 3);
    expect(networks.calls[0]).toMatchObject({ stage: "keyframes", t: 999, places: request.keyframes });
    // Keys and values once a condition, with and without each part, however many questions follow.
    expect(networks.keyed.toSorted()).toEqual(["audio", "audio", "image", "image", "text", "text"]);
  });

  it("makes 48 frames through them; every input changes the result", { timeout: 300_000 }, async () => {
    const pictures = await keyframes();
    const run = async (changes: object) => {
      const seen = watch();
      await open().interpolate({ ...input, keyframes: pictures, ...changes }, seen.hooks);
      return seen.frames;
    };
    const frames = await run({});
    expect(frames).toHaveLength(48);
    expect(hashOf(await run({}))).toBe(hashOf(frames));
    const quiet = { sampleRate: 8000, channels: [new Float32Array(8000)] };
    const others = [
      { sound: quiet },
      { request: { ...request, prompt: "" } },
      { request: { ...request, seed: 8 } },
      { picture: { ...picture, rgb: picture.rgb.toReversed() } },
      {
        keyframes: pictures.with(
          3,
          pictures[5]!.map((byte) => 255 - byte),
        ),
      },
    ];
    for (const other of others) expect(hashOf(await run(other))).not.toBe(hashOf(frames));
  });

  it("goes on from a saved state to the same bits, and ignores one of another run", { timeout: 300_000 }, async () => {
    const pictures = await keyframes();
    for (const preset of ["draft", "reference"] as const) {
      const seen = watch();
      const job = { ...input, request: { ...request, preset }, keyframes: pictures };
      const whole = await open().interpolate(job, seen.hooks);
      // In the fast run every second question reuses features; no state stands before those.
      expect(seen.states).toHaveLength(preset === "draft" ? 5 : 6);
      for (const resume of [seen.states[2]!, seen.states.at(-1)!]) {
        const networks = new ToyNetworks();
        expect(await resumed(networks, { ...job, resume })).toBe(whole.framesSha256);
        expect(networks.calls.length).toBeLessThan(seen.states.length * 4);
      }
      const torn = seen.states[2]!.slice(0, -8);
      expect(await resumed(new ToyNetworks(), { ...job, resume: torn })).toBe(whole.framesSha256);
      const otherSeed = { ...job, request: { ...job.request, seed: 99 } };
      expect(await resumed(new ToyNetworks(), { ...otherSeed, resume: seen.states[2]! })).toBe(
        await resumed(new ToyNetworks(), otherSeed),
      );
    }
  });

  it("re-rolls some keyframes and leaves the others to the bit", async () => {
    const before = await keyframes();
    const seen = watch();
    const again = { ...input, request: { ...request, seed: 8 }, only: [2, 5], kept: before };
    await open().keyframes(again, seen.hooks);
    for (const [place, rgb] of seen.frames.entries()) {
      const isSame = hashOf([rgb]) === hashOf([before[place]!]);
      expect(isSame).toBe(place !== 2 && place !== 5);
    }
  });

  it("stops before the next call of the network", async () => {
    const controller = new AbortController();
    const networks = new ToyNetworks();
    const { hooks } = watch(controller.signal, { preview: () => controller.abort() });
    await expect(open(networks).keyframes(input, hooks)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(networks.calls).toHaveLength(3);
  });

  it("refuses keyframes of another size in one sentence", async () => {
    const pictures = Array.from({ length: 12 }, () => new Uint8Array(9));
    const job = { ...input, keyframes: pictures };
    await expect(open().interpolate(job, watch().hooks)).rejects.toThrow(
      /^The keyframes do not fit the clip: make all/u,
    );
  });

  it("refuses what both stages together cannot hold, with numbers, before the first keyframe is drawn", async () => {
    const networks = new ToyNetworks();
    await expect(open(networks, () => 2e9).keyframes(input, watch().hooks)).rejects.toMatchObject({
      code: "MODEL_OUT_OF_MEMORY",
      message:
        "Animating at 64×64 takes about 3.3 GB of memory and 2.0 GB are free: choose a smaller size, or close other programs and try again.",
    });
    expect(networks.calls).toHaveLength(0);
  });

  it("localises the first two seconds of a sound and closes its networks", async () => {
    const networks = new ToyNetworks();
    const pipeline = open(networks);
    expect(await pipeline.localise(sound)).toHaveLength(48);
    await pipeline.close();
    expect(networks.isClosed).toBe(true);
  });
});

async function resumed(
  networks: ToyNetworks,
  job: Parameters<KeyvidPipeline["interpolate"]>[0],
): Promise<GenerateResult["framesSha256"]> {
  const { framesSha256 } = await open(networks).interpolate(job, watch().hooks);
  return framesSha256;
}
