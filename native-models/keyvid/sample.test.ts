import { describe, expect, it } from "vitest";
import { DdimScheduler, dynamicScale } from "../diffusion/ddim.ts";
import { createNoiseSchedule, officialNoiseSchedule } from "../diffusion/noise-schedule.ts";
import { TorchRandom } from "../diffusion/torch-random.ts";
import { type Branch, branchWeights, guide, neededBranches } from "./guidance.ts";
import { type DeepUse, type Denoiser, type SamplerState, sampleClip, type SampleOptions } from "./sample.ts";
import { runPlan } from "./step-plan.ts";

const COUNT = 4 * 12 * 6;
const schedule = createNoiseSchedule({ ...officialNoiseSchedule, rescaleZeroTerminalSnr: true });
const dataScale = dynamicScale();
const scales = { text: 7.5, image: 2, audio: 9 };

const steps = { draft: 3, balanced: 9, reference: 90 };

const scheduler = (steps: number) =>
  new DdimScheduler({ steps, prediction: "v", spacing: "trailing", schedule, landing: "first", eta: 1, dataScale });

/** The exact v of clips that are normal numbers around a mean of each branch's own, at the data's scale of that time. */
class GaussianDenoiser implements Denoiser {
  calls = 0;
  readonly uses: DeepUse[] = [];
  readonly #means: Readonly<Record<Branch, Float32Array>>;
  readonly #variance: number;

  constructor(variance: number) {
    const base = new TorchRandom(5).randn(COUNT);
    const shift = (seed: number, by: number) => {
      const other = new TorchRandom(seed).randn(COUNT);
      return base.map((value, i) => value + by * other[i]!);
    };
    this.#means = { none: base, image: shift(6, 0.05), imageText: shift(7, 0.05), full: shift(8, 0.05) };
    this.#variance = variance;
  }

  async predict(...[sample, t, asked, onCall, deep]: Parameters<Denoiser["predict"]>) {
    this.uses.push(deep);
    const alpha = schedule.alphasCumprod[t]!;
    const scale = dataScale[t]!;
    const [signal, noise] = [Math.sqrt(alpha) * scale, Math.sqrt(1 - alpha)];
    const gain = (signal * this.#variance) / (signal ** 2 * this.#variance + noise ** 2);
    const answers: Float32Array[] = [];
    for (const branch of asked) {
      await onCall();
      this.calls++;
      const mean = this.#means[branch];
      answers.push(
        sample.map((x, i) => {
          const clean = scale * (mean[i]! + gain * (x - signal * mean[i]!));
          return (Math.sqrt(alpha) * x - clean) / noise;
        }),
      );
    }
    return answers;
  }
}

/** Features that it keeps change its answers, and a new one has none. */
class ForgetfulDenoiser extends GaussianDenoiser {
  #kept: Float32Array | null = null;

