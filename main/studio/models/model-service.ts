import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type ModelSummary, StudioError, type WeightFormat } from "../../../core/contract/index.ts";
import {
  type EngineHost,
  engineThreads,
  type InstallTask,
  type PackFacts,
  type VerifyOutcome,
} from "../../inference/index.ts";
import { abortable } from "../abortable.ts";
import { hashFile } from "../files.ts";
import { lockModels } from "../lock.ts";
import type { InstallOptions, ModelAdministration, ModelWork } from "../studio.ts";
import { assertReadable, checkpointFiles, idFromFile, isFolder, notInstalled } from "./model-files.ts";
import { DOWNLOADS, movePlace } from "./move.ts";
import { placeOf } from "./place.ts";

/** A small model that ships with the app, as an ordinary checkpoint. */
export interface BundledModel {
  readonly id: string;
  /** The checkpoint, or the folder of a model that comes in several files. */
  readonly file: string;
  readonly work: ModelWork;
}

export const workOf = ({ animation, vision }: Pick<ModelSummary, "animation" | "vision">): ModelWork =>
  vision !== undefined ? "vision" : animation !== undefined ? "animate" : "text-to-video";

/** What a model of each work does, as a sentence says it. */
const does: Readonly<Record<ModelWork, string>> = {
  "text-to-video": "makes clips from words",
  animate: "animates pictures",
  vision: "looks at pictures",
};

const NONE: Readonly<Record<ModelWork, string>> = {
  "text-to-video": "No model is installed: install a checkpoint with `plume models install FILE`.",
  animate:
    "No model that animates pictures is installed: install a KeyVID checkpoint with `plume models install FILE`.",
  vision: "No model that looks at pictures is installed: install a PATNet checkpoint with `plume models install FILE`.",
};

export interface ModelServiceOptions {
  /** Folder of the packs, or that names where they were moved: one folder each, named by id. */
  readonly folder: string;
  readonly engine: EngineHost;
  /** Lets other processes go that may hold a model's files open. */
  readonly release?: () => Promise<void>;
  /** Reads a pack's manifest. Errors: MODEL_DAMAGED. */
  readonly readPack: (folder: string) => Promise<PackFacts>;
  /** In the order of their importance; none where the app was packed without any. */
  readonly bundled: readonly BundledModel[];
  readonly log: (line: string) => void;
  readonly onChange: (models: ModelSummary[]) => void;
}

export interface InstalledModel extends PackFacts {
  readonly folder: string;
}

type OnProgress = (step: string, fraction: number) => void;

/** Share of an installation that converting takes, about; the rest is measuring for int8. */
const CONVERTING = 0.4;

/** Folders in the making. */
const LEFT_BEHIND = /^\.(?:installing|removed|moving)-/;

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Installed models: list, find, install, verify, remove. The packs' folder is the catalogue. */
export class ModelService implements ModelAdministration {
  private readonly options: ModelServiceOptions;
  private readonly ensuring = new Map<string, Promise<void>>();
  private readonly bundledListeners = new Set<OnProgress>();

  constructor(options: ModelServiceOptions) {
    this.options = options;
  }

  /** The folder that models lie in now. Errors: MODEL_NOT_FOUND when its disk is not there. */
  get place(): string {
    return placeOf(this.options.folder);
  }

  /** Folder for what arrives of a catalogue entry. */
  downloadFolder(entry: string): string {
    return join(this.place, DOWNLOADS, entry);
  }

  async has(id: string): Promise<boolean> {
    return isFolder(this.folderOf(id));
  }

