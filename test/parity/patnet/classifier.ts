/** Whole classifiers: from the picture to the logits, on checkpoints and on procedural weights of the published sizes. */
import { z } from "zod";
import { openCheckpoint } from "../../../native-models/checkpoint/open-checkpoint.ts";
import { officialTensors } from "../../../native-models/pack/weights.ts";
import { classifierGraph } from "../../../native-models/patnet/classifier.ts";
import type { PatnetConfig } from "../../../native-models/patnet/config.ts";
import { classifierCrop, classifierInput } from "../../../native-models/patnet/preprocess.ts";
import { recognisePatnet } from "../../../native-models/patnet/recognise.ts";
import { sizedClassifier } from "../../../native-models/patnet/variants.ts";
import type { GoldenFile } from "../golden-folder.ts";
import { TraceOutputs, traceName } from "../hummingbird/tensors.ts";
import { EXACT } from "../tolerance.ts";
import { type Case, type Check, LARGEST } from "./context.ts";
import { type GoldenWeights, runGraph, valuesSource } from "./golden-source.ts";
import { bound } from "./manifest.ts";
import { readPng } from "../png.ts";
import { proceduralValues } from "./procedural.ts";

/** Where our trace has what the goldens call by another name. */
const tracePath = (name: string) => (name === "pre_head" ? "features" : name);

/** Runs a classifier and gives the logits and the traced tensors. */
async function runClassifier(
  config: PatnetConfig,
  weights: GoldenWeights,
  input: { data: Float32Array; shape: readonly number[] },
  inner: readonly string[],
): Promise<(name: string) => Float32Array> {
  const [batch, , height, width] = input.shape as [number, number, number, number];
  const trace = new TraceOutputs(inner.map(tracePath));
  const graph = classifierGraph(config, { batch, height, width }, (path, tensor) => trace.see(path, () => tensor));
  trace.addTo(graph);
  const outputs = await runGraph(graph, weights, { picture: input.data });
  return (name) => {
    const values = outputs[name] ?? outputs[traceName(tracePath(name))];
    if (!values) throw new Error("the network has no such part, or it is not traced");
    return values;
  };
}

/** What the manifest says about the network must be what the product reads out of the checkpoint. */
const statedSchema = z.object({
  embed_dim: z.number(),
  depths: z.array(z.number()),
  act_layer: z.string(),
  use_spatial_attn: z.boolean(),
  patnet_t0: z.boolean(),
  feature_dim: z.number(),
  num_classes: z.number(),
});

function disagreement(config: PatnetConfig, stated: z.infer<typeof statedSchema>): string | null {
  const { stages, activation } = config.backbone;
  const found: Readonly<Record<string, unknown>> = {
    embed_dim: stages[0]!.width,
    depths: stages.map(({ blocks }) => blocks.length).join(),
    act_layer: activation.toUpperCase(),
    use_spatial_attn: stages[0]!.blocks[0]!.spatial,
    patnet_t0: stages[3]!.blocks[0]!.heads === 4,
    feature_dim: config.classifier?.features,
    num_classes: config.classifier?.classes,
  };
  for (const [key, value] of Object.entries({ ...stated, depths: stated.depths.join() }))
    if (found[key] !== value) return `${key} is read as ${String(found[key])}, not ${String(value)}`;
  return null;
}

/** The picture as the network takes it: the golden's own tensor, or our crop of its PNG, compared where both are there. */
async function inputOf({ report, stem, path, paths, file: filePath, entry }: Case, file: GoldenFile, side: number) {
  const png = path.replace(/\.safetensors$/u, ".png");
  const golden = await file.optional("input");
  if (!paths.includes(png)) return golden!;
  const crop = classifierCrop(await readPng(filePath(png)), side);
  const bytes = await file.optional("input_u8_hwc");
  if (bytes) report.check(`${stem}.input_u8_hwc`, crop.rgb, bytes.data, EXACT);
  const data = classifierInput(crop);
  const tolerance = { pass: { rel: bound(entry, "features_rel_to_max") }, tight: {} };
  if (golden) report.check(`${stem}.input`, data, golden.data, tolerance, LARGEST);
  return { data, shape: [1, 3, side, side] };
}

