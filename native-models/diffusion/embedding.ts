/** Sinusoidal embeddings of the numbers that a U-Net is told: timestep, frame rate, frame index, guidance scale. */

/**
 * Sinusoidal embedding of a timestep, a frame rate or a frame index, [cos | sin]: freq_i = exp(-ln(10000) i / half), half = dim / 2.
 * The argument is an integer. Computed in float32 like the reference.
 * @returns [dim]
 */
export function timestepEmbedding(value: number, dim: number): Float32Array {
  const { fround } = Math;
  const half = dim >> 1;
  const embedding = new Float32Array(dim);
  const scale = fround(-Math.log(10000));
  for (let i = 0; i < half; i++) {
    const frequency = fround(Math.exp(fround(fround(scale * i) / half)));
    const angle = fround(value * frequency);
    embedding[i] = Math.cos(angle);
    embedding[half + i] = Math.sin(angle);
  }
  return embedding;
}

/**
 * Embedding of the guidance scale w for a distilled U-Net, [sin | cos] of 1000 w freq_i, freq_i = exp(-ln(10000) i / (half - 1)).
 * Note the order, opposite to the timestep's.
 * @param guidance w, as the user states it (7.5 by default).
 * @returns [dim]
 */
export function guidanceEmbedding(guidance: number, dim = 256): Float32Array {
  const { fround } = Math;
  const half = dim >> 1;
  const embedding = new Float32Array(dim);
  const scale = fround(-fround(fround(Math.log(10000)) / (half - 1)));
  const argument = fround(fround(guidance) * 1000);
  for (let i = 0; i < half; i++) {
    const angle = fround(argument * fround(Math.exp(fround(i * scale))));
    embedding[i] = Math.sin(angle);
    embedding[half + i] = Math.cos(angle);
  }
  return embedding;
}
