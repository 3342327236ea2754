/**
 * How the official code deals the sound's tokens to the frames. Each of the 48 time columns makes 13 tokens (the class token and 12
 * bands), but the flat row of 624 is then dealt out in twelves (KEYVID.md, trap 1). Training did the same for the generator, so that
 * is what the weights expect.
 */
import { AUDIO_TOKENS, FRAMES } from "./config.ts";
import { TRUNK_GRID } from "./audio-trunk.ts";

const [BANDS, COLUMNS] = TRUNK_GRID;
const PER_COLUMN = BANDS + 1;
/** Twelves in the flat row. */
const GROUPS = (COLUMNS * PER_COLUMN) / AUDIO_TOKENS;

/** Trunk tokens [577, width] → [48, 13, width]: the class token, then the 12 bands of each time column. */
export function tokensPerColumn(tokens: Float32Array): Float32Array {
  const width = tokens.length / (1 + BANDS * COLUMNS);
  const result = new Float32Array(COLUMNS * PER_COLUMN * width);
  for (let column = 0; column < COLUMNS; column++) {
    const start = column * PER_COLUMN;
    result.set(tokens.subarray(0, width), start * width);
    for (let band = 0; band < BANDS; band++) {
      const row = 1 + band * COLUMNS + column;
      result.set(tokens.subarray(row * width, (row + 1) * width), (start + 1 + band) * width);
    }
  }
  return result;
}

/** Trunk tokens [577, width] → [T, 12, width] for the generator: the 12i-th to (12i + 11)-th flat token for each frame index i. */
export function keyframeSound(tokens: Float32Array, frameIndex: readonly number[]): Float32Array {
  const flat = tokensPerColumn(tokens);
  const group = (flat.length / (COLUMNS * PER_COLUMN)) * AUDIO_TOKENS;
  const result = new Float32Array(frameIndex.length * group);
  for (const [i, frame] of frameIndex.entries())
    result.set(flat.subarray(frame * group, (frame + 1) * group), i * group);
  return result;
}

/** Trunk tokens [577, width] → [48, 12, width] for the interpolator: 52 groups, resized linearly to 48 with pixel centres aligned. */
export function interpolationSound(tokens: Float32Array): Float32Array {
  const flat = tokensPerColumn(tokens);
  const group = flat.length / GROUPS;
  const result = new Float32Array(FRAMES * group);
  for (let frame = 0; frame < FRAMES; frame++) {
    const place = Math.max(0, ((frame + 0.5) * GROUPS) / FRAMES - 0.5);
    const left = Math.min(Math.floor(place), GROUPS - 1);
    const right = Math.min(left + 1, GROUPS - 1);
    const share = place - left;
    for (let i = 0; i < group; i++)
      result[frame * group + i] = (1 - share) * flat[left * group + i]! + share * flat[right * group + i]!;
  }
  return result;
}
