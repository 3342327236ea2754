/**
 * Converts published checkpoints into a model pack: one weights file that onnxruntime maps from disk, an index, a manifest with
 * hashes. Tensors are streamed one at a time; the pack appears whole or not at all. What a model is made of, its family says.
 */
import { randomBytes } from "node:crypto";
import { lstat, mkdir, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";
import { loraInstead, wrongKind } from "../checkpoint/names.ts";
import { openCheckpoint } from "../checkpoint/open-checkpoint.ts";
import { families } from "./families.ts";
import type { CheckpointFile, InstallPlan, LoraFile, ModelFamily } from "./family.ts";
import { HashedWriter, sha256File, syncFolder, throwIfAborted, writeDurably } from "./files.ts";
import { findCheckpoints } from "./find-checkpoints.ts";
import {
  INDEX_FILE,
  MANIFEST_FILE,
  PACK_FORMAT,
  type PackManifest,
  packManifestSchema,
  WEIGHTS_FILE,
} from "./manifest.ts";
import { mixBytes, writeMix } from "./mix.ts";
import { officialTensors, plannedBytes, writeWeights } from "./weights.ts";
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
  /** `fraction` is the share of all bytes read and written, 0 to 1, never falling. */
  readonly onProgress?: (step: string, fraction: number) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** Room that must stay free beside the pack. */
const SPARE_BYTES = 64 * 2 ** 20;

/**
 * Installs a checkpoint as a pack at `destination`. After any failure nothing is left behind.
 * Errors: CHECKPOINT_UNREADABLE, CHECKPOINT_MISMATCH naming the tensor or the missing file, MODEL_WRONG_KIND, BAD_REQUEST when the
 * destination exists, DISK_FULL, OUTPUT_UNWRITABLE, CANCELLED.
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
    return await inTemporaryFolder(options.destination, plan.expectedBytes ?? plannedBytes(specs), (folder) =>
      convert(options, found, folder),
    );
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
  const { file: base, lora: loras = [], onProgress = () => {}, signal } = options;
  if (loras.length === 0)
    throw new StudioError("BAD_REQUEST", "This is an installed model already: name a style to mix with it.");
  const id = options.id ?? basename(options.destination);
  try {
    return await inTemporaryFolder(options.destination, await mixBytes(base), (folder) =>
      writeMix(folder, { base, id, name: options.name ?? id, loras, onProgress, signal }),
    );
  } catch (error) {
    throw StudioError.from(error);
  }
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

  const writer = await HashedWriter.create(join(folder, WEIGHTS_FILE));
  let weights: { bytes: number; sha256: string };
  let indexText: string;
  try {
    const index = await writeWeights(
      { ...plan, shareEqual: plan.files.length > 1 },
      writer,
      (bytes) => report("Converting the weights", bytes / total),
      options.signal,
    );
    indexText = JSON.stringify(index);
    weights = await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  const indexFile = await writeDurably(join(folder, INDEX_FILE), indexText);

  let hashed = 0;
  const sources: PackManifest["companions"] = [];
  for (const [i, path] of plan.files.entries()) {
    const onBytes = (bytes: number) => {
      hashed += bytes;
      return report("Checking the file", (written + hashed) / total);
    };
    const sha256 = await sha256File(path, onBytes, options.signal);
    sources.push({ file: basename(path), bytes: sizes[i]!, sha256 });
  }
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
