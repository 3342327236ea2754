/**
 * PAT_sf: self-attention among all positions of the untouched channels [N, u, H, W], behind a layer norm over the channels and with a bias
 * by relative position. Written twice: over tokens, and over channels as they lie in a picture, which is less work for few positions.
 */
import type { Graph, Tensor } from "../onnx/graph.ts";
import { linear } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import * as vision from "../onnx/ops-vision.ts";
import * as fold from "./fold.ts";
import { convolveApart, type Kernel } from "./kernels.ts";
import { BUCKETS, relativePositionBias } from "./relative-position.ts";
import type { Trace } from "./trace.ts";

const LAYER_NORM_EPSILON = 1e-6;

/** Up to so many positions all their scores are kept at once. */
export const FEW_POSITIONS = 196;

/** Tokens [N, H·W, u] of mean 0 and variance 1: the norm's own scale and shift are part of the projections. */
function normalised(g: Graph, x: Tensor, trace: Trace | undefined): Tensor {
  const u = x.shape[1]!;
  const ones = g.constant("float32", [u], Array<number>(u).fill(1));
  const zeros = g.constant("float32", [u], Array<number>(u).fill(0));
  const tokens = op.layerNorm(g, vision.toTokens(g, x), ones, zeros, LAYER_NORM_EPSILON);
  trace?.(`${g.path}.tokens`, tokens);
  return tokens;
}

const projections = (g: Graph, u: number) =>
  fold.layerNormThenProject(`${g.path}.attn.qkv`, [3 * u, u], `${g.path}.norm`);

/** The bias [1, heads, H·W, H·W]. */
function positionBias(g: Graph, heads: number, x: Tensor, trace: Trace | undefined): Tensor {
  const [, , h, w] = x.shape as [number, number, number, number];
  const bias = relativePositionBias(g, g.parameter("rpe_k.lookup_table_bias", [heads, BUCKETS]), h, w);
  trace?.(`${g.path}.bias`, bias);
  return bias;
}

/** All of PAT_sf, in the graph's arithmetic: [N, u, H, W]. */
export function attendTokens(g: Graph, x: Tensor, heads: number, trace: Trace | undefined): Tensor {
  const [, u, h, w] = x.shape as [number, number, number, number];
  const tokens = normalised(g, x, trace);
  const derived = projections(g, u);
  return g.scope("attn", () => {
    const [q, k, v] = [0, 1, 2].map((part) =>
      g.scope("qkv.merged", () => {
        const rows = [part * u, (part + 1) * u] as const;
        const bias = g.parameter("bias", [3 * u], { rows, derived: derived.bias });
        if (g.int8) {
          const { values, scale } = g.int8Weight("linear", [3 * u, u], { rows });
          return op.projectInt8(g, tokens, values, scale, bias);
        }
        return op.project(g, tokens, g.parameter("weight", [3 * u, u], { rows, derived: derived.weight }), bias);
      }),
    ) as [Tensor, Tensor, Tensor];
    trace?.(`${g.path}.q`, q);
    trace?.(`${g.path}.k`, k);
    const mixed = op.attention(g, q, k, v, heads, positionBias(g, heads, x, trace));
    return vision.fromTokens(g, linear(g, "proj", mixed, u, { heavy: true }), h, w);
  });
}

/** PAT_sf in float32 with its last projection in parts of so many channels. */
export function attendChannels(
  g: Graph,
  x: Tensor,
  heads: number,
  parts: readonly number[],
  trace: Trace | undefined,
): Tensor[] {
  const [n, u, h, w] = x.shape as [number, number, number, number];
  const tokens = vision.fromTokens(g, normalised(g, x, trace), h, w);
  const derived = projections(g, u);
  const head = [n, heads, u / heads, h * w];
  return g.scope("attn", () => {
    const qkv: Kernel = { scope: "qkv.merged", shape: [3 * u, u, 1, 1], ...derived, isProjection: true };
    const three = convolveApart(g, tokens, qkv, [u, u, u]);
    for (const [i, name] of ["q", "k"].entries()) trace?.(`${g.path}.${name}`, vision.toTokens(g, three[i]!));
    const bias = positionBias(g, heads, x, trace);
    const [q, k, v] = three.map((part) => op.reshape(g, part, head)) as [Tensor, Tensor, Tensor];
    const scores = op.add(g, op.fusedMatmul(g, q, k, { transA: true, alpha: (u / heads) ** -0.5 }), bias);
    const mixed = op.fusedMatmul(g, v, vision.softmax(g, scores), { transB: true });
    const proj: Kernel = { scope: "proj", shape: [u, u, 1, 1], isProjection: true };
    return convolveApart(g, op.reshape(g, mixed, [n, u, h, w]), proj, parts);
  });
}
