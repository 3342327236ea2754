/**
 * Sound at any place between its samples, by a sinc with a Kaiser window (J. O. Smith, "Digital Audio Resampling", 2002): what changes
 * the speed of a clip and the sampling rate of its media, in one step and without a memory.
 */

/** Zero crossings of the sinc on each side. */
const CROSSINGS = 12;
/** Table entries for one crossing; between them it is interpolated. */
const STEPS = 512;
/** The cut-off lies a little below half of the sampling rate, so that the flank falls inside. */
const ROLLOFF = 0.945;
/** Kaiser's β: side lobes about 80 dB down. */
const BETA = 8;
/** Faster than this is noise anyway; the filter grows no longer. */
const MAX_RATIO = 16;

/** The modified Bessel function of order 0, by its series. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const kernel = Float64Array.from({ length: CROSSINGS * STEPS + 2 }, (_, i) => {
  const x = i / STEPS;
  if (x >= CROSSINGS) return 0;
  const window = bessel(BETA * Math.sqrt(1 - (x / CROSSINGS) ** 2)) / bessel(BETA);
  const angle = Math.PI * x * ROLLOFF;
  return window * ROLLOFF * (angle === 0 ? 1 : Math.sin(angle) / angle);
});

const ratioOf = (step: number): number => Math.min(MAX_RATIO, Math.max(1, Math.abs(step)));

/** How many samples on each side of a place are needed. @param step samples from one place to the next */
export const reachOf = (step: number): number => Math.ceil(CROSSINGS * ratioOf(step)) + 1;

/**
 * The sound at a place. @param place in samples, at least `reachOf(step)` away from both ends
 * @param step samples from one place to the next: what would fold over at that step is filtered away
 */
export function sampleAt(samples: Float32Array, place: number, step: number): number {
  const ratio = ratioOf(step);
  const reach = CROSSINGS * ratio;
  let sum = 0;
  for (let k = Math.ceil(place - reach), last = Math.floor(place + reach); k <= last; k++) {
    const x = (Math.abs(k - place) / ratio) * STEPS;
    const at = Math.floor(x);
    const [a, b] = [kernel[at]!, kernel[at + 1]!];
    sum += samples[k]! * (a + (b - a) * (x - at));
  }
  return sum / ratio;
}
