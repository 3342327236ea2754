/**
 * Converts published checkpoints into a model pack: one weights file that onnxruntime maps from disk, an index, a manifest with
 * hashes. Tensors are streamed one at a time; the pack appears whole or not at all. What a model is made of, its family says.
 */
import { randomBytes } from "node:crypto";
import { lstat, mkdir, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";
import { weightWords } from "../../core/contract/models.ts";
import { loraInstead, wrongKind } from "../checkpoint/names.ts";
import { openCheckpoint } from "../checkpoint/open-checkpoint.ts";
import { families } from "./families.ts";
import type { CheckpointFile, InstallPlan, LoraFile, ModelFamily } from "./family.ts";
import { HashedWriter, sha256File, syncFolder, throwIfAborted, writeDurably } from "./files.ts";
import { findCheckpoints } from "./find-checkpoints.ts";
import { FileHashes, WORTH_A_THREAD } from "./hash-thread.ts";
import {
  INDEX_FILE,
  MANIFEST_FILE,
  PACK_FORMAT,
  type PackManifest,
  packManifestSchema,
  WEIGHTS_FILE,
} from "./manifest.ts";
import { mixBytes, writeMix } from "./mix.ts";
import { conversionMemory, demandMemory } from "./needs.ts";
import { type Pack, readPack } from "./read-pack.ts";
import { packedBytes, repack } from "./repack.ts";
import { officialTensors, plannedBytes, writeWeights } from "./weights.ts";
import type { WeightFormat } from "../onnx/weight-formats.ts";
import type { TensorSource } from "../types.ts";

const CONVERTER = "plume-studio 0.1.0";

export interface InstallOptions {
  /** The checkpoint; of a model in several files any of them, or the folder that they lie in; or an installed pack to mix styles with. */
  readonly file: string;
  /** Folder of the new pack; must not exist. Its parent is made if needed. */
  readonly destination: string;
  /** Absent: the destination's last part. */
  readonly id?: string;
  /** Absent: what the checkpoint calls itself, or the file's name. */
  readonly name?: string;
  /** Merged into the weights in this order. */
  readonly lora?: readonly LoraFile[];
  /** What the weights are kept in; absent: as published, in float32. Measured, and kept only where it holds up. */
  readonly weights?: WeightFormat;
  /** Threads to measure with. */
  readonly threads?: number;
  /** For tests: bytes of memory that this process may hold in all. */
  readonly memory?: () => number;
  /** `fraction` is the share of all bytes read and written, 0 to 1, never falling. */
  readonly onProgress?: (step: string, fraction: number) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** Share of an installation that converting takes where smaller weights are measured after it, about. */
const CONVERTING = 0.4;

/** Room that must stay free beside the pack. */
const SPARE_BYTES = 64 * 2 ** 20;

/**
 * Installs a checkpoint as a pack at `destination`. After any failure nothing is left behind.
 * Errors: CHECKPOINT_UNREADABLE, CHECKPOINT_MISMATCH naming the tensor or the missing file, MODEL_WRONG_KIND, BAD_REQUEST when the
 * destination exists, DISK_FULL, OUTPUT_UNWRITABLE, MODEL_OUT_OF_MEMORY where smaller weights cannot be measured, CANCELLED.
 */
export async function installCheckpoint(options: InstallOptions): Promise<PackManifest> {
  throwIfAborted(options.signal);
  if (await isPack(options.file)) return await installMix(options);
  const opened: CheckpointFile[] = [];
  let plan: InstallPlan | undefined;
  try {
    const { family, files } = await gather(options.file, opened);
    plan = await family.plan(files, { loras: options.lora ?? [] });
    // All names and shapes are checked before the first byte is written.
    const { specs, resolve: find } = plan;
    for (const spec of officialTensors(specs)) find(spec);
    const found = plan;
    const { weights: format = "fp32", onProgress = () => {} } = options;
    const bytes = plan.expectedBytes ?? plannedBytes(specs);
    if (format === "fp32")
      return await inTemporaryFolder(options.destination, bytes, (folder) => convert(options, found, folder));
    demandMemory(conversionMemory(bytes, true), options.memory?.());
    return await inTemporaryFolder(options.destination, bytes + packedBytes(specs, format), async (folder) => {
      await convert({ ...options, onProgress: (step, part) => onProgress(step, CONVERTING * part) }, found, folder);
      return shrink(folder, await readPack(folder), { ...options, format }, CONVERTING);
    });
  } catch (error) {
    throw StudioError.from(error);
  } finally {
    await plan?.close?.();
    for (const { source } of opened) await source.close();
  }
}

async function isPack(path: string): Promise<boolean> {
  return (await stat(join(path, MANIFEST_FILE)).catch(() => null))?.isFile() === true;
}

/** An installed model with LoRAs becomes another one, which shares its weights. */
async function installMix(options: InstallOptions): Promise<PackManifest> {
  const { file: base, lora: loras = [], weights: format = "fp32", onProgress = () => {}, signal } = options;
  const id = options.id ?? basename(options.destination);
  try {
    if (loras.length === 0 && format !== "fp32") return await installSmaller(base, { ...options, id, format });
    if (loras.length === 0)
      throw new StudioError(
        "BAD_REQUEST",
        "This is an installed model already: name a style to mix with it, or smaller weights to keep it in.",
      );
    return await inTemporaryFolder(options.destination, await mixBytes(base), (folder) =>
      writeMix(folder, { base, id, name: options.name ?? id, loras, onProgress, signal }),
    );
  } catch (error) {
    throw StudioError.from(error);
  }
}

interface ShrinkOptions extends InstallOptions {
  readonly format: Exclude<WeightFormat, "fp32">;
}

/** An installed model once more, in smaller weights. */
async function installSmaller(folder: string, options: ShrinkOptions & { readonly id: string }): Promise<PackManifest> {
  const base = await readPack(folder);
  const { id, name } = options;
  const named = {
    ...base,
    manifest: { ...base.manifest, id, name: name ?? `${base.manifest.name}, ${weightWords[options.format]}` },
  };
  const specs = familyOf(base.manifest).parameters(base.manifest);
  demandMemory(conversionMemory(plannedBytes(specs), true), options.memory?.());
  const bytes = packedBytes(specs, options.format);
  return inTemporaryFolder(options.destination, bytes, (target) => shrink(target, named, options, 0));
}

const familyOf = (manifest: PackManifest): ModelFamily => families.find(({ id }) => id === manifest.family)!;

function shrink(folder: string, base: Pack, options: ShrinkOptions, from: number): Promise<PackManifest> {
  const family = familyOf(base.manifest);
  const { onProgress = () => {} } = options;
  return repack(folder, {
    base,
    specs: family.parameters(base.manifest),
    format: options.format,
    threads: options.threads ?? 1,
    probe: (weights, probeOptions) => family.probe(base.manifest, weights, probeOptions),
    onProgress: (step, fraction) => onProgress(step, from + (1 - from) * fraction),
    signal: options.signal,
  });
}

/** Opens what the user chose, finds out whose it is, and opens what lies beside it if the family asks for that. */
async function gather(
  path: string,
  opened: CheckpointFile[],
): Promise<{ family: ModelFamily; files: readonly CheckpointFile[] }> {
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() === true;
  if (!isFolder) {
    const file = { path, source: await openCheckpoint(path) };
    opened.push(file);
    const family = families.find((candidate) => candidate.owns(file.source));
    if (!family) throw notOurs(file.source);
    const beside = await openAll((await family.companions?.(path)) ?? [], opened);
    return { family, files: [file, ...beside.filter(({ source }) => family.owns(source))] };
  }
  const found = await openAll(await findCheckpoints(path), opened);
  for (const family of families) {
    const files = found.filter(({ source }) => family.owns(source));
    if (files.length > 0) return { family, files };
  }
  throw new StudioError(
    "CHECKPOINT_UNREADABLE",
    "This folder holds no checkpoint that Plume Studio knows: choose the file itself.",
    path,
  );
}

function notOurs(source: TensorSource): StudioError {
  const names = [...source.tensors.keys()].slice(0, 5).join(", ");
  return (
    loraInstead(source) ??
    wrongKind("This is no model that Plume Studio can run: choose a Hummingbird, KeyVID or PATNet checkpoint.", names)
  );
}

/** Opens those that can be read and are not open yet. */
async function openAll(paths: readonly string[], opened: CheckpointFile[]): Promise<CheckpointFile[]> {
  const files: CheckpointFile[] = [];
  for (const path of paths) {
    if (opened.some((file) => resolve(file.path) === resolve(path))) continue;
    const source = await openCheckpoint(path).catch(() => null);
    if (!source) continue;
    files.push({ path, source });
    opened.push({ path, source });
  }
  return files;
}

async function convert(options: InstallOptions, plan: InstallPlan, folder: string): Promise<PackManifest> {
  const report = options.onProgress ?? (() => {});
  const sizes: number[] = [];
  for (const file of plan.files) sizes.push((await stat(file)).size);
  const written = plannedBytes(plan.specs);
  const total = sizes.reduce((a, b) => a + b, 0) + written;

  const hashes = new FileHashes(
    plan.files.map((path, i) => ({ path, bytes: sizes[i]! })),
    options.signal,
  );
  const writer = await HashedWriter.create(join(folder, WEIGHTS_FILE), written >= WORTH_A_THREAD);
  let weights: { bytes: number; sha256: string };
  let indexText: string;
  const sources: PackManifest["companions"] = [];
  try {
    const index = await writeWeights(
      { ...plan, shareEqual: plan.files.length > 1 },
      writer,
      (bytes) => {
        hashes.pace(bytes / written);
        return report("Converting the weights", (bytes + hashes.hashed) / total);
      },
      options.signal,
    );
    indexText = JSON.stringify(index);
    weights = await writer.finish();
    const digests = await hashes.digests(() =>
      report("Checking the file", Math.min(1, (written + hashes.hashed) / total)),
    );
    for (const [i, sha256] of digests.entries())
      sources.push({ file: basename(plan.files[i]!), bytes: sizes[i]!, sha256 });
  } catch (error) {
    await writer.abandon();
    throw error;
  } finally {
    await hashes.abandon();
  }
  const indexFile = await writeDurably(join(folder, INDEX_FILE), indexText);
  const [source, ...companions] = sources as [PackManifest["source"], ...PackManifest["companions"]];
  const counted = officialTensors(plan.specs).map((spec) => spec.sourceShape.reduce((a, b) => a * b, 1));
  const manifest = packManifestSchema.parse({
    format: PACK_FORMAT,
    converter: CONVERTER,
    id: options.id ?? basename(options.destination),
    name: options.name ?? plan.name ?? basename(plan.files[0]!, extname(plan.files[0]!)),
    ...plan.facts,
    parameters: counted.reduce((a, b) => a + b, 0),
    source,
    companions,
    loras: await loraRecords(options),
    weights: { format: "fp32", measured: null, refused: [] },
    files: [
      { name: WEIGHTS_FILE, ...weights },
      { name: INDEX_FILE, ...indexFile },
    ],
  } satisfies PackManifest);
  await writeDurably(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  throwIfAborted(options.signal);
  return manifest;
}

async function loraRecords(options: InstallOptions): Promise<PackManifest["loras"]> {
  const records: PackManifest["loras"] = [];
  for (const { file, scale } of options.lora ?? [])
    records.push({ file: basename(file), scale, sha256: await sha256File(file, undefined, options.signal) });
  return records;
}

/** Runs `work` in a hidden folder beside the destination and, when it succeeded, gives the folder its name in one step. */
async function inTemporaryFolder<T>(
  destination: string,
  bytes: number,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const target = resolve(destination);
  const parent = dirname(target);
  await mkdir(parent, { recursive: true }).catch((cause: unknown) => {
    throw new StudioError(
      "OUTPUT_UNWRITABLE",
      `The folder ${parent} cannot be made: choose another folder for models.`,
      String(cause),
      { cause },
    );
  });
  await refuseExisting(target);
  await checkSpace(parent, bytes);
  const folder = join(parent, `.installing-${randomBytes(6).toString("hex")}`);
  await mkdir(folder);
  try {
    const result = await work(folder);
    await syncFolder(folder);
    await refuseExisting(target);
    await rename(folder, target);
    await syncFolder(parent);
    return result;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function refuseExisting(target: string): Promise<void> {
  const exists = await lstat(target).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new StudioError(
      "BAD_REQUEST",
      `There already is something at ${target}: remove it or choose another name for the model.`,
    );
}

const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);

/** Errors: DISK_FULL when `bytes` and some spare do not fit. */
export async function checkSpace(folder: string, bytes: number): Promise<void> {
  const room = await statfs(folder).catch(() => null);
  if (room === null) return; // Some network drives do not say; a full disk then shows while writing.
  const free = room.bavail * room.bsize;
  const needed = bytes + SPARE_BYTES;
  if (free >= needed) return;
  throw new StudioError(
    "DISK_FULL",
    `The model needs ${gigabytes(needed)} GB but only ${gigabytes(free)} GB are free: make room or choose another folder for models.`,
  );
}
