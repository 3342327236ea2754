/** Single modules on their own inputs: each golden names a module path, its input and its output. */
import {
  attendPerClip,
  initialAttention,
  resBlock,
  spatialTransformer,
  temporalConvBlock,
  temporalTransformer,
  UNET_PREFIX,
  type UnetContext,
} from "../../../native-models/unet3d/blocks.ts";
import { TEXT_PREFIX, textBlock } from "../../../native-models/openclip/text-tower.ts";
import { outLayers } from "../../../native-models/unet3d/blocks.ts";
import { VAE_PREFIX, vaeAttention, vaeResBlock } from "../../../native-models/vae/blocks.ts";
import { Graph, type Tensor } from "../../../native-models/onnx/graph.ts";
import { conv, linear } from "../../../native-models/onnx/layers.ts";
import * as op from "../../../native-models/onnx/ops.ts";
import type { GoldenTensor } from "../golden-folder.ts";
import type { Check } from "./context.ts";
import type { GoldenModel } from "./model.ts";
import { swapOuter } from "./tensors.ts";

/** Inputs that several probes share: [B, 4·model_channels] before its SiLU, and [B, tokens, contextDim]. */
interface Shared {
  readonly emb: GoldenTensor | null;
  readonly context: GoldenTensor | null;
}

export const checkProbes: Check = async ({ report, tolerances, model }, file, stem) => {
  const shared = { emb: await file.optional("emb"), context: await file.optional("context") };
  for (const tensor of file.tensorNames) {
    const probe = /^(.+)\.in$/u.exec(tensor)?.[1];
    if (probe === undefined) continue;
    await report.guard(`${stem}.${probe}`, async () => {
      const actual = await runProbe(await model(), probe, await file.get(tensor), shared);
      const golden = await file.get(`${probe}.out`);
      report.check(`${stem}.${probe}`, actual, golden.data, tolerances.of(`${stem}.${probe}`));
    });
  }
};

/** Module path in the checkpoint and notes in brackets removed: `vae.decoder.up.0.block.0(nin_shortcut)`, `….lowvar`. */
export function modulePath(probe: string): string {
  const bare = probe.replaceAll(/\([^)]*\)|\[[^\]]*\]|\s.*$/gu, "").replace(/\.lowvar$/u, "");
  if (bare.startsWith("vae.")) return `${VAE_PREFIX}.${bare.slice("vae.".length)}`;
  if (bare.startsWith("text.")) return `${TEXT_PREFIX}.transformer.${bare.slice("text.".length)}`;
  return `${UNET_PREFIX}.${bare}`;
}

/** `output_blocks.N.upsample` is the reference's name for a block's up-sampler, whatever its index in the block. */
function withIndex(model: GoldenModel, path: string): string {
  const block = /^(.+)\.upsample$/u.exec(path)?.[1];
  if (block === undefined || model.names.find(`${path}.conv.weight`)) return path;
  const index = [1, 2, 3].find((part) => model.names.find(`${block}.${part}.conv.weight`));
  return index === undefined ? path : `${block}.${index}`;
}

async function runProbe(model: GoldenModel, probe: string, input: GoldenTensor, shared: Shared): Promise<Float32Array> {
  const path = withIndex(model, modulePath(probe));
  // "[77,1,width] LND" in the name: the reference's text tower works on [tokens, batch, width].
  const isLnd = /\bLND\b/u.test(probe);
  const [a, b] = input.shape as [number, number];
  const shape = isLnd ? [b, a, ...input.shape.slice(2)] : input.shape;
  const g = new Graph("probe");
  const x = g.input("in", "float32", shape);
  const result = module(g, model, path, x, shared);
  g.output("out", result);
  const outputs = await model.run(
    g,
    {
      in: isLnd ? swapOuter(input.data, a, b) : input.data,
      ...(shared.emb ? { emb: shared.emb.data } : {}),
      ...(shared.context ? { context: shared.context.data } : {}),
    },
    await model.weights(`probe-${path.replaceAll(/[^\w.]/gu, "_")}`, g.parameters),
  );
  return isLnd ? swapOuter(outputs.out!, b, a) : outputs.out!;
}

