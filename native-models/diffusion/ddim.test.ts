import { describe, expect, it } from "vitest";
import { classifierFreeGuidance, DdimScheduler, ddimTimesteps, dynamicScale } from "./ddim.ts";
import { createNoiseSchedule, officialNoiseSchedule } from "./noise-schedule.ts";
import { TorchRandom } from "./torch-random.ts";

const zeroSnr = createNoiseSchedule({ ...officialNoiseSchedule, rescaleZeroTerminalSnr: true });
const plain = createNoiseSchedule();

describe("DDIM timesteps", () => {
  it("are spaced as the named conventions say", () => {
    expect(ddimTimesteps(4, "trailing")).toEqual([999, 749, 499, 249]);
    expect(ddimTimesteps(12, "trailing")).toEqual([999, 916, 832, 749, 666, 582, 499, 416, 332, 249, 166, 82]);
    // 1000 / 16 = 62.5: halves go to even, 937.5 → 938 and 812.5 → 812.
    expect(ddimTimesteps(16, "trailing").slice(0, 4)).toEqual([999, 937, 874, 811]);
    expect(ddimTimesteps(4, "leading")).toEqual([751, 501, 251, 1]);
    expect(ddimTimesteps(1, "leading")).toEqual([1]);
  });

  it("stay inside the schedule for every count", () => {
    for (const spacing of ["leading", "trailing"] as const)
      for (const steps of [1, 2, 3, 7, 50, 333, 999, 1000]) {
        const timesteps = ddimTimesteps(steps, spacing);
        expect(timesteps).toHaveLength(steps);
        expect(timesteps.every((t) => t >= 0 && t <= 999)).toBe(true);
      }
  });

  it.each([0, 1001, 1.5, NaN])("refuse %d steps", (steps) => {
    expect(() => ddimTimesteps(steps, "leading")).toThrow(/whole number/u);
  });
});

describe("DDIM steps", () => {
  const clean = new TorchRandom(1).randn(96);
  const noise = new TorchRandom(2).randn(96);
  const mix = (alpha: number) => clean.map((c, i) => Math.sqrt(alpha) * c + Math.sqrt(1 - alpha) * noise[i]!);

  it.each([
    ["v", "trailing", zeroSnr],
    ["v", "leading", plain],
    ["eps", "leading", plain],
    ["eps", "trailing", plain],
  ] as const)("an exact %s-prediction leads straight to the clean latent (%s)", (prediction, spacing, schedule) => {
    const scheduler = new DdimScheduler({ steps: 6, prediction, spacing, schedule });
    let sample: Float32Array = mix(schedule.alphasCumprod[scheduler.timesteps[0]!]!);
    for (const [i, t] of scheduler.timesteps.entries()) {
      const alpha = schedule.alphasCumprod[t]!;
      const output =
        prediction === "eps" ? noise : noise.map((n, k) => Math.sqrt(alpha) * n - Math.sqrt(1 - alpha) * clean[k]!);
      const result = scheduler.step(i, output, sample);
      const next = scheduler.timesteps[i + 1];
      const expected = mix(
        next === undefined ? (spacing === "trailing" ? 1 : schedule.alphasCumprod[0]!) : schedule.alphasCumprod[next]!,
      );
      for (let k = 0; k < 96; k++) {
        expect(result.denoised[k]).toBeCloseTo(clean[k]!, 4);
        expect(result.previousSample[k]).toBeCloseTo(expected[k]!, 4);
      }
      sample = result.previousSample;
    }
  });

  it("refuses noise prediction where the schedule ends in pure noise", () => {
    expect(() => new DdimScheduler({ steps: 4, prediction: "eps", spacing: "trailing", schedule: zeroSnr })).toThrow(
      /pure noise/u,
    );
  });
});

describe("DDIM with fresh noise", () => {
  const options = { prediction: "v", spacing: "trailing", schedule: zeroSnr, landing: "first", eta: 1 } as const;

  it("keeps a sample's noise level when the prediction is exact", () => {
    const scheduler = new DdimScheduler({ ...options, steps: 25 });
    for (const { alphaNext, sigma, direction } of scheduler.steps) {
      expect(direction).toBeGreaterThanOrEqual(0);
      expect(sigma ** 2 + direction ** 2).toBeCloseTo(1 - alphaNext, 5);
    }
    expect(() => scheduler.step(0, new Float32Array(4), new Float32Array(4))).toThrow(/needs noise/u);
  });

  it("carries the estimate from one scale of the data to the next", () => {
    const dataScale = dynamicScale();
    const scheduler = new DdimScheduler({ ...options, eta: 0, steps: 10, dataScale });
    const clean = new TorchRandom(1).randn(32);
    const noise = new TorchRandom(2).randn(32);
    let sample: Float32Array = noise;
    for (const [i, { t, scale, scaleNext, alpha, alphaNext }] of scheduler.steps.entries()) {
      expect(scale).toBe(dataScale[t]);
      const v = noise.map((n, k) => Math.sqrt(alpha) * n - Math.sqrt(1 - alpha) * scale * clean[k]!);
      sample = scheduler.step(i, v, sample).previousSample;
      sample.forEach((value, k) =>
        expect(value).toBeCloseTo(
          Math.sqrt(alphaNext) * scaleNext * clean[k]! + Math.sqrt(1 - alphaNext) * noise[k]!,
          4,
        ),
      );
    }
    expect(dataScale[0]).toBe(1);
    expect(dataScale[399]).toBeCloseTo(0.7, 6);
  });
});

describe("classifier-free guidance", () => {
  const conditional = Float32Array.of(1, 2, 3, 4);
  const unconditional = Float32Array.of(0, 2, 2, 5);

  it("moves away from the unconditional prediction", () => {
    expect([...classifierFreeGuidance(conditional, unconditional, 3)]).toEqual([3, 2, 5, 2]);
    expect([...classifierFreeGuidance(conditional, unconditional, 1)]).toEqual([...conditional]);
    expect([...classifierFreeGuidance(conditional, unconditional, 0)]).toEqual([...unconditional]);
  });

  it("rescales to the conditional deviation, wholly or in part", () => {
    // guided = [3, 2, 5, 2]: deviation sqrt(2), conditional sqrt(5/3).
    const ratio = Math.sqrt(5 / 3) / Math.sqrt(2);
    const whole = classifierFreeGuidance(conditional, unconditional, 3, 1);
    for (const [i, value] of [3, 2, 5, 2].entries()) expect(whole[i]).toBeCloseTo(value * ratio, 5);
    const half = classifierFreeGuidance(conditional, unconditional, 3, 0.5);
    for (const [i, value] of [3, 2, 5, 2].entries()) expect(half[i]).toBeCloseTo(value * (0.5 * ratio + 0.5), 5);
  });

  it("leaves a constant prediction alone instead of dividing by zero", () => {
    const flat = new Float32Array(8).fill(2);
    expect([...classifierFreeGuidance(flat, flat, 5, 0.7)]).toEqual([...flat]);
  });
});
