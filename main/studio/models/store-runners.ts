/** The two jobs by which a catalogue entry becomes an installed model: its files are brought together, then converted. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  type Catalogue,
  type CatalogueEntry,
  type ConvertJob,
  type DownloadJob,
  type JobSnapshot,
  mixSchema,
  modelIdSchema,
  StudioError,
  weightFormatSchema,
} from "../../../core/contract/index.ts";
import { conversionMemory, readLoraFacts } from "../../inference/index.ts";
import { replaceFile } from "../files.ts";
import { freshJob, type JobContext, type JobRunner, type ModelResult } from "../jobs/job-runner.ts";
import { lockDownload } from "../lock.ts";
import type { Acceptances } from "./acceptances.ts";
import { entryOf } from "./catalogue.ts";
import type { DroppedFiles } from "./dropped.ts";
import type { DownloadOptions } from "./download/download.ts";
import { Wire } from "./download/wire.ts";
import { fetchFiles, installable, readReceipt } from "./fetch-files.ts";
import { demandRoom } from "./room.ts";
import { bytesBelow } from "./model-files.ts";
import type { ModelService } from "./model-service.ts";
import type { StoreSettings } from "./settings.ts";
import type { StyleService } from "./style-service.ts";
import { TransferMeter } from "./transfer-meter.ts";

const requestSchema = z.object({
  entry: modelIdSchema,
  /** Folder of this computer to look in for its files; only commands name one. */
  lookIn: z.string().nullable().default(null),
  /** Whether to measure what int8 needs at once. */
  int8: z.boolean().default(true),
  weights: weightFormatSchema.default("fp32"),
});
export type StoreRequest = z.infer<typeof requestSchema>;

const droppedSchema = z.object({
  /** Word that the files were handed over under. */
  drop: z.string(),
  /** Of the model that comes of them. */
  id: modelIdSchema,
  weights: weightFormatSchema.default("fp32"),
});

const repackSchema = z.object({
  /** The installed model. */
  repack: modelIdSchema,
  weights: weightFormatSchema,
  /** Of the model that comes of it. */
  id: modelIdSchema,
  name: z.string(),
});
type RepackRequest = z.infer<typeof repackSchema>;

const mixRequestSchema = z.object({
  mix: mixSchema,
  /** Of the model that comes of it. */
  id: modelIdSchema,
  name: z.string(),
});
type MixRequest = z.infer<typeof mixRequestSchema>;

export interface StoreParts {
  readonly styles: StyleService;
  readonly dropped: DroppedFiles;
  readonly catalogue: Catalogue;
  readonly models: ModelService;
  readonly acceptances: Acceptances;
  readonly settings: StoreSettings;
  readonly log: (line: string) => void;
  /** False: installing measures nothing, the first clip in int8 does. Default: true. */
  readonly measuresInt8?: boolean;
  /** Of downloads; tests hurry them. */
  readonly pace?: Pick<DownloadOptions, "backOff" | "pieceBytes"> & { readonly idleMs?: number };
}

const IDLE_MS = 30_000;
const ORIGIN = "origin.json";

/** Both jobs of an entry, chained. */
export function storeJobs(entry: CatalogueEntry, request: Omit<StoreRequest, "entry">): [DownloadJob, ConvertJob] {
  const shared = { title: entry.name, request: { entry: entry.id, ...request }, speed: null, result: null };
  const download: DownloadJob = { kind: "download", ...freshJob(), ...shared };
  return [download, { kind: "convert", ...freshJob(), ...shared, after: [download.id] }];
}

const convertJob = (title: string, request: ConvertJob["request"]): ConvertJob => ({
  kind: "convert",
  ...freshJob(),
  title,
  request,
  speed: null,
  result: null,
});

/** The installation of files that were handed over. */
export const droppedJob = (request: z.infer<typeof droppedSchema>, title: string): ConvertJob =>
  convertJob(title, { ...request });

