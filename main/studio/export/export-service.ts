import { stat } from "node:fs/promises";
import { basename } from "node:path";
import {
  type ClipRecord,
  type ExportForecast,
  type ExportJob,
  type ExportRequest,
  type Input,
  type Method,
  type Output,
  recordSchema,
  StudioError,
} from "../../../core/contract/index.ts";
import {
  containerInfo,
  estimateSize,
  type ExportPlan,
  type ExportSettings,
  planExport,
  presets,
  readXmp,
  RECORDS_ASSERTION,
} from "../../../core/export/index.ts";
import { clipsOf, mediaOf, type MediaReference, type Timeline } from "../../../core/timeline/index.ts";
import { chooseEncoder, type MediaTools, pixelFormatOf, readXmpPacket } from "../../media/index.ts";
import { containerOf, readCredentials } from "../credentials/credentials.ts";
import type { JobService } from "../jobs/job-service.ts";
import type { Destination } from "../studio.ts";
import { writeExchange } from "./exchange.ts";
import type { ExportRunner } from "./export-runner.ts";
import { type MediaFile, stampOf } from "./media-files.ts";
import { checkTarget, freeTarget } from "./target.ts";

type ExportMethod = Extract<Method, `exports.${string}`>;
type Handlers = { [M in ExportMethod]: (input: Input<M>) => Promise<Output<M>> };

/** The one gate to files: who may be read as this media. Null where nothing may. */
export type MediaGate = (
  media: MediaReference,
) => Promise<{ readonly path: string; readonly input: readonly string[] } | null>;

export interface ExportServiceParts {
  /** What calls itself the maker of exported files. */
  readonly tool: string;
  readonly runner: ExportRunner;
  readonly jobs: JobService;
  readonly tools: () => Promise<MediaTools>;
  /** An open project by its id. Errors: NOT_FOUND. */
  readonly project: (id: string) => { readonly folder: string; readonly document: Timeline; readonly gate: MediaGate };
  /** Folder for exports without a place of their own. */
  readonly folder: string;
  readonly reveal: (path: string) => Promise<void>;
  /** A media of the studio's list by its id. Errors: NOT_FOUND, MEDIA_MISSING. */
  readonly source: (id: string) => Promise<{ readonly path: string }>;
}

/** Exports of open projects, and what they would be. */
export class ExportService {
  private readonly parts: ExportServiceParts;

  constructor(parts: ExportServiceParts) {
    this.parts = parts;
  }

  readonly handlers: Handlers = {
    "exports.presets": async () => [...presets],
    "exports.forecast": async ({ project, settings }) => {
      const { document, gate } = this.parts.project(project);
      return this.forecast(document, settings, gate);
    },
    "exports.start": async ({ project, settings, name }) => {
      const { document, gate } = this.parts.project(project);
      const { id } = await this.enqueue(
        document,
        settings,
        gate,
        `${name}${containerInfo[settings.container].extension}`,
      );
      return { job: id };
    },
    "exports.exchange": async ({ project, format, name }) => {
      const { folder, document, gate } = this.parts.project(project);
      const file = await freeTarget(this.parts.folder, name, `.${format}`);
      const notes = await writeExchange({ folder, timeline: document }, gate, format, { file, overwrite: false });
      return { fileName: basename(file), notes };
    },
    "exports.records": async ({ media }) => {
      const { path } = await this.parts.source(media);
      return recordsOfFile(path);
    },
    "exports.reveal": async ({ job }) => {
      await this.parts.reveal(this.parts.runner.fileOf(job));
      return {};
    },
  };

  /** Errors: BAD_REQUEST, MEDIA_MISSING, OUTPUT_UNWRITABLE. @param name of the file in the studio's folder, or where to write it */
  async enqueue(
    document: Timeline,
    settings: ExportSettings,
    gate: MediaGate,
    name: string | Destination,
  ): Promise<ExportJob> {
    const plan = planned(document, settings);
    const { files, missing } = await filesOf(document, gate);
    if (missing.length > 0)
      throw new StudioError(
        "MEDIA_MISSING",
        `${named(missing)} ${missing.length === 1 ? "is" : "are"} not there: locate ${missing.length === 1 ? "it" : "them"}, or take the clips out.`,
      );
    if (typeof name !== "string") await checkTarget(name, settings);
    const fileName = typeof name === "string" ? name : basename(name.file);
    const destination = typeof name === "string" ? undefined : name;
    const task = {
      document,
      settings,
      tool: this.parts.tool,
      media: files.map((file) => ({ ...file, input: [...file.input] })),
      ...(destination === undefined ? {} : { destination }),
    };
    const job = await this.parts.runner.newJob(task, request(plan, fileName));
    const [queued] = await this.parts.jobs.add([job], destination);
    return queued!;
  }

