/** Reads and verifies installed packs. */
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { z } from "zod";
import { StudioError } from "../../core/contract/errors.ts";
import type { WeightIndex } from "../types.ts";
import { sha256File } from "./files.ts";
import { discardInt8, int8Bytes, verifyInt8 } from "./int8-files.ts";
import {
  INDEX_FILE,
  MANIFEST_FILE,
  type PackManifest,
  packManifestSchema,
  weightIndexSchema,
  WEIGHTS_FILE,
} from "./manifest.ts";

export interface Pack {
  readonly folder: string;
  readonly manifest: PackManifest;
  readonly index: WeightIndex;
  /** Name of the weights file inside the folder. */
  readonly weightsFile: string;
}

function damaged(folder: string, file: string, detail: string): StudioError {
  return new StudioError(
    "MODEL_DAMAGED",
    `The installed model ${basename(folder)} is damaged (its file ${file}): remove it and install it again.`,
    detail,
  );
}

async function readJson<T>(folder: string, file: string, schema: z.ZodType<T>): Promise<T> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(join(folder, file), "utf8"));
  } catch (cause) {
    throw damaged(folder, file, String(cause));
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw damaged(folder, file, parsed.error.message);
  return parsed.data;
}

/** The manifest alone. Errors: MODEL_DAMAGED naming the file. */
export async function readManifest(folder: string): Promise<PackManifest> {
  return await readJson(folder, MANIFEST_FILE, packManifestSchema);
}

/**
 * Manifest and weight index of a pack, checked against the files' sizes (not their hashes: see `verifyPack`).
 * Errors: MODEL_DAMAGED naming the file.
 */
export async function readPack(folder: string): Promise<Pack> {
  const manifest = await readManifest(folder);
  for (const file of manifest.files) await checkSize(folder, file.name, file.bytes);
  const index = await readJson(folder, INDEX_FILE, weightIndexSchema);
  const sizes = new Map(manifest.files.map((file) => [file.name, file.bytes]));
  for (const [key, entry] of Object.entries(index))
    if (entry.offset + entry.bytes > (sizes.get(entry.file ?? WEIGHTS_FILE) ?? 0))
      throw damaged(folder, INDEX_FILE, `${key} lies outside the weights`);
  return { folder, manifest, index, weightsFile: WEIGHTS_FILE };
}

async function checkSize(folder: string, name: string, bytes: number): Promise<void> {
  const info = await stat(join(folder, name)).catch(() => null);
  if (info === null) throw damaged(folder, name, "the file is missing");
  if (info.size !== bytes) throw damaged(folder, name, `${info.size} bytes instead of ${bytes}`);
}

/**
 * Hashes every file of a pack and compares with the manifest. The int8 form is derived from the weights: where it is damaged it is
 * thrown away, told under `dropped`, and made anew when it is next needed.
 * @param onProgress is told the share done, 0 to 1.
 * Errors: MODEL_DAMAGED naming the file; CANCELLED.
 */
export async function verifyPack(
  folder: string,
  onProgress: (fraction: number) => void | Promise<void> = () => {},
  signal?: AbortSignal,
): Promise<{ dropped: string[] }> {
  const { manifest } = await readPack(folder);
  const total = manifest.files.reduce((sum, file) => sum + file.bytes, await int8Bytes(folder));
  let done = 0;
  const onBytes = async (bytes: number) => {
    done += bytes;
    await onProgress(Math.min(1, done / total));
  };
  for (const file of manifest.files) {
    const actual = await sha256File(join(folder, file.name), onBytes, signal);
    if (actual !== file.sha256) throw damaged(folder, file.name, "its contents changed since it was installed");
  }
  if (await verifyInt8(folder, onBytes, signal)) return { dropped: [] };
  await discardInt8(folder);
  return { dropped: ["int8"] };
}
