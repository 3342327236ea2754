/** A golden folder: its manifest as plain JSON, its files verified by hash, its tensors counted as they are used. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openSafetensors } from "../../native-models/checkpoint/safetensors.ts";
import type { TensorSource } from "../../native-models/types.ts";

/** Something about the folder itself is wrong: no case can be trusted, the run ends with this one sentence. */
export class GoldenFolderError extends Error {
  override name = "GoldenFolderError";
}

export interface FileRecord {
  readonly path: string;
  /** Absent where a manifest gives none: then only that the file is there is checked. */
  readonly sha256?: string;
}

export async function readManifest(folder: string): Promise<unknown> {
  const path = join(folder, "manifest.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    throw new GoldenFolderError(`There is no manifest.json in ${folder}: name a golden folder.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new GoldenFolderError(`The file ${path} is not JSON: fetch the goldens again.`);
  }
}

/**
 * Checks that every file that the manifest names is there, with its hash where it has one.
 * @throws GoldenFolderError naming the first file that is not
 */
export async function verifyFiles(folder: string, files: readonly FileRecord[]): Promise<void> {
  for (const file of files) {
    const path = join(folder, file.path);
    const isFile = await stat(path).then(
      (entry) => entry.isFile(),
      () => false,
    );
    if (!isFile)
      throw new GoldenFolderError(`The manifest names ${file.path}, which is missing: fetch the goldens again.`);
    if (file.sha256 === undefined) continue;
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    if (hash.digest("hex") !== file.sha256)
      throw new GoldenFolderError(`The file ${file.path} is not the one that the manifest describes (sha256 differs).`);
  }
}

export interface GoldenTensor {
  readonly shape: readonly number[];
  /** Whole numbers up to 2^24 are exact. */
  readonly data: Float32Array;
}

/** One safetensors file of a golden folder. Remembers which tensors were used, so that none is forgotten. */
export class GoldenFile {
  readonly name: string;
  /** In the manifest's order, which is the order in which the reference made them. */
  readonly tensorNames: readonly string[];
  readonly #source: TensorSource;
  readonly #used = new Set<string>();

  private constructor(name: string, tensorNames: readonly string[], source: TensorSource) {
    this.name = name;
    this.tensorNames = tensorNames;
    this.#source = source;
  }

  /** @param listed tensor names of the manifest; the file may hold more */
  static async open(folder: string, name: string, listed: readonly string[]): Promise<GoldenFile> {
    const source = await openSafetensors(join(folder, name));
    return new GoldenFile(name, [...new Set([...listed, ...source.tensors.keys()])], source);
  }

  has(name: string): boolean {
    return this.tensorNames.includes(name);
  }

  /** @throws Error when the file has no such tensor */
  async get(name: string): Promise<GoldenTensor> {
    const info = this.#source.tensors.get(name);
    if (!info) throw new Error(`${this.name} holds no tensor ${name}`);
    this.#used.add(name);
    return { shape: info.shape, data: await this.#source.readFloat32(name) };
  }

  async optional(name: string): Promise<GoldenTensor | null> {
    return this.has(name) ? this.get(name) : null;
  }

  /** Tensors that no check has used. */
  get unused(): string[] {
    return this.tensorNames.filter((name) => !this.#used.has(name));
  }

  async close(): Promise<void> {
    await this.#source.close();
  }
}