  /** Errors: BAD_REQUEST. */
  async forecast(document: Timeline, settings: ExportSettings, gate: MediaGate): Promise<ExportForecast> {
    const plan = planned(document, settings);
    const { missing } = await filesOf(document, gate);
    const tools = plan.video === null ? null : await this.parts.tools();
    const encoder = tools === null ? null : await chooseEncoder(tools, plan.video!, pixelFormatOf(plan.video!));
    const { fileName: _, settings: __, ...facts } = request(plan, "");
    const pending = [...clipsOf(document)].filter(({ content, enabled }) => {
      if (content.type !== "media" || !enabled) return false;
      return content.takes.find(({ id }) => id === content.activeTake)?.media == null;
    });
    return {
      ...facts,
      size: estimateSize(plan),
      encoder:
        plan.video === null
          ? null
          : (encoder?.reason ?? `This computer's ffmpeg cannot encode ${plan.video.codec}: choose another format.`),
      missing: missing.map(({ name }) => name),
      pending: pending.length,
    };
  }
}

/** How the clips of an exported file were made, as it says itself; what a newer studio wrote is passed over. */
export async function recordsOfFile(path: string): Promise<ClipRecord[]> {
  const packet = await readXmpPacket(path);
  const told = packet === null ? await signedRecords(path) : readXmp(packet);
  return told.flatMap((record) => {
    const known = recordSchema.safeParse(record);
    return known.success ? [known.data] : [];
  });
}

/** Sound has no other place for records than its Content Credentials. */
async function signedRecords(path: string): Promise<readonly unknown[]> {
  const container = containerOf(path);
  if (container !== "wav" && container !== "flac" && container !== "mp3") return [];
  const credentials = await readCredentials(path, container).catch(() => null);
  if (credentials === null || credentials.problems.length > 0) return [];
  const assertions = credentials.manifest["assertions"];
  const found = (Array.isArray(assertions) ? assertions : []).find(
    (each: { readonly label?: unknown }) => each.label === RECORDS_ASSERTION,
  ) as { readonly data?: { readonly records?: unknown } } | undefined;
  return Array.isArray(found?.data?.records) ? found.data.records : [];
}

function planned(document: Timeline, settings: ExportSettings): ExportPlan {
  const plan = planExport(document, settings);
  if (plan !== null) return plan;
  throw new StudioError(
    "BAD_REQUEST",
    "There is nothing to export in this range: add a clip, or choose another range.",
  );
}

function request({ settings, video, range }: ExportPlan, fileName: string): ExportRequest {
  return {
    fileName,
    settings,
    width: video?.width ?? null,
    height: video?.height ?? null,
    frames: video?.frames ?? null,
    seconds: range.duration / 705_600_000,
  };
}

/** The media that enabled clips play, each once, with their files. */
async function filesOf(
  document: Timeline,
  gate: MediaGate,
): Promise<{ files: MediaFile[]; missing: MediaReference[] }> {
  const used = new Map<string, MediaReference>();
  for (const clip of clipsOf(document)) {
    const media = clip.enabled ? mediaOf(document, clip) : null;
    if (media !== null) used.set(media.id, media);
  }
  const files: MediaFile[] = [];
  const missing: MediaReference[] = [];
  for (const reference of used.values()) {
    const found = await gate(reference);
    const stamp =
      found === null
        ? null
        : ((await stampOf(found.path)) ?? ((await stat(found.path).catch(() => null)) === null ? null : "folder"));
    if (found === null || stamp === null) missing.push(reference);
    else files.push({ reference, path: found.path, input: found.input, stamp });
  }
  return { files, missing };
}

function named(media: readonly MediaReference[]): string {
  const names = media.slice(0, 3).map(({ name }) => `“${name}”`);
  const rest = media.length - names.length;
  if (rest > 0) return `${names.join(", ")} and ${rest} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
