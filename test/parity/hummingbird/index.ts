/** Goldens of Hummingbird: which check belongs to which file, and the models that the checks share. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint } from "../../../native-models/checkpoint/open-checkpoint.ts";
import { unetPrefix } from "../../../native-models/hummingbird/checkpoint-names.ts";
import { Lora } from "../../../native-models/hummingbird/lora.ts";
import type { TensorSource } from "../../../native-models/types.ts";
import { GoldenFile } from "../golden-folder.ts";
import type { ParityKind } from "../kind.ts";
import type { Report } from "../report.ts";
import { Tolerances } from "../tolerance.ts";
import type { Check, Context } from "./context.ts";
import { checkConfig } from "./config.ts";
import { checkEmbeddings, checkRandom, checkScheduler, checkTokenizer } from "./exact-checks.ts";
import { checkLora, checkLoraOrder } from "./lora.ts";
import {
  hasMiddleBlock,
  type HummingbirdManifest,
  isHummingbirdManifest,
  namedFiles,
  parseManifest,
} from "./manifest.ts";
import { GoldenModel, overlay } from "./model.ts";
import { checkProbes } from "./probes.ts";
import { checkEndToEnd, checkLoop } from "./sampling.ts";
import { checkText } from "./text.ts";
import { checkBlocks, checkForwards } from "./unet.ts";
import { checkVae } from "./vae.ts";

/** Which check runs a safetensors file, by the file's name without its ending. */
const checks: readonly (readonly [RegExp, Check])[] = [
  [/^torch_cpu_rng/u, checkRandom],
  [/^scheduler/u, checkScheduler],
  [/^embeddings/u, checkEmbeddings],
  [/^text_encoder/u, checkText],
  [/^unet_forward/u, checkForwards],
  [/^unet_blocks/u, checkBlocks],
  [/^block_probes/u, checkProbes],
  [/^vae_decode/u, checkVae],
  [/^loop_/u, checkLoop],
  [/^lora_forward/u, checkLora],
  [/^e2e/u, checkEndToEnd],
];

export const hummingbirdParity: ParityKind = {
  name: "Hummingbird",
  recognises: isHummingbirdManifest,
  files: namedFiles,
  async run(folder, raw, report) {
    const manifest = parseManifest(raw);
    const models = new GoldenModels(folder, manifest);
    try {
      await runChecks(folder, manifest, models, report);
    } finally {
      await models.close();
    }
  },
};

async function runChecks(
  folder: string,
  manifest: HummingbirdManifest,
  models: GoldenModels,
  report: Report,
): Promise<void> {
  const context: Context = {
    manifest,
    settings: manifest.settings,
    tolerances: new Tolerances(manifest.tolerances),
    report,
    model: () => models.main(),
    otherModel: () => models.other(),
    lora: (scale) => models.lora(scale),
    json: async (file) => JSON.parse(await readFile(join(folder, file), "utf8")) as unknown,
  };
  await checkConfig(context);
  for (const [name, { tensors }] of Object.entries(manifest.files)) {
    const stem = name.replace(/\.[^.]*$/u, "");
    if (/^tokenizer.*\.json$/u.test(name)) await report.guard(stem, () => checkTokenizer(context, name));
    if (name.endsWith("lora_order.json")) await checkLoraOrder(context);
    if (!name.endsWith(".safetensors") || Object.hasOwn(manifest.checkpoints, name)) continue;
    const check = checks.find(([pattern]) => pattern.test(stem))?.[1];
    if (!check) {
      report.verdict(stem, "no check knows what to do with this file");
      continue;
    }
    await report.guard(stem, async () => {
      const file = await GoldenFile.open(folder, name, Object.keys(tensors ?? {}));
      try {
        await check(context, file, stem);
        // A golden that nobody looks at must not pass in silence.
        const seen = new Set(report.outcomes.filter(({ passed }) => !passed).map(({ name }) => name));
        for (const unused of file.unused.filter((tensor) => !seen.has(`${stem}.${tensor}`)))
          report.verdict(`${stem}.${unused}`, "no check used this tensor");
      } finally {
        await file.close();
      }
    });
  }
}

