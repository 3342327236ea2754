/**
 * Weights that conversion computes: batch norms folded into the convolution before or after them, and the branches of PAT_sp merged
 * into one kernel. All are exact in exact arithmetic. A norm is always paired with a convolution by what the network does, never by
 * the order in which a checkpoint lists them.
 */
import type { Derivation } from "../types.ts";

/** Epsilon of every batch norm of the family. */
const BATCH_NORM_EPSILON = 1e-5;

type Source = Derivation["from"][number];

/** The four tensors of a batch norm over `channels`. */
const norm = (path: string, channels: number): Source[] =>
  ["weight", "bias", "running_mean", "running_var"].map((name) => ({ source: `${path}.${name}`, shape: [channels] }));

type Norm = readonly [Float32Array, Float32Array, Float32Array, Float32Array];

/** A batch norm at inference as y = scale·x + shift. */
function affine([weight, bias, mean, variance]: Norm): { scale: Float64Array; shift: Float64Array } {
  const scale = Float64Array.from(weight, (value, i) => value / Math.sqrt(variance[i]! + BATCH_NORM_EPSILON));
  return { scale, shift: scale.map((value, i) => bias[i]! - mean[i]! * value) };
}

/**
 * Scales of a norm that the gate's map is divided by: one that is none, or hardly any, becomes one that no picture shows (its channel
 * is the norm's shift to all digits) but that a division bears.
 */
const divisible = (scale: Float64Array): Float64Array =>
  scale.map((value) => (Math.abs(value) < LEAST_SCALE ? LEAST_SCALE : value));
const LEAST_SCALE = 2 ** -40;

const four = (tensors: readonly Float32Array[], from = 0) => affine(tensors.slice(from, from + 4) as unknown as Norm);

/** Rows [rows, columns] each multiplied by `byRow`, columns by `byColumn`. */
function scaled(matrix: Float32Array, byRow: ArrayLike<number>, byColumn?: (column: number) => number): Float32Array {
  const columns = matrix.length / byRow.length;
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < byRow.length; row++)
    for (let column = 0; column < columns; column++)
      result[row * columns + column] =
        matrix[row * columns + column]! * byRow[row]! * (byColumn ? byColumn(column) : 1);
  return result;
}

/** Matrix [rows, columns] times a vector that begins at `first` of the columns. */
function times(matrix: Float32Array, rows: number, vector: Float64Array, first = 0): Float64Array {
  const columns = matrix.length / rows;
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < vector.length; i++)
      result[row] = result[row]! + matrix[row * columns + first + i]! * vector[i]!;
  return result;
}

/** A bias-free convolution followed by a batch norm. `weight` and `bias` of the one convolution that does both. */
export function convThenNorm(conv: string, shape: readonly number[], normPath: string) {
  const sources = norm(normPath, shape[0]!);
  return {
    weight: {
      from: [{ source: `${conv}.weight`, shape }, ...sources],
      compute: (kernel: Float32Array, ...tensors: Float32Array[]) => scaled(kernel, four(tensors).scale),
    },
    bias: {
      from: sources,
      compute: (...tensors: Float32Array[]) => Float32Array.from(four(tensors).shift),
    },
  } satisfies Record<string, Derivation>;
}

/**
 * A 1×1 convolution [out, in] between two batch norms: one over its input's channels from `first` on (the gated channels of PAT_ch),
 * one over its output.
 */
export function normConvNorm(
  conv: string,
  [out, inner]: readonly [number, number],
  before: { readonly path: string; readonly first: number },
  after: string,
) {
  const from = [
    { source: `${conv}.weight`, shape: [out, inner, 1, 1] },
    ...norm(before.path, inner - before.first),
    ...norm(after, out),
  ];
  return {
    weight: {
      from,
      compute: (kernel: Float32Array, ...tensors: Float32Array[]) => {
        const input = four(tensors).scale;
        return scaled(kernel, four(tensors, 4).scale, (i) => (i < before.first ? 1 : input[i - before.first]!));
      },
    },
    bias: {
      from,
      compute: (kernel: Float32Array, ...tensors: Float32Array[]) => {
        const { scale, shift } = four(tensors, 4);
        const carried = times(kernel, out, four(tensors).shift, before.first);
        return Float32Array.from(carried, (value, i) => value * scale[i]! + shift[i]!);
      },
    },
  } satisfies Record<string, Derivation>;
}

/** A 1×1 convolution [out, in] with a bias, behind a batch norm of its input: a lateral of the feature pyramid. */
export function normConv(conv: string, [out, inner]: readonly [number, number], before: string) {
  const kernel = { source: `${conv}.weight`, shape: [out, inner, 1, 1] };
  return {
    weight: {
      from: [kernel, ...norm(before, inner)],
      compute: (weight: Float32Array, ...tensors: Float32Array[]) => {
        const { scale } = four(tensors);
        return scaled(weight, new Float64Array(out).fill(1), (i) => scale[i]!);
      },
    },
    bias: {
      from: [kernel, { source: `${conv}.bias`, shape: [out] }, ...norm(before, inner)],
      compute: (weight: Float32Array, bias: Float32Array, ...tensors: Float32Array[]) =>
        Float32Array.from(times(weight, out, four(tensors).shift), (value, i) => value + bias[i]!),
    },
  } satisfies Record<string, Derivation>;
}

/**
 * The gate of PAT_ch: `cfc1` [u, u, 1, 2] mixes every channel's mean (column 0) and standard deviation (column 1), a batch norm
 * follows. Weight as a matrix [u, 2u] over all means, then all deviations.
 */
