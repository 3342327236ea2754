/**
 * A model with styles: a pack that shares its base's weights file (a hard link, which takes no room) and keeps beside it only the
 * weights that its LoRAs change, merged. Nothing is converted again; what is not changed is not even read.
 */
import { constants } from "node:fs";
import { copyFile, link, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";
import { HummingbirdNames } from "../hummingbird/checkpoint-names.ts";
import { Lora } from "../hummingbird/lora.ts";
import { hummingbirdParameters } from "../hummingbird/parameters.ts";
import { StoredWeights } from "../onnx/stored-weights.ts";
import { packWeight } from "../onnx/weight-formats.ts";
import type { ParameterSpec, TensorSource, WeightEntry } from "../types.ts";
import type { LoraFile } from "./family.ts";
import { HashedWriter, sha256File, syncFolder, throwIfAborted, writeDurably } from "./files.ts";
import {
  INDEX_FILE,
  MANIFEST_FILE,
  manifestOf,
  type ManifestOf,
  type PackManifest,
  packManifestSchema,
  WEIGHT_ALIGNMENT,
  WEIGHTS_FILE,
} from "./manifest.ts";
import { type Pack, readPack } from "./read-pack.ts";
import { transpose } from "./weights.ts";

export const STYLE_FILE = "style.bin";

export interface MixOptions {
  /** Folder of the base's pack. */
  readonly base: string;
  readonly id: string;
  readonly name: string;
  /** In the order in which they are merged. */
  readonly loras: readonly LoraFile[];
  readonly onProgress: (step: string, fraction: number) => void | Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** Room that a mix takes beside its base, at most: every weight of the base. */
export async function mixBytes(base: string): Promise<number> {
  return (await stat(join(base, WEIGHTS_FILE))).size;
}

/**
 * Writes the pack into `folder`, which exists and is empty.
 * Errors: MODEL_DAMAGED (the base), MODEL_WRONG_KIND (no Hummingbird, a LoRA for another variant, a base that is a mix itself), those of
 * reading a LoRA, DISK_FULL, CANCELLED.
 */
export async function writeMix(folder: string, options: MixOptions): Promise<PackManifest> {
  const base = await readPack(options.base);
  if (base.manifest.family !== "hummingbird")
    throw new StudioError(
      "MODEL_WRONG_KIND",
      `Styles change models that make clips from words, and ${base.manifest.name} is another kind: choose a Hummingbird.`,
    );
  if (base.manifest.files.some(({ name }) => name === STYLE_FILE))
    throw new StudioError(
      "MODEL_WRONG_KIND",
      `${base.manifest.name} has styles already: mix all of them with its own base instead.`,
    );
  const manifest = manifestOf("hummingbird", base.manifest);
  const specs = hummingbirdParameters(manifest.config);
  const names = new HummingbirdNames(listing(specs));
  const loras: Lora[] = [];
  const writer = await HashedWriter.create(join(folder, STYLE_FILE));
  try {
    for (const { file, scale } of options.loras) loras.push(await Lora.open(file, scale, names));
    const changed = await writeChanged(base, specs, loras, writer, options);
    const style = await writer.finish();
    return await finish(folder, base, { ...base.index, ...changed }, style, manifest, options);
  } catch (error) {
    await writer.abandon();
    throw error;
  } finally {
    for (const lora of loras) await lora.close();
  }
}

const noData = (): Promise<never> => Promise.reject(new Error("a listing has no data"));

/** The base's tensors by their official names, as a LoRA asks for them; they hold no data. */
function listing(specs: readonly ParameterSpec[]): TensorSource {
  const tensors = new Map(
    specs.map(({ source, sourceShape }) => [source, { name: source, dtype: "float32" as const, shape: sourceShape }]),
  );
  return { tensors, metadata: {}, read: noData, readFloat32: noData, close: () => Promise.resolve() };
}

async function writeChanged(
  base: Pack,
  specs: readonly ParameterSpec[],
  loras: readonly Lora[],
  writer: HashedWriter,
  { onProgress, signal }: MixOptions,
): Promise<Record<string, WeightEntry>> {
  const index: Record<string, WeightEntry> = {};
  const due = specs.filter(({ source }) => loras.some((lora) => lora.changes(source)));
  // What a style changes is not packed as tightly as what it does not: rounding it twice would cost likeness for little.
  const format = base.manifest.weights.format === "fp32" ? "fp32" : "fp16";
  const weights = new StoredWeights({ folder: base.folder, file: base.weightsFile, index: base.index });
  try {
    for (const [n, spec] of due.entries()) {
      throwIfAborted(signal);
      if (base.index[spec.key] === undefined) continue;
      const stored = await weights.read(spec.key);
      const [rows = 1] = spec.sourceShape;
      const columns = stored.length / rows;
      const isTurned = spec.layout === "transposed";
      const weight = isTurned ? transpose(stored, columns, rows) : stored;
      for (const lora of loras) await lora.merge(spec.source, weight);
      const { data, dtype } = packWeight(isTurned ? transpose(weight, rows, columns) : weight, spec, format);
      await writer.align(WEIGHT_ALIGNMENT);
      index[spec.key] = { file: STYLE_FILE, offset: writer.position, bytes: data.length, dtype, shape: spec.shape };
      await writer.write(data, signal);
      await onProgress("Merging the styles", (n + 1) / (due.length + 1));
    }
    return index;
  } finally {
    await weights.close();
  }
}

async function finish(
  folder: string,
  base: Pack,
  index: Record<string, WeightEntry>,
  style: { bytes: number; sha256: string },
  manifest: ManifestOf<"hummingbird">,
  { id, name, loras, onProgress, signal }: MixOptions,
): Promise<PackManifest> {
  const [source, target] = [join(base.folder, WEIGHTS_FILE), join(folder, WEIGHTS_FILE)];
  await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE));
  const indexFile = await writeDurably(join(folder, INDEX_FILE), JSON.stringify(index));
  const records: PackManifest["loras"] = [...manifest.loras];
  for (const { file, scale } of loras)
    records.push({ file: basename(file), scale, sha256: await sha256File(file, undefined, signal) });
  const kept = manifest.files.filter((file) => file.name !== INDEX_FILE);
  const mixed = packManifestSchema.parse({
    ...manifest,
    id,
    name,
    loras: records,
    files: [...kept, { name: STYLE_FILE, ...style }, { name: INDEX_FILE, ...indexFile }],
  } satisfies PackManifest);
  await writeDurably(join(folder, MANIFEST_FILE), `${JSON.stringify(mixed, null, 2)}\n`);
  await syncFolder(folder);
  await onProgress("Merging the styles", 1);
  return mixed;
}
