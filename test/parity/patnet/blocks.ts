/** Single blocks on their own weights: what comes out, and what the parts inside give. */
import { z } from "zod";
import { Graph } from "../../../native-models/onnx/graph.ts";
import { patBlock } from "../../../native-models/patnet/blocks.ts";
import type { Block } from "../../../native-models/patnet/config.ts";
import type { GoldenFile } from "../golden-folder.ts";
import { TraceOutputs, traceName } from "../hummingbird/tensors.ts";
import { type Check, LARGEST } from "./context.ts";
import { batchNorm, runGraph, valuesSource } from "./golden-source.ts";
import { bound } from "./manifest.ts";

/** Scope of the block's weights in the file. */
const PREFIX = "w";

const configSchema = z.object({
  dim: z.number(),
  h: z.number(),
  w: z.number(),
  type: z.string(),
  use_spatial: z.boolean(),
  act: z.string(),
  heads: z.number().nullable(),
});

/** Folding moved some of the reference's tensors: how they follow from those that our graph has. */
type Derive = (
  traced: (path: string) => Float32Array,
  file: GoldenFile,
  block: Shape,
) => Promise<Float32Array> | Float32Array;
interface Shape extends Block {
  readonly batch: number;
  readonly width: number;
  readonly cells: number;
}

/** Values [N, C, cells] with `apply` for each channel. */
const byChannel = (
  values: Float32Array,
  channels: number,
  cells: number,
  apply: (value: number, channel: number) => number,
) => values.map((value, i) => apply(value, Math.floor(i / cells) % channels));

