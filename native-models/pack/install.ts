/**
 * Converts a published checkpoint into a model pack: one weights file that onnxruntime maps from disk, an index, a manifest with
 * hashes. Tensors are streamed one at a time; the pack appears whole or not at all.
 */
import { randomBytes } from "node:crypto";
import { lstat, mkdir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";
import { openCheckpoint } from "../checkpoint/open-checkpoint.ts";
import { type Recognised, recogniseHummingbird } from "../hummingbird/checkpoint-names-config.ts";
import { Lora } from "../hummingbird/lora.ts";
import { hummingbirdParameters } from "../hummingbird/networks.ts";
import type { ParameterSpec, TensorSource } from "../types.ts";
import { describeHummingbird } from "./describe.ts";
import { HashedWriter, sha256File, syncFolder, throwIfAborted, writeDurably } from "./files.ts";
import {
  INDEX_FILE,
  MANIFEST_FILE,
  PACK_FORMAT,
  type PackManifest,
  packManifestSchema,
  WEIGHTS_FILE,
} from "./manifest.ts";
import { officialTensors, plannedBytes, writeWeights } from "./weights.ts";

const CONVERTER = "plume-studio 0.1.0";

export interface InstallOptions {
  /** The checkpoint. */
  readonly file: string;
  /** Folder of the new pack; must not exist. Its parent is made if needed. */
  readonly destination: string;
  /** Absent: the destination's last part. */
  readonly id?: string;
  /** Absent: what the checkpoint calls itself, or the file's name. */
  readonly name?: string;
  /** Merged into the weights in this order. */
  readonly lora?: readonly { readonly file: string; readonly scale: number }[];
  /** `fraction` is the share of all bytes read and written, 0 to 1, never falling. */
  readonly onProgress?: (step: string, fraction: number) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** Room that must stay free beside the pack. */
const SPARE_BYTES = 64 * 2 ** 20;
const LARGEST_CONFIG = 1_000_000;

/**
 * Installs a checkpoint as a pack at `destination`. After any failure nothing is left behind.
 * Errors: CHECKPOINT_UNREADABLE, CHECKPOINT_MISMATCH naming the tensor, MODEL_WRONG_KIND, BAD_REQUEST when the destination exists,
 * DISK_FULL, OUTPUT_UNWRITABLE, CANCELLED.
 */
export async function installCheckpoint(options: InstallOptions): Promise<PackManifest> {
  throwIfAborted(options.signal);
  const source = await openCheckpoint(options.file);
  const loras: Lora[] = [];
  try {
    const recognised = recogniseHummingbird(source, await configBeside(options.file));
    for (const { file, scale } of options.lora ?? []) loras.push(await Lora.open(file, scale, recognised.names));
    const specs = hummingbirdParameters(recognised.config);
    // All names and shapes are checked before the first byte is written.
    for (const spec of officialTensors(specs)) recognised.names.resolve(spec);
    return await inTemporaryFolder(options.destination, plannedBytes(specs), (folder) =>
      convert(options, { source, recognised, specs, loras }, folder),
    );
  } catch (error) {
    throw StudioError.from(error);
  } finally {
    for (const lora of loras) await lora.close();
    await source.close();
  }
}

interface Parts {
  readonly source: TensorSource;
  readonly recognised: Recognised;
  readonly specs: readonly ParameterSpec[];
  readonly loras: readonly Lora[];
}

async function convert(options: InstallOptions, parts: Parts, folder: string): Promise<PackManifest> {
  const { source, recognised, specs, loras } = parts;
  const { names, config } = recognised;
  const report = options.onProgress ?? (() => {});
  const sourceBytes = (await stat(options.file)).size;
  const written = plannedBytes(specs);
  const total = sourceBytes + written;

  const writer = await HashedWriter.create(join(folder, WEIGHTS_FILE));
  let weights: { bytes: number; sha256: string };
  let indexText: string;
  try {
    const index = await writeWeights(
      source,
      {
        specs,
        resolve: (spec) => names.resolve(spec),
        adjust: async (official, weight) => {
          for (const lora of loras) await lora.merge(official, weight);
        },
      },
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
  const sourceSha256 = await sha256File(
    options.file,
    (bytes) => {
      hashed += bytes;
      return report("Checking the file", (written + hashed) / total);
    },
    options.signal,
  );
  const counted = officialTensors(specs).map((spec) => spec.sourceShape.reduce((a, b) => a * b, 1));
  const manifest = packManifestSchema.parse({
    format: PACK_FORMAT,
    converter: CONVERTER,
    id: options.id ?? basename(options.destination),
    name: options.name ?? recognised.plume.name ?? basename(options.file, extname(options.file)),
    family: "hummingbird",
    config,
    ...describeHummingbird(recognised),
    parameters: counted.reduce((a, b) => a + b, 0),
    precisions: ["fp32", "int8"],
    source: { file: basename(options.file), bytes: sourceBytes, sha256: sourceSha256 },
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

/** The authors' config.json in the checkpoint's folder; undefined when there is none that can be read. */
async function configBeside(file: string): Promise<unknown> {
  const path = join(dirname(file), "config.json");
  try {
    if ((await stat(path)).size > LARGEST_CONFIG) return undefined;
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch {
    return undefined;
  }
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