  override async predict(...[sample, t, asked, onCall, deep]: Parameters<Denoiser["predict"]>) {
    if (deep === "reuse" && !this.#kept) throw new Error("nothing was kept");
    if (deep === "keep") this.#kept = sample.slice();
    const answers = await super.predict(sample, t, asked, onCall, deep);
    return deep === "reuse" ? answers.map((v) => v.map((value, i) => value + 0.01 * this.#kept![i]!)) : answers;
  }
}

async function run(preset: "draft" | "balanced" | "reference", denoiser: Denoiser, more: Partial<SampleOptions> = {}) {
  const { gridSteps, plan, slope } = runPlan(preset, steps[preset]);
  const random = new TorchRandom(3);
  const start = random.randn(COUNT);
  const drawNoise = (count: number) => random.randn(count);
  return sampleClip(denoiser, {
    scheduler: scheduler(gridSteps),
    plan,
    scales,
    rescale: 0.7,
    slope,
    start,
    drawNoise,
    ...more,
  });
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length);
}

describe("three-way guidance", () => {
  it("weighs the branches as the chain of differences does", () => {
    const random = new TorchRandom(1);
    const [none, image, imageText, full] = [0, 1, 2, 3].map(() => random.randn(32)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const guided = guide({ none, image, imageText, full }, scales, 0);
    guided.forEach((value, i) => {
      const steps = 2 * (image[i]! - none[i]!) + 7.5 * (imageText[i]! - image[i]!) + 9 * (full[i]! - imageText[i]!);
      expect(value).toBeCloseTo(none[i]! + steps, 4);
    });
  });

  it("does not ask for a branch without weight", () => {
    expect(neededBranches({ text: 7.5, image: 2, audio: 9 })).toEqual(["none", "image", "imageText", "full"]);
    expect(neededBranches({ text: 7.5, image: 2, audio: 7.5 })).toEqual(["none", "image", "full"]);
    expect(neededBranches({ text: 1, image: 1, audio: 2 })).toEqual(["imageText", "full"]);
    expect(neededBranches({ text: 1, image: 1, audio: 1 })).toEqual(["full"]);
    expect(neededBranches({ text: 0, image: 0, audio: 0 })).toEqual(["none", "full"]);
    const weights = Object.values(branchWeights({ text: 3, image: 5, audio: 2 }));
    expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 12);
  });
});

describe("the denoising loop", () => {
  it("a fast mode follows the reference's own path with a share of its calls", async () => {
    const [reference, balanced, draft] = [1, 2, 3].map(() => new GaussianDenoiser(0.3)) as [
      GaussianDenoiser,
      GaussianDenoiser,
      GaussianDenoiser,
    ];
    const aim = await run("reference", reference);
    const near = distance(await run("balanced", balanced), aim);
    const coarse = distance(await run("draft", draft), aim);
    expect(reference.calls).toBe(360);
    expect(balanced.calls).toBe(36);
    expect(draft.calls).toBe(12);
    // Other noise would be as far away as another seed.
    const other = new TorchRandom(99);
    const elsewhere = await run("reference", new GaussianDenoiser(0.3), { drawNoise: (count) => other.randn(count) });
    expect(near).toBeLessThan(0.4 * distance(elsewhere, aim));
    expect(coarse).toBeLessThan(0.8 * distance(elsewhere, aim));
    expect(near).toBeLessThan(coarse);
  });

  it("goes on after an interruption to the same bits", async () => {
    for (const preset of ["reference", "balanced"] as const) {
      const states: SamplerState[] = [];
      const onState = (state: SamplerState) => void states.push(structuredClone(state));
      const whole = await run(preset, new GaussianDenoiser(0.3), { onState });
      for (const resume of [states[0]!, states[4]!, states.at(-1)!])
        expect(await run(preset, new GaussianDenoiser(0.3), { resume })).toEqual(whole);
    }
  });

  it("takes a question that reuses unchanged features for a whole one, to the bit", async () => {
    const paired = runPlan("balanced", 9, 0.2);
    const whole = { ...paired, plan: paired.plan.map((step) => (step === "reused" ? "asked" : step)) };
    const [a, b] = [new GaussianDenoiser(0.3), new GaussianDenoiser(0.3)];
    expect(await run("balanced", a, paired)).toEqual(await run("balanced", b, whole));
    expect(a.uses).toEqual(Array.from({ length: 7 }, () => ["keep", "reuse"]).flat());
    expect(b.uses).toEqual(Array.from({ length: 14 }, () => "compute"));
  });

  it("saves no state between a question and the one that reuses its features, and goes on from each to the same bits", async () => {
    const paired = runPlan("balanced", 9, 0.2);
    const states: SamplerState[] = [];
    const onState = (state: SamplerState) => void states.push(structuredClone(state));
    const whole = await run("balanced", new ForgetfulDenoiser(0.3), { ...paired, onState });
    expect(states).toHaveLength(7);
    for (const resume of states)
      expect(await run("balanced", new ForgetfulDenoiser(0.3), { ...paired, resume })).toEqual(whole);
  });

  it("stops before the next call, not after the step", async () => {
    const denoiser = new GaussianDenoiser(0.3);
    const stopped = run("reference", denoiser, {
      checkpoint: () => {
        if (denoiser.calls === 6) throw new Error("stop");
      },
    });
    await expect(stopped).rejects.toThrow("stop");
    expect(denoiser.calls).toBe(6);
  });

  it("is finite for every number of steps", async () => {
    for (const steps of [1, 2, 3, 7, 25, 60, 90]) {
      const { gridSteps, plan } = runPlan("reference", steps);
      const result = await run("reference", new GaussianDenoiser(0.3), { scheduler: scheduler(gridSteps), plan });
      expect(result.every(Number.isFinite)).toBe(true);
    }
  });

  it("reports every answer, and the answers approach the clip", async () => {
    const seen: number[] = [];
    const estimates: Float32Array[] = [];
    const onAnswer = (done: number, clean: Float32Array) => {
      seen.push(done);
      estimates.push(clean);
    };
    const result = await run("balanced", new GaussianDenoiser(0.3), { onAnswer });
    expect(seen).toEqual(Array.from({ length: 9 }, (_, i) => i + 1));
    expect(distance(estimates.at(-1)!, result)).toBeLessThan(distance(estimates[3]!, result));
  });
});