/** The leading `count` of `channels` channels. */
function leading(values: Float32Array, channels: number, cells: number, count: number): Float32Array {
  const parts: Float32Array[] = [];
  for (let at = 0; at < values.length; at += channels * cells) parts.push(values.subarray(at, at + count * cells));
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** [N, L, C] → [N, C, L]. */
function channelsFirst(values: Float32Array, batch: number, channels: number): Float32Array {
  const length = values.length / (batch * channels);
  return values.map((_, i) => {
    const n = Math.floor(i / (channels * length));
    return values[(n * length + (i % length)) * channels + (Math.floor(i / length) % channels)]!;
  });
}

const normOf = (file: GoldenFile, path: string) => batchNorm(async (name) => (await file.get(name)).data, path);

const derivations: Readonly<Record<string, Derive>> = {
  channel_gate: (traced) => traced("w.spatial_mixing.gate"),
  rpe_bias: (traced) => traced("w.spatial_mixing.attn.bias"),
  attn_out: (traced) => traced("w.spatial_mixing.attended"),
  spatial_gate: (traced) => traced("w.mlp.map"),
  mlp_out: (traced) => traced("w.mlp"),
  async mixing_out(traced, file, { mixing, split, width, cells }) {
    const mixed = traced("w.spatial_mixing");
    if (mixing !== "channel") return mixed;
    // The gated channels' batch norm is folded into the MLP.
    const norm = await normOf(file, `${PREFIX}.spatial_mixing.norm`);
    return byChannel(mixed, width, cells, (value, channel) => (channel < split ? value : norm(value, channel - split)));
  },
  async ln_out(traced, file, { batch, width, split, cells }) {
    // The layer norm's scale and shift are folded into the projections.
    const tokens = channelsFirst(traced("w.spatial_mixing.tokens"), batch, width - split);
    const scale = (await file.get(`${PREFIX}.spatial_mixing.norm.weight`)).data;
    const shift = (await file.get(`${PREFIX}.spatial_mixing.norm.bias`)).data;
    return byChannel(tokens, width - split, cells, (value, i) => value * scale[i]! + shift[i]!);
  },
  attn_probs(traced, _, { batch, width, split, heads, cells }) {
    // Attention is one operator: its probabilities are recomputed from what it is given.
    const [q, k, bias] = ["q", "k", "bias"].map((name) => traced(`w.spatial_mixing.attn.${name}`));
    const channels = width - split;
    const each = channels / heads;
    const rows: number[] = [];
    for (let n = 0; n < batch; n++)
      for (let head = 0; head < heads; head++)
        for (let i = 0; i < cells; i++) {
          const logits = Array.from({ length: cells }, (_, j) => {
            let sum = 0;
            for (let c = 0; c < each; c++)
              sum +=
                q![(n * cells + i) * channels + head * each + c]! * k![(n * cells + j) * channels + head * each + c]!;
            return sum / Math.sqrt(each) + bias![(head * cells + i) * cells + j]!;
          });
          const most = Math.max(...logits);
          const powers = logits.map((logit) => Math.exp(logit - most));
          const total = powers.reduce((a, b) => a + b, 0);
          rows.push(...powers.map((power) => power / total));
        }
    return Float32Array.from(rows);
  },
};

export const checkBlock: Check = async ({ report, stem, entry }, file) => {
  const config = configSchema.parse(entry.config);
  const shapes = new Map<string, readonly number[]>();
  for (const name of file.tensorNames.filter((tensor) => tensor.startsWith(`${PREFIX}.`)))
    shapes.set(name, (await file.get(name)).shape);
  const input = await file.get("input");
  const isSelf = config.type.startsWith("v2");
  const block: Shape = {
    mixing: isSelf ? "self" : "channel",
    split: shapes.get(`${PREFIX}.spatial_mixing.partial_conv3.weight`)![0]!,
    learnt: false,
    hidden: shapes.get(`${PREFIX}.mlp.0.weight`)![0]!,
    spatial: config.use_spatial,
    heads: config.heads ?? 0,
    innerResidual: isSelf,
    layerScale: false,
    batch: input.shape[0]!,
    width: config.dim,
    cells: config.h * config.w,
  };
  const g = new Graph("block", PREFIX);
  const found = new Map<string, Parameters<TraceOutputs["see"]>[1]>();
  const output = patBlock(g, g.input("input", "float32", input.shape), block, {
    activation: config.act === "GELU" ? "gelu" : "relu",
    trace: (path, tensor) => void found.set(path, () => tensor),
  });
  const trace = new TraceOutputs(found.keys());
  for (const [path, tensor] of found) trace.see(path, tensor);
  g.output("output", output);
  trace.addTo(g);
  const weights = valuesSource(
    (name) => shapes.get(name)!,
    async (name) => (await file.get(name)).data,
  );
  const outputs = await runGraph(g, weights, { input: input.data });
  const tolerance = { pass: { rel: bound(entry, "rel_to_max") }, tight: {} };
  const traced = (path: string) => {
    const values = outputs[traceName(path)];
    if (!values) throw new Error(`our block has no ${path}`);
    return values;
  };
  report.check(`${stem}.output`, outputs.output!, (await file.get("output")).data, tolerance, LARGEST);
  for (const name of file.tensorNames) {
    if (name === "input" || name === "output" || name.startsWith(`${PREFIX}.`)) continue;
    await report.guard(`${stem}.${name}`, async () => {
      let golden = (await file.get(name)).data;
      let actual: Float32Array;
      if (name === "mlp_fc2_out") {
        if (block.spatial) {
          // Merged with what follows: the gated half before its gate, its norm's scale taken out again.
          const gated = block.width - Math.floor(block.width / 2);
          golden = leading(golden, block.width, block.cells, gated);
          const norm = await normOf(file, `${PREFIX}.mlp.4.norm`);
          golden = byChannel(golden, gated, block.cells, (value, i) => norm(value, i) - norm(0, i));
          actual = leading(traced("w.mlp.projected"), block.width, block.cells, gated);
        } else actual = traced("w.mlp");
      } else {
        const derive = derivations[name];
        if (!derive) throw new Error("no check used this tensor");
        actual = await derive(traced, file, block);
      }
      report.check(`${stem}.${name}`, actual, golden, tolerance, LARGEST);
    });
  }
};