  /** Installed models, the bundled one first, the others by name. Packs that cannot be read are left out and logged. */
  async list(): Promise<ModelSummary[]> {
    const names = await this.names();
    const found: ModelSummary[] = [];
    for (const name of names) {
      if (!ID.test(name)) continue; // locks and folders in the making start with a dot
      try {
        found.push((await this.read(name)).summary);
      } catch (error) {
        this.options.log(`model ${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return found.sort((a, b) => Number(b.bundled) - Number(a.bundled) || a.name.localeCompare(b.name));
  }

  /**
   * The model with this id, or without one the default for this work: the bundled model, else the first installed. A bundled one is
   * installed on first need. Errors: MODEL_NOT_FOUND, MODEL_WRONG_KIND, MODEL_DAMAGED, and those of installing.
   */
  async find(
    id: string | undefined,
    onProgress?: OnProgress,
    signal?: AbortSignal,
    work?: ModelWork,
  ): Promise<InstalledModel> {
    const bundled = this.options.bundled.find((each) =>
      id === undefined ? each.work === (work ?? "text-to-video") : each.id === id,
    );
    if (bundled !== undefined) await this.ensure(bundled, onProgress, signal);
    const chosen =
      bundled?.id ?? id ?? (await this.list()).find((model) => workOf(model) === (work ?? "text-to-video"))?.id;
    if (chosen === undefined) throw new StudioError("MODEL_NOT_FOUND", NONE[work ?? "text-to-video"]);
    const model = await this.read(chosen);
    if (work !== undefined && workOf(model.summary) !== work)
      throw new StudioError(
        "MODEL_WRONG_KIND",
        `${model.summary.name} ${does[workOf(model.summary)]}: choose a model that ${does[work]}.`,
      );
    return model;
  }

  /**
   * Installs the bundled models unless they are there already and made from these very checkpoints. However many ask, each is done
   * once; the signal ends only this caller's waiting (CANCELLED).
   */
  async ensureBundled(onProgress?: OnProgress, signal?: AbortSignal, work?: ModelWork): Promise<void> {
    for (const bundled of this.options.bundled)
      if (work === undefined || bundled.work === work) await this.ensure(bundled, onProgress, signal);
  }

  private async ensure(bundled: BundledModel, onProgress?: OnProgress, signal?: AbortSignal): Promise<void> {
    const ensuring =
      this.ensuring.get(bundled.id) ??
      this.installBundled(bundled).catch((error: unknown) => {
        this.ensuring.delete(bundled.id); // the next need tries again
        throw error;
      });
    this.ensuring.set(bundled.id, ensuring);
    if (onProgress !== undefined) this.bundledListeners.add(onProgress);
    try {
      await abortable(ensuring, signal);
    } finally {
      if (onProgress !== undefined) this.bundledListeners.delete(onProgress);
    }
  }

  /**
   * Converts a checkpoint (a file, or the folder of a model that comes in several) and measures what its int8 form needs. The model is
   * installed once it is converted: should measuring fail or be stopped, the first clip in int8 does it.
   * Errors: BAD_REQUEST, CHECKPOINT_*, MODEL_WRONG_KIND, DISK_FULL, CANCELLED.
   */
  async install(options: InstallOptions): Promise<ModelSummary> {
    const file = resolve(options.file);
    await assertReadable(file, "checkpoint", { folders: true });
    for (const lora of options.loras ?? []) await assertReadable(resolve(lora.file), "LoRA");
    const id = options.id ?? idFromFile(file);
    if (!ID.test(id))
      throw new StudioError(
        "BAD_REQUEST",
        "A model's id may have up to 64 letters, digits, dots, hyphens and underscores, and starts with a letter or digit.",
        id,
      );
    if (this.isBundled(id))
      throw new StudioError(
        "BAD_REQUEST",
        `The id ${id} belongs to the model that ships with the studio: choose another.`,
      );
    const name = options.name ?? null;
    const loras = (options.loras ?? []).map((lora) => ({ file: resolve(lora.file), scale: lora.scale }));
    return this.locked(options.signal, async () => {
      if (await isFolder(join(this.place, id)))
        throw new StudioError(
          "BAD_REQUEST",
          `A model with the id ${id} is installed already: choose another id or remove it first.`,
        );
      const prepares = options.int8 !== false;
      const share = prepares ? CONVERTING : 1;
      const onProgress: OnProgress = (step, fraction) => options.onProgress?.(step, fraction * share, null);
      const { weights } = options;
      const summary = await this.convert(
        { file, id, name, bundled: false, loras, weights },
        onProgress,
        options.signal,
      );
      await options.finish?.(join(this.place, id));
      if (prepares && summary.precisions.includes("int8")) await this.prepare(id, options);
      return summary;
    });
  }

  async verify(id: string, onProgress?: OnProgress, signal?: AbortSignal): Promise<VerifyOutcome> {
    const folder = this.folderOf(id);
    if (!(await isFolder(folder))) throw notInstalled(id);
    return this.options.engine.verify(folder, onProgress ?? (() => {}), signal ?? new AbortController().signal);
  }

  async remove(id: string): Promise<void> {
    if (this.isBundled(id))
      throw new StudioError("FORBIDDEN", "The model that ships with the studio cannot be removed.");
    const folder = this.folderOf(id);
    await this.locked(undefined, async () => {
      if (!(await isFolder(folder))) throw notInstalled(id);
      await this.options.engine.release();
      await this.options.release?.();
      await this.discard(folder);
    });
    await this.changed();
  }

  async move(
    to: string,
    onProgress: OnProgress = () => {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<void> {
    const { engine, release, folder } = this.options;
    await this.locked(signal, async () => {
      await engine.release();
      await release?.();
      const verify = (pack: string) => engine.verify(pack, () => {}, signal);
      await movePlace({ root: folder, to: resolve(to), verify, onProgress, signal });
    });
    await this.changed();
  }

  /** Names in the folder; none where it is not there. */
  private async names(): Promise<string[]> {
    try {
      return await readdir(this.place);
    } catch (error) {
      this.options.log(`models: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }

  private async read(id: string): Promise<InstalledModel> {
    const folder = this.folderOf(id);
    if (!(await isFolder(folder))) throw notInstalled(id);
    const facts = await this.options.readPack(folder);
    return { ...facts, summary: { ...facts.summary, id, bundled: this.isBundled(id) }, folder };
  }

  private folderOf(id: string): string {
    // The id comes from a request: it must never lead out of the folder.
    if (!ID.test(id)) throw notInstalled(id);
    return join(this.place, id);
  }

  private isBundled(id: string): boolean {
    return this.options.bundled.some((each) => each.id === id);
  }

  private async installBundled({ id, file }: BundledModel): Promise<void> {
    const bundled = { id, file };
    if (await this.isCurrent(bundled)) return;
    const tell: OnProgress = (step, fraction) => {
      for (const listener of this.bundledListeners) listener(step, fraction);
    };
    await this.locked(undefined, async () => {
      if (await this.isCurrent(bundled)) return; // another studio was quicker
      const old = join(this.place, bundled.id);
      if (await isFolder(old)) await this.discard(old);
      await this.convert({ ...bundled, name: null, bundled: true, loras: [] }, tell);
    });
  }

  private async isCurrent(bundled: Pick<BundledModel, "id" | "file">): Promise<boolean> {
    const folder = join(this.place, bundled.id);
    if (!(await isFolder(folder))) return false;
    try {
      const facts = await this.options.readPack(folder);
      const made = new Set([facts.sourceSha256, ...(facts.companionSha256 ?? [])]);
      const there = await Promise.all((await checkpointFiles(bundled.file)).map(hashFile));
      return there.length > 0 && made.size === new Set(there).size && there.every((sha256) => made.has(sha256));
    } catch (error) {
      this.options.log(
        `the bundled model is installed anew: ${error instanceof Error ? error.message : String(error)}`,
      );
      return false;
    }
  }

  private async convert(
    task: Pick<InstallTask, "file" | "id" | "name" | "bundled" | "loras"> & { weights?: WeightFormat | undefined },
    onProgress: OnProgress = () => {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<ModelSummary> {
    const pack = join(this.place, task.id);
    const { weights = "fp32" } = task;
    const wish = { ...task, pack, weights, threads: engineThreads() };
    const summary = await this.options.engine.install(wish, onProgress, signal);
    await this.changed();
    return { ...summary, id: task.id, bundled: task.bundled };
  }

  /** The int8 form of a model that was just installed. Only a stop is an error: without it the model works too. */
  private async prepare(
    id: string,
    { onProgress, signal = new AbortController().signal }: InstallOptions,
  ): Promise<void> {
    const started = performance.now();
    const tell: OnProgress = (step, fraction) => {
      // The first twentieth also pays for loading the model.
      const etaMs = fraction > 0.05 ? ((performance.now() - started) * (1 - fraction)) / fraction : null;
      onProgress?.(step, CONVERTING + (1 - CONVERTING) * fraction, etaMs);
    };
    try {
      await this.options.engine.prepare(join(this.place, id), engineThreads(), tell, signal);
    } catch (error) {
      if (signal.aborted)
        throw new StudioError(
          "CANCELLED",
          `Stopped while measuring for int8: ${id} is installed all the same, and its first clip in int8 measures again.`,
        );
      this.options.log(`${id} has no int8 form yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Out of sight in one step, then gone: a crash in between leaves a hidden folder that the next change sweeps. */
  private async discard(folder: string): Promise<void> {
    const hidden = join(this.place, `.removed-${randomBytes(6).toString("hex")}`);
    await rename(folder, hidden);
    await rm(hidden, { recursive: true, force: true });
  }

  private async locked<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    await mkdir(this.options.folder, { recursive: true });
    // Always at the same spot, wherever the models lie: who moves them and who installs one must meet.
    const lock = await lockModels(this.options.folder, this.options.log, signal);
    try {
      await this.sweep();
      return await work();
    } finally {
      await lock.release();
    }
  }

  /** With the lock held nobody is converting: hidden folders are what a killed installation or removal left. */
  private async sweep(): Promise<void> {
    const { place } = this;
    for (const name of await readdir(place)) {
      if (!LEFT_BEHIND.test(name)) continue;
      this.options.log(`sweeping ${name}, left by an interrupted installation`);
      await rm(join(place, name), { recursive: true, force: true });
    }
  }

  private async changed(): Promise<void> {
    this.options.onChange(await this.list());
  }
}
