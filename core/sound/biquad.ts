/** Second-order filters. Source: R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients". */

/** Normalised so that a0 is 1. */
export interface Biquad {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

const design = (b0: number, b1: number, b2: number, a0: number, a1: number, a2: number): Biquad => ({
  b0: b0 / a0,
  b1: b1 / a0,
  b2: b2 / a0,
  a1: a1 / a0,
  a2: a2 / a0,
});

/** A corner at or above half the sampling rate is drawn just below it, so that a filter exists at any rate. */
function angle(hertz: number, sampleRate: number): number {
  return (2 * Math.PI * Math.min(hertz, sampleRate * 0.49)) / sampleRate;
}

export function lowPass(hertz: number, sampleRate: number, q = Math.SQRT1_2): Biquad {
  const w = angle(hertz, sampleRate);
  const alpha = Math.sin(w) / (2 * q);
  const c = Math.cos(w);
  return design((1 - c) / 2, 1 - c, (1 - c) / 2, 1 + alpha, -2 * c, 1 - alpha);
}

export function highPass(hertz: number, sampleRate: number, q = Math.SQRT1_2): Biquad {
  const w = angle(hertz, sampleRate);
  const alpha = Math.sin(w) / (2 * q);
  const c = Math.cos(w);
  return design((1 + c) / 2, -(1 + c), (1 + c) / 2, 1 + alpha, -2 * c, 1 - alpha);
}

/** Shelf of BS.1770's form: (V s² + √V s / q + 1) / (s² + s / q + 1), with its poles at `hertz`. */
export function highShelf(hertz: number, sampleRate: number, gainDb: number, q: number): Biquad {
  const k = Math.tan(angle(hertz, sampleRate) / 2);
  const v = 10 ** (gainDb / 20);
  const slope = (Math.sqrt(v) * k) / q;
  return design(
    v + slope + k * k,
    2 * (k * k - v),
    v - slope + k * k,
    1 + k / q + k * k,
    2 * (k * k - 1),
    1 - k / q + k * k,
  );
}

/** The samples through all filters, one after another. */
export function filterSamples(samples: Float32Array, filters: readonly Biquad[]): Float32Array {
  const output = samples.slice();
  for (const { b0, b1, b2, a1, a2 } of filters) {
    let [s1, s2] = [0, 0];
    // Transposed direct form II; the states stay in float64.
    for (let i = 0; i < output.length; i++) {
      const x = output[i]!;
      const y = b0 * x + s1;
      s1 = b1 * x - a1 * y + s2;
      s2 = b2 * x - a2 * y;
      output[i] = y;
    }
  }
  return output;
}
