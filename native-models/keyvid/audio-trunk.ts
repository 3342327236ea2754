/**
 * ImageBind's audio trunk as KeyVID runs it, and the keyframe localiser that is built on a second copy of it. R. Girdhar et al.,
 * "ImageBind: One Embedding Space To Bind Them All" (2023); official KeyVID code: `ScoreModel_mel`, set "1".
 */
import { Graph, type Tensor } from "../onnx/graph.ts";
import { layerNorm, linear, packedProjection } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import { relu } from "../onnx/ops-vision.ts";
import type { Derivation } from "../types.ts";
import {
  type AudioTrunkConfig,
  FRAMES,
  type KeyvidConfig,
  LOCALIZER_COLUMNS,
  MEL_BANDS,
  MEL_COLUMNS,
} from "./config.ts";

export const TRUNK_PREFIX = "imagebind_model";
/** The official spelling. */
export const LOCALIZER_TRUNK_PREFIX = "imagebindMoodel";

/** Pixels of the mel picture that one token sees, each way. */
const PATCH = 16;
/** Steps between tokens, [bands, columns]. */
const TRUNK_STRIDE = [10, 4] as const;
const LOCALIZER_STRIDE = [4, 4] as const;
const BLOCK_EPS = 1e-6;

/** Tokens of a mel picture, [down the bands, along the time]. */
const grid = (columns: number, [down, along]: readonly [number, number]): [number, number] => [
  Math.floor((MEL_BANDS - PATCH) / down) + 1,
  Math.floor((columns - PATCH) / along) + 1,
];

/** 12 bands × 48 columns: one column for each frame of the clip. */
export const TRUNK_GRID = grid(MEL_COLUMNS, TRUNK_STRIDE);
export const TRUNK_TOKENS = TRUNK_GRID[0] * TRUNK_GRID[1] + 1;
/** Columns of the position table in Meta's own checkpoint. */
export const META_COLUMNS = 19;
const LOCALIZER_GRID = grid(LOCALIZER_COLUMNS, LOCALIZER_STRIDE);
export const LOCALIZER_TOKENS = LOCALIZER_GRID[0] * LOCALIZER_GRID[1];

/** Reports inner tensors for comparison with the reference. */
export type AudioTrace = (name: "tokens_after_pos" | "trunk_out", tensor: Tensor) => void;

/** Mel picture [B, 1, 128, columns] → tokens [B, bands · times, width], bands outermost, normalised. */
function stem(g: Graph, mel: Tensor, width: number, stride: readonly [number, number]): Tensor {
  return g.scope("modality_preprocessors.audio.rgbt_stem", () => {
    const kernel = g.scope("proj", () => g.parameter("weight", [width, 1, PATCH, PATCH]));
    const patches = op.conv2d(g, mel, kernel, undefined, { stride });
    const tokens = op.transpose(g, op.reshape(g, patches, [mel.shape[0]!, width, -1]), [0, 2, 1]);
    return layerNorm(g, "norm_layer", tokens);
  });
}

/** A block of x [B, L, width]; the learned `bias_k` and `bias_v` are one more token that all may attend to. */
function trunkBlock(g: Graph, x: Tensor, heads: number): Tensor {
  const [batch, , width] = x.shape as [number, number, number];
  const first = layerNorm(g, "norm_1", x, BLOCK_EPS);
  const attended = g.scope("attn", () => {
    const { q, k, v } = packedProjection(g, first);
    const more = (name: string, tensor: Tensor) =>
      op.concat(g, [tensor, op.expand(g, g.parameter(name, [1, 1, width]), [batch, 1, width])], 1);
    return linear(g, "out_proj", op.attention(g, q, more("bias_k", k), more("bias_v", v), heads), width);
  });
  const y = op.add(g, x, attended);
  const normal = layerNorm(g, "norm_2", y, BLOCK_EPS);
  return op.add(
    g,
    y,
    g.scope("mlp", () => linear(g, "fc2", op.gelu(g, linear(g, "fc1", normal, width * 4)), width)),
  );
}

/** All blocks, without a last norm. */
function trunk(g: Graph, x: Tensor, { blocks, heads }: { blocks: number; heads: number }): Tensor {
  let h = x;
  for (let block = 0; block < blocks; block++)
    h = g.scope(`modality_trunks.audio.blocks.${block}`, () => trunkBlock(g, h, heads));
  return h;
}

