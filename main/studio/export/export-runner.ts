import { mkdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { type ExportJob, type ExportResult, type JobSnapshot, StudioError } from "../../../core/contract/index.ts";
import { type SubjectWant, subjectWants } from "../../../core/render-plan/index.ts";
import { containerInfo, type ExportSettings } from "../../../core/export/index.ts";
import type { MediaTools } from "../../media/index.ts";
import { replaceFile } from "../files.ts";
import { freshJob, type JobContext, type JobRunner } from "../jobs/job-runner.ts";
import type { Destination } from "../studio.ts";
import { type ExportEntry, ExportProcess } from "./export-process.ts";
import { ExportMeter } from "./export-meter.ts";
import { checkTarget, FOLDER_GONE, freeTarget, partOf, publishTarget, removeTarget } from "./target.ts";
import type { MaskFile } from "./mask-files.ts";
import { type ExportTask, exportTaskSchema } from "./task.ts";

export interface ExportRunnerParts {
  readonly tools: () => Promise<MediaTools>;
  /** Folder of the jobs' work folders. */
  readonly workRoot: string;
  /** Folder for exports without a place of their own. */
  readonly folder: string;
  readonly entry: ExportEntry | undefined;
  /** PEM file of who signs Content Credentials, made when it is first needed. */
  readonly identity: string;
  /** Resolves with the masks of these stretches when they are there. Errors: MODEL_NOT_FOUND, BAD_REQUEST (too long), CANCELLED. */
  readonly masks: (
    wants: readonly SubjectWant[],
    files: ExportTask["media"],
    signal: AbortSignal,
  ) => Promise<MaskFile[]>;
}

/** One export on its way; a paused one is held, and goes on where it was. */
interface Going {
  readonly process: ExportProcess;
  readonly part: string;
  readonly destination: Destination;
  readonly meter: ExportMeter;
}

/** How films are exported: the document as it was when it was queued, painted in a process of its own, named when it is verified. */
export class ExportRunner implements JobRunner {
  private readonly parts: ExportRunnerParts;
  private readonly going = new Map<string, Going>();
  /** Files of finished exports, of this run of the studio. */
  private readonly finished = new Map<string, string>();

  constructor(parts: ExportRunnerParts) {
    this.parts = parts;
  }

  /** A new job; its document is written down first. */
  async newJob(task: ExportTask, request: ExportJob["request"]): Promise<ExportJob> {
    const job: ExportJob = { kind: "export", ...freshJob(), request, speed: null, result: null };
    await mkdir(this.work(job.id), { recursive: true });
    await replaceFile(this.taskFile(job.id), JSON.stringify(task));
    return job;
  }

  async run(snapshot: JobSnapshot, context: JobContext): Promise<ExportResult> {
    const job = snapshot as ExportJob;
    const { settings } = job.request;
    const going = this.going.get(job.id) ?? (await this.begin(job, context));
    this.going.set(job.id, going);
    const { process, part, destination, meter } = going;
    process.listener = this.listener(meter, context);
    process.resume();
    meter.goOn();
    const stopped = new Promise<never>((_, reject) => {
      const stop = (): void => reject(new StudioError("CANCELLED", "The work was cancelled."));
      if (context.signal.aborted) stop();
      else context.signal.addEventListener("abort", stop, { once: true });
    });
    stopped.catch(() => {}); // the race below may be over
    try {
      const outcome = await Promise.race([process.over, stopped]);
      await publishTarget(part, destination, settings);
      if (settings.poster !== null) await this.publishPoster(job.id, destination);
      this.going.delete(job.id);
      this.finished.set(job.id, destination.file);
      return { fileName: basename(destination.file), ...outcome, notes: [...outcome.notes] };
    } catch (cause) {
      const error = StudioError.from(cause);
      // Paused or cancelled: the queue says which, by forgetting the job or by running it again.
      if (error.code === "CANCELLED") process.pause();
      else await this.end(job.id);
      throw explained(error, destination);
    }
  }

  async again(snapshot: JobSnapshot): Promise<ExportJob> {
    const job = snapshot as ExportJob;
    return this.newJob(await this.task(job.id), job.request);
  }

  async forget(id: string): Promise<void> {
    await this.end(id);
    await rm(this.work(id), { recursive: true, force: true });
  }

  /** Ends everything that is going on or held. */
  async close(): Promise<void> {
    await Promise.all([...this.going.keys()].map((id) => this.end(id)));
  }

  /** The file of a finished export. Errors: NOT_FOUND. */
  fileOf(id: string): string {
    const file = this.finished.get(id);
    if (file === undefined)
      throw new StudioError("NOT_FOUND", "This file is not known any more: look for it in the folder for exports.");
    return file;
  }

  private async begin(job: ExportJob, context: JobContext): Promise<Going> {
    const { settings, fileName } = job.request;
    const task = await this.task(job.id);
    const tools = await this.parts.tools();
    const known = context.destination ?? task.destination;
    const destination = known ?? { file: await this.place(fileName, settings), overwrite: false };
    await checkTarget(destination, settings);
    const part = partOf(destination.file);
    const meter = new ExportMeter(task.settings);
    const poster = settings.poster === null ? null : join(this.work(job.id), "poster.png");
    const masks = await this.parts.masks(subjectWants(task.document), task.media, context.signal);
    const { identity } = this.parts;
    const places = { target: part, work: this.work(job.id), poster, identity, masks };
    const process = new ExportProcess({ tools, task, places }, this.listener(meter, context), this.parts.entry);
    return { process, part, destination, meter };
  }

  private place(fileName: string, settings: ExportSettings): Promise<string> {
    return freeTarget(this.parts.folder, fileName.replace(/\.[^.]+$/, ""), containerInfo[settings.container].extension);
  }

  private listener(meter: ExportMeter, context: JobContext): ExportProcess["listener"] {
    let step = 0;
    return {
      progress(phase, done, total) {
        const now = meter.report(phase, done, total);
        context.exporting(now, meter.speed);
      },
      picture: (width, height, rgba) =>
        context.preview({ step: (step += 1), width, height, frames: 1 }, new Uint8Array(rgba)),
    };
  }

  /** `film.mp4` gets `film poster.png` beside it; a poster of an earlier export of this name is replaced. */
  private async publishPoster(id: string, { file }: Destination): Promise<void> {
    const bytes = await readFile(join(this.work(id), "poster.png"));
    await replaceFile(join(dirname(file), `${basename(file, extname(file))} poster.png`), bytes);
  }

  /** Errors: NOT_FOUND when the document is not there any more. */
  private async task(id: string): Promise<ExportTask> {
    const text = await readFile(this.taskFile(id), "utf8").catch(() => null);
    const task = text === null ? null : exportTaskSchema.safeParse(JSON.parse(text));
    if (task?.success !== true)
      throw new StudioError("NOT_FOUND", "What was to be exported is not kept any more: export the project again.");
    return task.data;
  }

  private async end(id: string): Promise<void> {
    const going = this.going.get(id);
    if (going === undefined) return;
    this.going.delete(id);
    await going.process.kill();
    await removeTarget(going.part);
  }

  private work(id: string): string {
    return join(this.parts.workRoot, id);
  }

  private taskFile(id: string): string {
    return join(this.work(id), "export.json");
  }
}

/** ffmpeg cannot know that its folder went away. */
function explained(error: StudioError, { file }: Destination): StudioError {
  if (error.code === "FFMPEG_FAILED" && /No such file or directory/.test(error.detail ?? ""))
    return new StudioError("OUTPUT_UNWRITABLE", FOLDER_GONE, `${file}\n${error.detail}`);
  return error;
}
