import { describe, expect, it } from "vitest";
import { goldensNote, haveGoldens, maxAbs, readGolden } from "../checkpoint/goldens.testkit.ts";
import { guidanceEmbedding, timestepEmbedding } from "../diffusion/embedding.ts";
import { createNoiseSchedule } from "../diffusion/noise-schedule.ts";
import { LcmScheduler, lcmTimesteps } from "./lcm.ts";

describe("LCM timesteps", () => {
  it("walks the 50-step grid from its end", () => {
    expect(lcmTimesteps(1)).toEqual([999]);
    expect(lcmTimesteps(4)).toEqual([999, 759, 519, 279]);
    expect(lcmTimesteps(50)).toEqual(Array.from({ length: 50 }, (_, i) => 999 - 20 * i));
  });

  it("gives distinct, falling, valid timesteps for every allowed count", () => {
    for (let steps = 1; steps <= 50; steps++) {
      const timesteps = lcmTimesteps(steps);
      expect(timesteps).toHaveLength(steps);
      expect(timesteps.every((t, i) => t >= 19 && t <= 999 && (i === 0 || t < timesteps[i - 1]!))).toBe(true);
    }
  });

  it.each([0, 51, 2.5, NaN, -1, Infinity])("refuses %d steps with a sentence", (steps) => {
    expect(() => lcmTimesteps(steps)).toThrow(/whole number from 1 to 50/u);
  });
});

describe("zero-terminal-SNR rescale", () => {
  it("ends at exactly 0, keeps the first value and stays falling", () => {
    const plain = createNoiseSchedule().alphasCumprod;
    const { alphasCumprod, betas } = createNoiseSchedule({
      linearStart: 0.00085,
      linearEnd: 0.012,
      rescaleZeroTerminalSnr: true,
    });
    expect(alphasCumprod[999]).toBe(0);
    expect(alphasCumprod[0]).toBeCloseTo(plain[0]!, 6);
    expect(alphasCumprod.every((a, t) => t === 0 || a < alphasCumprod[t - 1]!)).toBe(true);
    expect(betas[999]).toBe(1);
  });
});

describe("LCM with v-prediction", () => {
  const zeroSnr = createNoiseSchedule({ linearStart: 0.00085, linearEnd: 0.012, rescaleZeroTerminalSnr: true });
  const clean = Float32Array.of(1, -2, 0.5);
  const noise = Float32Array.of(0.3, 0.1, -1);

  it("recovers the clean latent from an exact velocity, from pure noise too", () => {
    const scheduler = new LcmScheduler(4, zeroSnr, "v");
    for (const [step, t] of scheduler.timesteps.entries()) {
      const [signal, spread] = [Math.sqrt(zeroSnr.alphasCumprod[t]!), Math.sqrt(1 - zeroSnr.alphasCumprod[t]!)];
      const sample = clean.map((c, i) => signal * c + spread * noise[i]!);
      const velocity = clean.map((c, i) => signal * noise[i]! - spread * c);
      const { denoised } = scheduler.step(step, velocity, sample, noise);
      // c_out is nearly 1 and c_skip nearly 0 at these timesteps.
      for (let i = 0; i < 3; i++) expect(denoised[i]).toBeCloseTo(clean[i]!, 4);
    }
  });

  it("refuses noise prediction on such a schedule", () => {
    expect(() => new LcmScheduler(4, zeroSnr)).toThrow(/pure noise/u);
  });
});

describe.skipIf(!haveGoldens)(`scheduler goldens${goldensNote}`, () => {
  it("has the reference's betas and cumulative products, bit for bit", async () => {
    const golden = await readGolden("scheduler.safetensors");
    const { betas, alphasCumprod } = createNoiseSchedule();
    expect(betas).toEqual(golden("betas"));
    expect(alphasCumprod).toEqual(golden("alphas_cumprod"));
  });

  it("has the reference's timesteps for every recorded count", async () => {
    const golden = await readGolden("scheduler.safetensors");
    for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 25, 50])
      expect(lcmTimesteps(steps), `${steps} steps`).toEqual([...golden(`timesteps.${steps}`)]);
  });

  it.each([1, 4, 8])("steps as the reference does, %i steps", async (steps) => {
    const golden = await readGolden("scheduler.safetensors");
    const scheduler = new LcmScheduler(steps);
    const rows = golden(`coef.${steps}.[alpha_prod_t,alpha_prod_prev,c_skip,c_out]`);
    for (let i = 0; i < steps; i++) {
      const c = scheduler.coefficients(i);
      const expected = rows.subarray(4 * i, 4 * i + 4);
      for (const [k, value] of [c.alphaProd, c.alphaProdPrevious, c.cSkip, c.cOut].entries())
        expect(Math.abs(value - expected[k]!) / Math.abs(expected[k]!)).toBeLessThan(1e-6);
      const name = (part: string) => golden(`step.${steps}.${i}.${part}`);
      const result = scheduler.step(i, name("model_output"), name("sample"), name("noise"));
      const scale = Math.max(...name("denoised").map(Math.abs));
      expect(maxAbs(result.denoised, name("denoised")) / scale).toBeLessThan(1e-6);
      expect(maxAbs(result.previousSample, name("prev_sample")) / scale).toBeLessThan(1e-6);
    }
  });

  it("embeds timesteps, frame rates and guidance as the reference does", async () => {
    const golden = await readGolden("embeddings.safetensors");
    const rows = (name: string, values: ArrayLike<number>, embed: (v: number) => Float32Array, tolerance: number) => {
      const expected = golden(name);
      const width = expected.length / values.length;
      for (let i = 0; i < values.length; i++)
        expect(
          maxAbs(embed(values[i]!), expected.subarray(i * width, (i + 1) * width)),
          `${name} row ${i}`,
        ).toBeLessThan(tolerance);
    };
    rows("timestep_embedding_dim32", golden("timesteps"), (t) => timestepEmbedding(t, 32), 1e-4);
    rows("timestep_embedding_dim320", golden("timesteps"), (t) => timestepEmbedding(t, 320), 1e-4);
    rows("fps_embedding_sin_dim32", golden("fps"), (fps) => timestepEmbedding(fps, 32), 1e-4);
    rows("w_embedding_dim256", golden("guidance"), (w) => guidanceEmbedding(w), 2e-3);
  });
});