export const checkClassifier: Check = async (golden, file) => {
  const { report, stem, entry, paths } = golden;
  const checkpoint = paths.find(
    (path) => path !== golden.path && path.startsWith(`${stem}.`) && /\.(?:pth|ckpt)$/u.test(path),
  );
  if (checkpoint === undefined) throw new Error("the folder holds no checkpoint of this name");
  const source = await openCheckpoint(golden.file(checkpoint));
  try {
    const { names, config } = await recognisePatnet(source);
    report.verdict(`${stem}.config`, disagreement(config, statedSchema.parse(entry.config)));
    const input = await inputOf(golden, file, config.classifier!.side);
    const inner = file.tensorNames.filter((name) => !/^(?:input|logits)/u.test(name));
    const weights = { source, resolve: names.resolve.bind(names) };
    const output = await runClassifier(config, weights, input, inner);
    const logits = (await file.get("logits")).data;
    report.check(`${stem}.logits`, output("logits"), logits, {
      pass: { maxAbs: bound(entry, "logits_max_abs") },
      tight: {},
    });
    const top = [...output("logits").keys()].sort((a, b) => output("logits")[b]! - output("logits")[a]!).slice(0, 5);
    report.check(`${stem}.top5`, top, z.array(z.number()).parse(entry.top5), EXACT);
    const tolerance = { pass: { rel: bound(entry, "features_rel_to_max") }, tight: {} };
    for (const name of inner)
      await report.guard(`${stem}.${name}`, async () =>
        report.check(`${stem}.${name}`, output(name), (await file.get(name)).data, tolerance, LARGEST),
      );
  } finally {
    await source.close();
  }
};

const proceduralSchema = z.object({
  embed_dim: z.number(),
  depths: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  act_layer: z.string(),
  use_spatial_attn: z.boolean(),
  heads: z.number(),
  feature_dim: z.number(),
  num_classes: z.number(),
  salt: z.number(),
  input_shape: z.array(z.number()),
});

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Rows of the stage statistics. */
const PARTS = ["patch_embed", ...Array.from({ length: 7 }, (_, i) => `stages.${i}`)];
/** Statistics sum over thousands of float32 values: a looser bound than single features have. */
const STATISTICS = { pass: { rel: 2e-5 }, tight: {} };

export const checkProcedural: Check = async ({ report, stem, entry, file: path }, file) => {
  const stated = proceduralSchema.parse(entry.config);
  const generate = await proceduralValues(path("procgen/procgen.json"), stated.salt);
  const config = sizedClassifier(
    {
      embed: stated.embed_dim,
      depths: stated.depths,
      activation: stated.act_layer === "GELU" ? "gelu" : "relu",
    },
    {
      features: stated.feature_dim,
      classes: stated.num_classes,
      spatial: stated.use_spatial_attn,
      heads: stated.heads,
    },
  );
  const [batch, , height, width] = stated.input_shape as [number, number, number, number];
  const tensors = officialTensors(classifierGraph(config, { batch, height, width }).parameters);
  const shapes = new Map(tensors.map(({ source, sourceShape }) => [source, sourceShape]));
  const weights = valuesSource(
    (name) => shapes.get(name)!,
    (name) => Promise.resolve(generate(name, shapes.get(name)!)),
  );
  const input = { data: generate("input", stated.input_shape), shape: stated.input_shape };
  report.check(`${stem}.input_first8`, input.data.subarray(0, 8), (await file.get("input_first8")).data, EXACT);
  const head = generate("head.weight", shapes.get("head.weight")!).subarray(0, 8);
  report.check(`${stem}.weight_head_first8`, head, (await file.get("weight_head_first8")).data, EXACT);
  const output = await runClassifier(config, weights, input, PARTS);
  const tolerance = { pass: { maxAbs: bound(entry, "logits_max_abs") }, tight: {} };
  report.check(`${stem}.logits`, output("logits"), (await file.get("logits")).data, tolerance);
  const rows = PARTS.map(output);
  const means = rows.map(mean);
  const deviations = rows.map((row, i) =>
    Math.sqrt(row.reduce((sum, value) => sum + (value - means[i]!) ** 2, 0) / (row.length - 1)),
  );
  const first = rows.flatMap((row) => [...row.subarray(0, 16)]);
  report.check(`${stem}.stage_mean`, means, (await file.get("stage_mean")).data, STATISTICS, LARGEST);
  report.check(`${stem}.stage_std`, deviations, (await file.get("stage_std")).data, STATISTICS, LARGEST);
  report.check(`${stem}.stage_first16`, first, (await file.get("stage_first16")).data, STATISTICS, LARGEST);
};