export function channelGate(path: string, channels: number) {
  const sources = norm(`${path}.bn`, channels);
  return {
    weight: {
      from: [{ source: `${path}.cfc1.weight`, shape: [channels, channels, 1, 2] }, ...sources],
      compute: (pairs: Float32Array, ...tensors: Float32Array[]) => {
        const { scale } = four(tensors);
        const result = new Float32Array(pairs.length);
        for (let out = 0; out < channels; out++)
          for (let i = 0; i < channels; i++)
            for (const statistic of [0, 1])
              result[(out * 2 + statistic) * channels + i] = pairs[(out * channels + i) * 2 + statistic]! * scale[out]!;
        return result;
      },
    },
    bias: { from: sources, compute: (...tensors: Float32Array[]) => Float32Array.from(four(tensors).shift) },
  } satisfies Record<string, Derivation>;
}

/**
 * The MLP's second 1×1 convolution W2 [d, hidden] merged with the branches of PAT_sp behind it. With s, t a norm's scale and shift, C
 * the kernel of the convolved half and A that of the gate's map, the d outputs are
 * `[ diag(s_norm)·W2a ; C·diag(s_norm2)·W2b ]`, and the map is `A·W2a` of the hidden channels (PATNET paper, section 3.3, with the
 * published code's order of the halves: the gated one first), or, of a quarter of the channels, `A·diag(1/s_norm)` of the gated outputs.
 * @param gated channels of the gated half; the rest of the d are convolved
 */
export function spatialGate(mlp: string, [d, hidden]: readonly [number, number], gated: number) {
  const path = `${mlp}.4`;
  const rest = d - gated;
  const second = { source: `${mlp}.3.weight`, shape: [d, hidden, 1, 1] };
  const kernel = { source: `${path}.conv.weight`, shape: [rest, rest, 1, 1] };
  const gatedNorm = norm(`${path}.norm`, gated);
  const restNorm = norm(`${path}.norm2`, rest);
  return {
    weight: {
      from: [second, kernel, ...gatedNorm, ...restNorm],
      compute: (w2: Float32Array, c: Float32Array, ...tensors: Float32Array[]) => {
        const result = new Float32Array(d * hidden);
        result.set(scaled(w2.subarray(0, gated * hidden), divisible(four(tensors).scale)));
        const { scale } = four(tensors, 4);
        const sum = new Float64Array(hidden);
        for (let out = 0; out < rest; out++) {
          sum.fill(0);
          for (let i = 0; i < rest; i++) {
            const factor = c[out * rest + i]! * scale[i]!;
            for (let column = 0; column < hidden; column++)
              sum[column] = sum[column]! + factor * w2[(gated + i) * hidden + column]!;
          }
          result.set(sum, (gated + out) * hidden);
        }
        return result;
      },
    },
    /** Bias of the convolved half; the gated half has none before its gate. */
    bias: {
      from: [kernel, ...restNorm],
      compute: (c: Float32Array, ...tensors: Float32Array[]) => {
        const result = new Float32Array(d);
        result.set(Float32Array.from(times(c, rest, four(tensors).shift)), gated);
        return result;
      },
    },
    /** The gate's map as a 1×1 convolution of the gated half. */
    gate: {
      from: [{ source: `${path}.conv_attn.weight`, shape: [1, gated, 1, 1] }, ...gatedNorm],
      compute: (a: Float32Array, ...tensors: Float32Array[]) => {
        const scale = divisible(four(tensors).scale);
        return a.map((value, i) => value / scale[i]!);
      },
    },
    /** The same as a 1×1 convolution of the hidden channels, which bears the coarse steps of int8 better. */
    map: {
      from: [second, { source: `${path}.conv_attn.weight`, shape: [1, gated, 1, 1] }],
      compute: (w2: Float32Array, a: Float32Array) => {
        const sum = new Float64Array(hidden);
        for (let i = 0; i < gated; i++)
          for (let column = 0; column < hidden; column++) sum[column] = sum[column]! + a[i]! * w2[i * hidden + column]!;
        return Float32Array.from(sum);
      },
    },
    /** What the gated half's norm adds behind the gate. */
    shift: {
      from: gatedNorm,
      compute: (...tensors: Float32Array[]) => Float32Array.from(four(tensors).shift),
    },
  } satisfies Record<string, Derivation>;
}

/** A projection [out, in] behind a layer norm, whose own scale and shift it takes over. */
export function layerNormThenProject(project: string, [out, inner]: readonly [number, number], layerNorm: string) {
  const weight = { source: `${project}.weight`, shape: [out, inner] };
  const [scale, shift] = ["weight", "bias"].map((name) => ({ source: `${layerNorm}.${name}`, shape: [inner] }));
  return {
    weight: {
      from: [weight, scale!],
      compute: (matrix: Float32Array, gain: Float32Array) =>
        scaled(matrix, new Float64Array(out).fill(1), (i) => gain[i]!),
    },
    bias: {
      from: [weight, shift!],
      compute: (matrix: Float32Array, offset: Float32Array) =>
        Float32Array.from(times(matrix, out, Float64Array.from(offset))),
    },
  } satisfies Record<string, Derivation>;
}

/** The leading `split` channels of a kernel [d, d, 3, 3] over all channels (a learnt split). */
export function leadingKernel(source: string, d: number, split: number): Derivation {
  return {
    from: [{ source, shape: [d, d, 3, 3] }],
    compute: (kernel) => {
      const result = new Float32Array(split * split * 9);
      for (let out = 0; out < split; out++)
        result.set(kernel.subarray(out * d * 9, (out * d + split) * 9), out * split * 9);
      return result;
    },
  };
}
