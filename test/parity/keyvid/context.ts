/** What every group of checks is given. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openSafetensors } from "../../../native-models/checkpoint/safetensors.ts";
import type { GoldenFile, GoldenTensor } from "../golden-folder.ts";
import type { Report } from "../report.ts";
import type { GoldenEntry, KeyvidManifest } from "./manifest.ts";
import { GoldenModel } from "./model.ts";

/** `meta sound`: ImageBind's trunk from Meta's own file instead of the generator's copy. */
type ModelKind = "whole" | "meta sound";

export class Context {
  readonly folder: string;
  readonly manifest: KeyvidManifest;
  readonly report: Report;
  readonly #used = new Set<string>();
  readonly #models = new Map<ModelKind, Promise<GoldenModel>>();

  constructor(folder: string, manifest: KeyvidManifest, report: Report) {
    this.folder = folder;
    this.manifest = manifest;
    this.report = report;
  }

  /** The folder's model, made of its checkpoints on first need; closed by the runner. */
  model(kind: ModelKind = "whole"): Promise<GoldenModel> {
    const model = this.#models.get(kind) ?? GoldenModel.open(this, kind === "meta sound");
    this.#models.set(kind, model);
    return model;
  }

  async close(): Promise<void> {
    // A model that could not be opened was reported by the checks that asked for it.
    for (const model of this.#models.values()) await (await model.catch(() => null))?.close();
  }

  /** Absolute path of a file of the folder, which counts as used from then on. */
  path(file: string): string {
    this.#used.add(file);
    return join(this.folder, file);
  }

  isUsed(file: string): boolean {
    return this.#used.has(file);
  }

  /** @throws Error when the manifest does not name the file */
  entry(file: string): GoldenEntry {
    const found = this.manifest.files.find((entry) => entry.file === file);
    if (!found) throw new Error(`the manifest names no ${file}`);
    return found;
  }

  /** Names of the files that match, in the manifest's order. */
  files(pattern: RegExp): string[] {
    return this.manifest.files.map(({ file }) => file).filter((file) => pattern.test(file));
  }

  async json(file: string): Promise<unknown> {
    return JSON.parse(await readFile(this.path(file), "utf8")) as unknown;
  }

  /** One tensor of another golden file, as an input. */
  async tensor(file: string, name: string): Promise<GoldenTensor> {
    const source = await openSafetensors(this.path(file));
    try {
      const info = source.tensors.get(name);
      if (!info) throw new Error(`${file} holds no tensor ${name}`);
      return { shape: info.shape, data: await source.readFloat32(name) };
    } finally {
      await source.close();
    }
  }
}

/** All that one golden file asks for. */
export type Check = (context: Context, file: GoldenFile, entry: GoldenEntry) => Promise<void>;

/** Name of a golden's cases: its path without the ending. */
export const stemOf = (file: string): string => file.replace(/\.[^./]*$/u, "");

/** The tensor that a check must find in its own file, with this many axes. */
export async function wanted<T extends readonly number[]>(
  file: GoldenFile,
  name: string,
  axes: T["length"],
): Promise<{ shape: T; data: Float32Array }> {
  const { shape, data } = await file.get(name);
  if (shape.length !== axes) throw new Error(`${name} has ${shape.length} axes, not ${axes}`);
  return { shape: shape as unknown as T, data };
}
