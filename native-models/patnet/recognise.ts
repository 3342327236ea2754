/**
 * Recognises PATNet, PartialNet and FasterNet checkpoints, classifiers and Mask R-CNNs alike, and derives the network from the shapes of
 * their tensors: names and configurations that travel with such files are known to disagree with what is inside.
 */
import { z } from "zod";
import { fitting, mismatch, missing, wrongKind } from "../checkpoint/names.ts";
import type { ParameterSpec, TensorInfo, TensorSource } from "../types.ts";
import { type Backbone, type Block, type PatnetConfig, patnetConfigSchema } from "./config.ts";
import { BUCKETS } from "./relative-position.ts";

const landmark = "patch_embed.proj.weight";
const STAGES = 4;

/** Whether a file holds a network of the family or a part of one. */
export const looksLikePatnet = ({ tensors }: TensorSource): boolean =>
  [...tensors.keys()].some((name) => /(?:^|\.)stages\.0\.blocks\.0\.spatial_mixing\./u.test(name));

/** What our own checkpoints say about themselves, under `plume`. */
const plumeSchema = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  licence: z.string().optional(),
  what_it_knows: z.string().optional(),
  labels: z.array(z.string()).optional(),
  /** Present: the classifier's outputs are tags that may hold side by side, by these names. */
  tags: z.array(z.string()).optional(),
  side: z.number().int().positive().optional(),
  scale: z.tuple([z.number().int().positive(), z.number().int().positive()]).optional(),
  activation: z.enum(["gelu", "relu"]).optional(),
  /** Mask R-CNN at test time, names as in `testSettingsSchema`. */
  test: z.record(z.string(), z.number()).optional(),
});
export type PatnetPlume = z.infer<typeof plumeSchema>;

/** Finds official names in a file whose training wrapper may have put something before them. */
export class PatnetNames {
  readonly isDetector: boolean;
  readonly #prefix: string;
  readonly #source: TensorSource;

  /** Errors: MODEL_WRONG_KIND when the file holds no network of the family. */
  constructor(source: TensorSource) {
    this.#source = source;
    const found = [...source.tensors.keys()].find((name) => name === landmark || name.endsWith(`.${landmark}`));
    if (found === undefined || !looksLikePatnet(source))
      throw wrongKind(
        "This checkpoint is not a PATNet model: choose a PATNet, PartialNet or FasterNet file.",
        [...source.tensors.keys()].slice(0, 5).join(", "),
      );
    const prefix = found.slice(0, -landmark.length);
    const outer = prefix.endsWith("backbone.") ? prefix.slice(0, -"backbone.".length) : undefined;
    this.isDetector = outer !== undefined && source.tensors.has(`${outer}neck.lateral_convs.0.conv.weight`);
    this.#prefix = this.isDetector ? outer! : prefix;
  }

  find(official: string): TensorInfo | undefined {
    return this.#source.tensors.get(this.#prefix + official);
  }

  /** Errors: CHECKPOINT_MISMATCH naming the tensor. */
  shape(official: string): readonly number[] {
    const tensor = this.find(official);
    if (!tensor) throw missing(official);
    return tensor.shape;
  }

  /** Errors: CHECKPOINT_MISMATCH naming the tensor when it is missing, has another shape or holds no real numbers. */
  resolve(spec: ParameterSpec): TensorInfo {
    return fitting(spec, this.find(spec.source));
  }

  /** How many of `path(0)`, `path(1)` … there are. */
  count(path: (index: number) => string): number {
    let count = 0;
    while (this.find(path(count))) count++;
    return count;
  }

  /** The number in a tensor of one element. */
  async scalar(official: string): Promise<number> {
    const tensor = this.find(official);
    if (!tensor) throw missing(official);
    const [value] = await this.#source.readFloat32(tensor.name);
    return value ?? Number.NaN;
  }
}

export interface RecognisedPatnet {
  readonly names: PatnetNames;
  readonly config: PatnetConfig;
  readonly plume: PatnetPlume;
}

/**
 * Errors: MODEL_WRONG_KIND when this is another kind of model or only a part of one; CHECKPOINT_MISMATCH naming the tensor that is
 * missing or does not fit.
 */
export async function recognisePatnet(source: TensorSource): Promise<RecognisedPatnet> {
  const names = new PatnetNames(source);
  const plume = plumeSchema.catch({}).parse(source.metadata.plume ?? {});
  const stages = await readStages(names, names.isDetector ? "backbone." : "");
  const backbone = { stages, activation: plume.activation ?? activationOf(source.metadata, stages, names.isDetector) };
  // A detector of ours may carry a classifier on the same backbone.
  const root = names.isDetector ? "backbone." : "";
  const classifier = names.find(`${root}head.weight`) && {
    features: names.shape(`${root}avgpool_pre_head.1.weight`)[0],
    classes: names.shape(`${root}head.weight`)[0],
    side: plume.side ?? hyperParameters(source.metadata).image_size,
    tags: plume.tags,
  };
  if (!names.isDetector && !classifier)
    throw wrongKind("This file holds a backbone without any head: choose a classifier or a whole Mask R-CNN.");
  const detector = names.isDetector ? readDetector(names) : null;
  const config = patnetConfigSchema.safeParse({
    backbone,
    classifier: classifier ?? null,
    detector: detector && { ...detector, scale: plume.scale, test: plume.test },
    labels: plume.labels ?? labelsOf(source.metadata),
  });
  if (!config.success)
    throw mismatch("This checkpoint's shapes make no PATNet: choose another file.", config.error.message);
  return { names, config: config.data, plume };
}

