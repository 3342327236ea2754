/** What the motion interpolator does differently from the keyframe generator (KEYVID.md, 4). Latents are [4, T, h·w]. */
import { LATENT_CHANNELS } from "../diffusion/latent.ts";

/** Copies one frame of a latent [4, T, h·w] out of another with as many channels and cells. */
function copyFrame(
  from: Float32Array,
  fromFrames: number,
  source: number,
  to: Float32Array,
  toFrames: number,
  target: number,
): void {
  const plane = to.length / (LATENT_CHANNELS * toFrames);
  for (let c = 0; c < LATENT_CHANNELS; c++) {
    const start = (c * fromFrames + source) * plane;
    to.set(from.subarray(start, start + plane), (c * toFrames + target) * plane);
  }
}

/**
 * Start noise: between two anchors (the keyframes and the last frame) a mixture of the anchors' noise. The weights are the reference's,
 * which are reversed: a frame is most like the anchor that is further away. Variance is not restored.
 * @param noise standard normal [4, T, h·w]
 * @param keyframes ascending frame indices, the first 0
 */
export function fillStartNoise(noise: Float32Array, frames: number, keyframes: readonly number[]): Float32Array {
  const filled = noise.slice();
  const plane = noise.length / (LATENT_CHANNELS * frames);
  const anchors = [...new Set([...keyframes, frames - 1])];
  anchors.slice(1).forEach((right, i) => {
    const left = anchors[i]!;
    for (let frame = left + 1; frame < right; frame++) {
      const share = (frame - left) / (right - left);
      for (let c = 0; c < LATENT_CHANNELS; c++) {
        const at = (of: number) => (c * frames + of) * plane;
        for (let k = 0; k < plane; k++)
          filled[at(frame) + k] = share * noise[at(left) + k]! + (1 - share) * noise[at(right) + k]!;
      }
    }
  });
  return filled;
}

/**
 * The latents that are shown beside the sample: zeros, with the keyframes' at their places.
 * @param latents one [4, h·w] for each keyframe
 */
export function placeKeyframes(
  latents: readonly Float32Array[],
  frames: number,
  keyframes: readonly number[],
): Float32Array {
  const placed = new Float32Array(latents[0]!.length * frames);
  keyframes.forEach((frame, i) => copyFrame(latents[i]!, 1, 0, placed, frames, frame));
  return placed;
}

/** One latent [4, h·w] repeated over all frames. */
export function repeatFrame(latent: Float32Array, frames: number): Float32Array {
  const repeated = new Float32Array(latent.length * frames);
  for (let frame = 0; frame < frames; frame++) copyFrame(latent, 1, 0, repeated, frames, frame);
  return repeated;
}

/**
 * Overwrites frames of a sample with known latents at the sample's noise level: sqrt(a) s z + sqrt(1 - a) n.
 * @param sample [4, T, h·w], changed in place
 * @param known latents z, of the sample's shape
 * @param noise standard normal n, of the sample's shape
 * @param alpha abar of the sample's noise level
 * @param scale scale s of the data at that level; the reference's injection leaves it at 1
 */
export function injectFrames(
  sample: Float32Array,
  frames: number,
  which: readonly number[],
  known: Float32Array,
  noise: Float32Array,
  alpha: number,
  scale = 1,
): void {
  const plane = sample.length / (LATENT_CHANNELS * frames);
  const signal = Math.sqrt(alpha) * scale;
  const disturbance = Math.sqrt(1 - alpha);
  for (const frame of which) {
    for (let c = 0; c < LATENT_CHANNELS; c++) {
      const start = (c * frames + frame) * plane;
      for (let i = start; i < start + plane; i++) sample[i] = signal * known[i]! + disturbance * noise[i]!;
    }
  }
}

/**
 * A latent drawn from the VAE's posterior: s (mean + exp(logvar / 2) noise), logvar clamped to -30 to 20. The reference draws, where
 * others take the mean.
 * @param scale s, 0.18215 for Stable Diffusion's VAE
 */
export function drawPosterior(
  mean: Float32Array,
  logvar: Float32Array,
  noise: Float32Array,
  scale: number,
): Float32Array {
  return mean.map((value, i) => scale * (value + Math.exp(0.5 * Math.min(20, Math.max(-30, logvar[i]!))) * noise[i]!));
}