/** The mixing of styles with an installed model. */
export const mixJob = (request: MixRequest): ConvertJob => convertJob(request.name, { ...request });

/** An installed model once more, in smaller weights. */
export const repackJob = (request: RepackRequest): ConvertJob => convertJob(request.name, { ...request });

const repackOfJob = (job: JobSnapshot): RepackRequest | null => {
  const request = job.kind === "convert" ? repackSchema.safeParse(job.request) : null;
  return request?.success === true ? request.data : null;
};

const mixOfJob = (job: JobSnapshot): MixRequest | null => {
  const request = job.kind === "convert" ? mixRequestSchema.safeParse(job.request) : null;
  return request?.success === true ? request.data : null;
};

const dropOfJob = (job: JobSnapshot): z.infer<typeof droppedSchema> | null => {
  const request = job.kind === "convert" ? droppedSchema.safeParse(job.request) : null;
  return request?.success === true ? request.data : null;
};

export const entryOfJob = (job: JobSnapshot): string | null => {
  const request = "request" in job ? requestSchema.safeParse(job.request) : null;
  return (job.kind === "download" || job.kind === "convert") && request?.success === true ? request.data.entry : null;
};

const converting =
  (context: JobContext) =>
  (_step: string, fraction: number, etaMs: number | null): void => {
    const done = Math.min(1, fraction);
    context.storing({ phase: "convert", done, total: 1, fraction: done, etaMs }, null);
  };

export class StoreRunner implements JobRunner {
  private readonly parts: StoreParts;
  /** Words of dropped files by the jobs that were run on them: forgetting a job knows its id alone. */
  private readonly drops = new Map<string, string>();

  constructor(parts: StoreParts) {
    this.parts = parts;
  }

  async run(job: JobSnapshot, context: JobContext): Promise<ModelResult> {
    const mix = mixOfJob(job);
    if (mix !== null) return this.mix(mix, context);
    const repack = repackOfJob(job);
    if (repack !== null) return this.repack(repack, context);
    const dropped = dropOfJob(job);
    if (dropped !== null) {
      this.drops.set(job.id, dropped.drop);
      return this.convertDropped(dropped, context);
    }
    const request = requestSchema.parse((job as DownloadJob | ConvertJob).request);
    const entry = entryOf(this.parts.catalogue, request.entry);
    const folder = this.parts.models.downloadFolder(entry.id);
    const lock = await lockDownload(folder, this.parts.log, context.signal);
    try {
      if (job.kind === "download") return await this.fetch(entry, folder, request, context);
      return await this.convert(entry, folder, request, context);
    } finally {
      await lock.release();
    }
  }

  /** Bytes of memory that installing takes. What is not there counts as nothing: the job itself says so. */
  async memoryOf(job: ConvertJob): Promise<number> {
    const { models, dropped } = this.parts;
    const mix = mixOfJob(job);
    if (mix !== null) return conversionMemory(await bytesBelow(join(models.place, mix.mix.model)), false);
    const repack = repackOfJob(job);
    if (repack !== null) return conversionMemory(await bytesBelow(join(models.place, repack.repack)), true);
    const drop = dropOfJob(job);
    const folder = drop === null ? models.downloadFolder(entryOfJob(job) ?? "") : dropped.folder(drop.drop);
    // In float32 the ranges of int8 are measured, of models that can have it.
    return conversionMemory(await bytesBelow(folder), true);
  }

  /** Only what went wrong is done again: what has arrived is there. */
  async again(job: JobSnapshot): Promise<JobSnapshot> {
    const dropped = dropOfJob(job);
    if (mixOfJob(job) !== null || repackOfJob(job) !== null) return { ...job, ...freshJob() };
    if (dropped === null) entryOf(this.parts.catalogue, entryOfJob(job) ?? "");
    else await this.parts.dropped.installable(dropped.drop);
    return { ...job, ...freshJob() };
  }