async function readStages(names: PatnetNames, prefix: string): Promise<Backbone["stages"]> {
  const stages: Backbone["stages"] = [];
  for (let stage = 0; stage < STAGES; stage++) {
    const path = (block: number) => `${prefix}stages.${2 * stage}.blocks.${block}`;
    const depth = names.count((block) => `${path(block)}.mlp.0.weight`);
    if (depth === 0) throw missing(`${path(0)}.mlp.0.weight`);
    const width = names.shape(`${path(0)}.mlp.0.weight`)[1]!;
    const blocks: Block[] = [];
    for (let index = 0; index < depth; index++) blocks.push(await readBlock(names, path(index), width, stage));
    stages.push({ width, blocks });
  }
  return stages;
}

async function readBlock(names: PatnetNames, path: string, width: number, stage: number): Promise<Block> {
  const mixing = `${path}.spatial_mixing`;
  const learnt = names.find(`${mixing}.conv.weight`) !== undefined;
  const split = learnt ? await learntSplit(names, mixing, width) : names.shape(`${mixing}.partial_conv3.weight`)[0]!;
  const isSelf = names.find(`${mixing}.attn.qkv.weight`) !== undefined;
  const isChannel = names.find(`${mixing}.attn.cfc1.weight`) !== undefined;
  const table = isSelf ? names.shape(`${mixing}.attn.rpe_k.lookup_table_bias`) : [0, BUCKETS];
  if (table[1] !== BUCKETS)
    throw mismatch(
      `The tensor ${mixing}.attn.rpe_k.lookup_table_bias has ${table[1]} buckets where ${BUCKETS} are known.`,
    );
  return {
    mixing: isSelf ? "self" : isChannel ? "channel" : "plain",
    split,
    learnt,
    hidden: names.shape(`${path}.mlp.0.weight`)[0]!,
    spatial: names.find(`${path}.mlp.4.conv.weight`) !== undefined,
    heads: table[0]!,
    // The published code gives the whole last stage the extra residual, also where learnt splits stand in for self-attention.
    innerResidual: isSelf || (learnt && stage === STAGES - 1),
    layerScale: names.find(`${path}.layer_scale`) !== undefined,
  };
}

/** Channels that a learnt split (DPConv) ended up with. */
async function learntSplit(names: PatnetNames, mixing: string, width: number): Promise<number> {
  const split = await names.scalar(`${mixing}.one_channel`);
  if (!Number.isInteger(split) || split < 1 || split > width)
    throw mismatch(`The tensor ${mixing}.one_channel says ${split} of ${width} channels: the checkpoint is damaged.`);
  return split;
}

/**
 * No tensor tells the activation. A Lightning checkpoint says it; else the published convention holds: GELU in T0 and T1 (depths 1, 2,
 * 8, 2 with one block first), ReLU in all larger ones and in detectors.
 */
function activationOf(
  metadata: TensorSource["metadata"],
  stages: Backbone["stages"],
  isDetector: boolean,
): Backbone["activation"] {
  const stated = hyperParameters(metadata).act_layer;
  if (stated !== undefined) return /gelu/iu.test(stated) ? "gelu" : "relu";
  const isPlain = stages.every(({ blocks }) => blocks.every(({ mixing }) => mixing === "plain"));
  const depths = stages.map(({ blocks }) => blocks.length).join();
  // FasterNet's T0 and T1 are those of 40 and 64 channels; its T2 has the same depths and ReLU.
  const isSmall = depths === "1,2,8,2" && stages[0]!.width <= (isPlain ? 64 : 48);
  return isSmall && !isDetector ? "gelu" : "relu";
}

/** What a Lightning checkpoint remembers of its training's settings. */
function hyperParameters(metadata: TensorSource["metadata"]) {
  const schema = z.looseObject({ act_layer: z.string().optional(), image_size: z.number().optional() });
  return schema.catch({}).parse(metadata.hyper_parameters ?? {});
}

function readDetector(names: PatnetNames) {
  const box = "roi_head.bbox_head";
  const mask = "roi_head.mask_head";
  const [anchors] = names.shape("rpn_head.rpn_cls.weight");
  if (anchors !== 3)
    throw mismatch(`The tensor rpn_head.rpn_cls.weight has ${anchors} anchors a place where 3 are known.`);
  const layers = names.count((index) => `${box}.shared_fcs.${index}.weight`);
  const convs = names.count((index) => `${mask}.convs.${index}.conv.weight`);
  return {
    channels: names.shape("neck.lateral_convs.0.conv.weight")[0],
    classes: names.shape(`${box}.fc_cls.weight`)[0]! - 1,
    proposalWidth: names.shape("rpn_head.rpn_conv.weight")[0],
    boxWidths: Array.from({ length: layers }, (_, index) => names.shape(`${box}.shared_fcs.${index}.weight`)[0]),
    maskWidths: Array.from({ length: convs }, (_, index) => names.shape(`${mask}.convs.${index}.conv.weight`)[0]),
    maskUpsampled: names.shape(`${mask}.upsample.weight`)[1],
  };
}

/** mmdet keeps the class names under `meta`. */
function labelsOf(metadata: TensorSource["metadata"]): string[] {
  const stated = z.looseObject({ CLASSES: z.array(z.string()) }).safeParse(metadata.meta);
  return stated.success ? stated.data.CLASSES : [];
}