/**
 * `mel` [B, 1, 128, 204], normalised → `tokens` [B, 577, width]: the class token, then 12 bands of 48 columns.
 */
export function soundGraph(audio: AudioTrunkConfig, batch: number, trace: AudioTrace | null = null): Graph {
  const { width } = audio;
  const g = new Graph("imagebind-audio", TRUNK_PREFIX);
  const mel = g.input("mel", "float32", [batch, 1, MEL_BANDS, MEL_COLUMNS]);
  const tokens = stem(g, mel, width, TRUNK_STRIDE);
  const placed = g.scope("modality_preprocessors.audio", () => {
    const first = op.expand(g, g.parameter("cls_token", [1, 1, width]), [batch, 1, width]);
    const all = op.concat(g, [first, tokens], 1);
    const table = g.scope("pos_embedding_helper", () => positions(g, audio));
    return op.add(g, all, table);
  });
  trace?.("tokens_after_pos", placed);
  g.output("tokens", trunk(g, placed, audio));
  return g;
}

/** The table of positions [1, 577, width]: as it is, or resized at conversion from another number of columns. */
function positions(g: Graph, { width, tableColumns }: AudioTrunkConfig): Tensor {
  const shape = [1, TRUNK_TOKENS, width];
  const [bands, columns] = TRUNK_GRID;
  if (tableColumns === columns) return g.parameter("pos_embed", shape);
  const derived: Derivation = {
    from: [{ source: `${g.path}.pos_embed`, shape: [1, 1 + bands * tableColumns, width] }],
    compute: (table) => resizeColumns(table, { width, bands, from: tableColumns, to: columns }),
  };
  return g.parameter(`pos_embed.${columns}-columns`, shape, { derived });
}

/**
 * The class token's row, then bands × columns rows resized along the columns: bilinear, pixel centres aligned
 * (`interpolate(mode="bilinear", align_corners=False)`). Rows have `width` values.
 */
export function resizeColumns(
  table: Float32Array,
  { width, bands, from, to }: { width: number; bands: number; from: number; to: number },
): Float32Array {
  const result = new Float32Array((1 + bands * to) * width);
  result.set(table.subarray(0, width));
  for (let band = 0; band < bands; band++)
    for (let column = 0; column < to; column++) {
      const place = Math.max(0, ((column + 0.5) * from) / to - 0.5);
      const left = Math.min(Math.floor(place), from - 1);
      const right = Math.min(left + 1, from - 1);
      const share = place - left;
      const row = (at: number) => (1 + band * from + at) * width;
      const target = (1 + band * to + column) * width;
      for (let i = 0; i < width; i++)
        result[target + i] = (1 - share) * table[row(left) + i]! + share * table[row(right) + i]!;
    }
  return result;
}

/** `mel` [B, 1, 128, 198], normalised → `scores` [B, 48], the motion expected in each 1/24 s. */
export function localizerGraph(
  { localizer }: Pick<KeyvidConfig, "localizer">,
  batch: number,
  trace: AudioTrace | null = null,
): Graph {
  const { width, features } = localizer;
  const g = new Graph("keyvid-localizer");
  const mel = g.input("mel", "float32", [batch, 1, MEL_BANDS, LOCALIZER_COLUMNS]);
  const tokens = g.scope(LOCALIZER_TRUNK_PREFIX, () => {
    const patches = stem(g, mel, width, LOCALIZER_STRIDE);
    const table = g.scope("modality_preprocessors.audio.pos_embedding_helper", () =>
      g.parameter("pos_embed", [1, LOCALIZER_TOKENS, width]),
    );
    const placed = op.add(g, patches, table);
    trace?.("tokens_after_pos", placed);
    return trunk(g, placed, localizer);
  });
  trace?.("trunk_out", tokens);
  const inTime = op.transpose(g, linear(g, "linear1", op.transpose(g, tokens, [0, 2, 1]), FRAMES), [0, 2, 1]);
  const few = op.reshape(g, linear(g, "linear2", relu(g, inTime), features), [batch, FRAMES * features]);
  const head = linear(g, "linear3", relu(g, few), FRAMES);
  const skip = op.reshape(g, op.meanOverLast(g, inTime), [batch, FRAMES]);
  g.output("scores", op.add(g, head, skip));
  return g;
}