/** The folder's checkpoints, told apart by what they hold; everything is opened on first need. */
class GoldenModels {
  readonly #folder: string;
  readonly #manifest: HummingbirdManifest;
  readonly #closers: (() => Promise<void>)[] = [];
  #sources: Promise<ReadonlyMap<string, TensorSource>> | undefined;
  #main: Promise<GoldenModel> | undefined;
  #other: Promise<GoldenModel> | undefined;

  constructor(folder: string, manifest: HummingbirdManifest) {
    this.#folder = folder;
    this.#manifest = manifest;
  }

  async #open(): Promise<ReadonlyMap<string, TensorSource>> {
    const sources = new Map<string, TensorSource>();
    for (const name of Object.keys(this.#manifest.checkpoints)) {
      const source = await openCheckpoint(join(this.#folder, name));
      this.#closers.push(() => source.close());
      sources.set(name, source);
    }
    return sources;
  }

  /** The whole model of `manifest.variant`; with two whole models, the one with or without a middle block. */
  async #mainSource(): Promise<TensorSource> {
    this.#sources ??= this.#open();
    const whole = [...(await this.#sources).values()].filter(isWhole);
    const wanted = hasMiddleBlock(this.#manifest.variant);
    const found = whole.find((source) => holdsMiddleBlock(source) === wanted);
    if (!found) throw new Error(`the folder holds no whole checkpoint of the variant ${this.#manifest.variant}`);
    return found;
  }

  main(): Promise<GoldenModel> {
    this.#main ??= this.#mainSource().then((source) => this.#model(source));
    return this.#main;
  }

  /** The main model with the other checkpoint's U-Net tensors laid over it; without a middle block where the variant has none. */
  other(): Promise<GoldenModel> {
    this.#other ??= this.#mainSource().then(async (main) => {
      const { other_variant: variant } = this.#manifest;
      if (variant === undefined) throw new Error("the manifest names no other variant");
      const rest = [...(await this.#sources!).values()].filter((source) => source !== main);
      const extra = rest.find((source) => [...source.tensors.keys()].some((name) => name.startsWith(unetPrefix)));
      const keepsMiddle = hasMiddleBlock(variant);
      const source = overlay(main, extra ?? null, (name) => keepsMiddle || !isMiddle(name));
      if (holdsMiddleBlock(source) !== keepsMiddle)
        throw new Error(`no checkpoint of the folder makes the variant ${variant} out of ${this.#manifest.variant}`);
      return this.#model(source);
    });
    return this.#other;
  }

  async lora(scale: number): Promise<Lora> {
    const { names } = await this.main();
    const sources = await this.#sources!;
    const list = [...sources].find(([, { tensors }]) => [...tensors.keys()].every((name) => /^\d+$/u.test(name)));
    if (!list) throw new Error("the folder holds no LoRA");
    const lora = await Lora.open(join(this.#folder, list[0]), scale, names);
    this.#closers.push(() => lora.close());
    return lora;
  }

  async #model(source: TensorSource): Promise<GoldenModel> {
    const configJson = await readFile(join(this.#folder, "config.json"), "utf8").then(
      (text) => JSON.parse(text) as unknown,
      () => undefined,
    );
    const model = await GoldenModel.open(source, configJson, this.#manifest.settings);
    this.#closers.push(() => model.close());
    return model;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }
}

const holds = (source: TensorSource, part: string) => [...source.tensors.keys()].some((name) => name.includes(part));
const isMiddle = (name: string) => name.includes(`${unetPrefix}middle_block.`);
const holdsMiddleBlock = (source: TensorSource) => [...source.tensors.keys()].some(isMiddle);
const isWhole = (source: TensorSource) =>
  holds(source, `${unetPrefix}input_blocks.0.0.weight`) &&
  holds(source, "first_stage_model.") &&
  holds(source, "cond_stage_model.");