  /** What was handed over goes with its job; of a catalogue entry what has arrived stays until it is installed or discarded. */
  async forget(id: string): Promise<void> {
    const drop = this.drops.get(id);
    if (drop !== undefined) await this.parts.dropped.forget(drop);
    this.drops.delete(id);
  }

  private async convertDropped(
    { drop, id, weights }: z.infer<typeof droppedSchema>,
    context: JobContext,
  ): Promise<ModelResult> {
    const { dropped, styles, models } = this.parts;
    const file = await dropped.installable(drop);
    if (file !== dropped.folder(drop) && (await readLoraFacts(file).catch(() => null)) !== null) {
      await styles.install(file);
      return { model: null };
    }
    const { signal } = context;
    const summary = await models.install({ file, id, weights, signal, onProgress: converting(context) });
    return { model: summary.id };
  }

  private async repack({ repack, id, name, weights }: RepackRequest, context: JobContext): Promise<ModelResult> {
    const { models } = this.parts;
    const summary = await models.install({
      file: join(models.place, repack),
      id,
      name,
      weights,
      // The first clip in int8 measures.
      int8: false,
      signal: context.signal,
      onProgress: converting(context),
    });
    return { model: summary.id };
  }

  private async mix({ mix, id, name }: MixRequest, context: JobContext): Promise<ModelResult> {
    const { models, styles } = this.parts;
    const summary = await models.install({
      file: join(models.place, mix.model),
      loras: await styles.files(mix.styles),
      id,
      name,
      // The first clip in int8 measures: a mix is for trying out, and there at once.
      int8: false,
      signal: context.signal,
      onProgress: converting(context),
    });
    return { model: summary.id };
  }

  private async fetch(
    entry: CatalogueEntry,
    folder: string,
    { lookIn, weights }: StoreRequest,
    context: JobContext,
  ): Promise<ModelResult> {
    const { settings, acceptances, log, pace } = this.parts;
    await acceptances.demand(entry);
    const { connections } = await settings.read();
    const meter = new TransferMeter((progress, speed) => context.storing(progress, speed));
    const wire = new Wire({ proxy: await settings.proxy(), idleMs: pace?.idleMs ?? IDLE_MS });
    try {
      await fetchFiles(
        { entry, folder, base: await settings.base(), token: await settings.token(), lookIn },
        { wire, signal: context.signal, connections, log, ...pace },
        {
          progress: (phase, done, total) => meter.report(phase, done, total),
          room: (bytesLeft) => demandRoom(folder, entry, bytesLeft, weights),
        },
      );
    } finally {
      await wire.close();
    }
    return { model: null };
  }

  private async convert(
    entry: CatalogueEntry,
    folder: string,
    { int8, weights }: StoreRequest,
    context: JobContext,
  ): Promise<ModelResult> {
    const { models, acceptances, settings } = this.parts;
    const acceptedAt = await acceptances.demand(entry);
    const receipt = await readReceipt(folder);
    if (receipt.files.length === 0)
      throw new StudioError("NOT_FOUND", `The files of ${entry.name} are not there any more: download it again.`);
    const summary = await models.install({
      file: installable(entry, folder),
      id: entry.id,
      name: entry.name,
      int8,
      weights,
      signal: context.signal,
      onProgress: converting(context),
      finish: async (pack) => {
        const { name, url, version } = entry.licence;
        const origin = {
          schema: "plume.origin/1",
          entry: entry.id,
          source: entry.source,
          page: entry.page,
          files: receipt.files,
          licence: { name, url, version, acceptedAt },
          installedAt: new Date().toISOString(),
        };
        await replaceFile(join(pack, ORIGIN), `${JSON.stringify(origin, null, 2)}\n`);
      },
    });
    if (!(await settings.read()).keepsCheckpoints) await rm(folder, { recursive: true, force: true });
    return { model: summary.id };
  }
}