/** Writes the module at a path. What kind of module it is follows from the parameters that the checkpoint has there. */
function module(g: Graph, model: GoldenModel, path: string, x: Tensor, shared: Shared): Tensor {
  const { config } = model;
  const within = path.startsWith(VAE_PREFIX) ? "vae" : path.startsWith(TEXT_PREFIX) ? "text" : "unet";
  const shapeOf = (name: string) => model.names.find(`${path}.${name}`)?.shape;
  const rows = (name: string) => shapeOf(name)?.[0] ?? g.fail(`no ${path}.${name}`);
  return g.scope(path, () => {
    if (within === "text") return textBlock(g, x, config.text.heads);
    if (within === "vae" && shapeOf("q.weight")) return vaeAttention(g, x, config.vae.normGroups);
    if (within === "vae" && shapeOf("conv1.weight"))
      return vaeResBlock(g, x, rows("conv1.weight"), config.vae.normGroups);
    if (shapeOf("op.weight")) return conv(g, "op", x, rows("op.weight"), 3, { stride: 2 });
    if (shapeOf("conv.weight")) return conv(g, "conv", op.upsample2(g, x), rows("conv.weight"), 3);
    if (within === "unet" && path.endsWith(".out")) return outLayers(g, config, x);
    if (shapeOf("weight")?.length === 4) return bareConvolution(g, x, shapeOf("weight")!);
    return unetModule(g, model, path, x, shared);
  });
}

/** A residual block or transformer; pictures are [B·T, C, H, W], clips [B, C, T, H, W], one clip if nothing else tells. */
function unetModule(g: Graph, model: GoldenModel, path: string, x: Tensor, shared: Shared): Tensor {
  const { config, names } = model;
  const isClip = x.shape.length === 5;
  const batch = isClip ? x.shape[0]! : (shared.emb?.shape[0] ?? 1);
  const frames = isClip ? x.shape[2]! : x.shape[0]! / batch;
  const spatial = x.shape.slice(isClip ? 3 : 2) as [number, number];
  const has = (name: string) => names.find(`${path}.${name}`) !== undefined;
  if (has("conv1.0.weight")) {
    const clip = op.reshape(g, x, [batch, x.shape[1]!, frames, -1]);
    return op.reshape(g, temporalConvBlock(g, config, clip), x.shape);
  }
  const emb = g.input("emb", "float32", shared.emb?.shape ?? g.fail("no emb"));
  const prompt = g.input("context", "float32", shared.context?.shape ?? g.fail("no context"));
  const context: UnetContext = {
    g,
    config,
    frames,
    emb: op.silu(g, emb),
    embPer: "clip",
    crossAttend: (q, heads) => {
      const width = names.shape(`${g.path}.to_k.weight`)[0]!;
      const k = linear(g, "to_k", prompt, width, { bias: false });
      const v = linear(g, "to_v", prompt, width, { bias: false });
      return attendPerClip(g, q, { k, v }, heads);
    },
    trace: null,
  };
  if (has("in_layers.0.weight")) return resBlock(context, x, names.shape(`${path}.in_layers.2.weight`)[0]!);
  if (!has("proj_in.weight")) return g.fail("no module of a known kind stands here");
  const projection = names.shape(`${path}.proj_in.weight`);
  const heads = projection[0]! / config.numHeadChannels;
  if (!isClip) return spatialTransformer(context, x, heads);
  const pictures = op.reshape(g, op.transpose(g, x, [0, 2, 1, 3, 4]), [batch * frames, x.shape[1]!, ...spatial]);
  const mixed =
    projection.length === 3 ? initialAttention(context, pictures) : temporalTransformer(context, pictures, heads);
  return op.transpose(g, op.reshape(g, mixed, [batch, frames, x.shape[1]!, ...spatial]), [0, 2, 1, 3, 4]);
}

/** A convolution that is a module of its own, e.g. `input_blocks.0.0`. */
function bareConvolution(g: Graph, x: Tensor, shape: readonly number[]): Tensor {
  const pad = shape[2]! >> 1;
  return op.conv2d(g, x, g.parameter("weight", shape), g.parameter("bias", [shape[0]!]), {
    pads: [pad, pad, pad, pad],
  });
}
