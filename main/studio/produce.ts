import { createHash } from "node:crypto";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import {
  type Clip,
  type ClipRecord,
  type GenerationRecord,
  type Progress,
  type ResolvedRequest,
  StudioError,
} from "../../core/contract/index.ts";
import { type EngineHost, engineThreads, type GenerateOutcome } from "../inference/index.ts";
import {
  assertWritable,
  type FinishedVideo,
  type MediaTools,
  openVideoWriter,
  type VideoWriter,
} from "../media/index.ts";
import { checkDestination, type Library } from "./library.ts";
import type { InstalledModel, ModelService } from "./models/model-service.ts";
import type { SavedState } from "./jobs/saved-state.ts";
import type { Placement } from "./planner/placement.ts";
import type { MadeClip } from "./planner/planner.ts";
import { ProgressMeter } from "./progress.ts";
import type { Destination } from "./studio.ts";

export interface ProduceParts {
  readonly appVersion: string;
  readonly engine: EngineHost;
  readonly models: ModelService;
  readonly library: Library;
  readonly tools: () => Promise<MediaTools>;
  readonly placement: Pick<Placement, "choose">;
  /** Hears where a clip's time went, of clips that were made in one go. */
  readonly onMade: (made: MadeClip) => void;
}

export interface ProduceListener {
  /** The device that it was given to failed: now the processor makes it. */
  readonly onProcessor?: boolean;
  progress(progress: Progress): void;
  preview(preview: { step: number; width: number; height: number; frames: number }, rgba: Uint8Array): void;
}

/**
 * Makes one clip: everything that can be refused is refused before the model runs, frames go from the engine straight to ffmpeg, and
 * the pair of video and record appears complete or not at all. Goes on from the state that an interrupted run of the same request
 * saved. Errors: every code but NOT_FOUND.
 */
export async function produceClip(
  request: ResolvedRequest,
  destination: Destination | null,
  parts: ProduceParts,
  listener: ProduceListener,
  saved: SavedState,
  signal: AbortSignal,
): Promise<Clip> {
  const meter = new ProgressMeter();
  listener.progress(meter.current);
  const tools = await prepareDestination(destination, request, parts);
  const folder = outputFolder(destination, parts.library);
  const model = await parts.models.find(
    request.model,
    (_, fraction) => listener.progress(meter.installing(fraction)),
    signal,
  );

  const { width, height, fps } = request;
  const writer = await openVideoWriter({ tools, folder, width, height, fps, signal });
  try {
    const work = { request, model, parts, listener, meter, writer, saved, signal };
    const record = await generateFrames(work);
    signal.throwIfAborted();
    return await publishClip(await writer.finish(), record, destination, parts.library);
  } catch (error) {
    await writer.abort();
    if (signal.aborted) throw new StudioError("CANCELLED", "The work was cancelled.");
    throw error;
  }
}

/** The folder that a clip will lie in. */
export function outputFolder(destination: Destination | null, library: Library): string {
  return destination === null ? library.folder : dirname(destination.file);
}

/**
 * Refuses before any work is done what could not be written in the end, and finds ffmpeg.
 * Errors: FFMPEG_MISSING, OUTPUT_UNWRITABLE, DISK_FULL, BAD_REQUEST.
 */
export async function prepareDestination(
  destination: Destination | null,
  frames: { readonly width: number; readonly height: number; readonly frames: number },
  parts: Pick<ProduceParts, "tools" | "library">,
): Promise<MediaTools> {
  const tools = await parts.tools();
  if (destination === null) await parts.library.prepare();
  else await checkDestination(destination);
  const folder = outputFolder(destination, parts.library);
  await assertWritable(folder);
  await assertSpace(folder, frames);
  return tools;
}

/** Publishes a finished video with its record, in the library or where the caller wants it. */
export async function publishClip(
  video: FinishedVideo,
  record: ClipRecord,
  destination: Destination | null,
  library: Library,
): Promise<Clip> {
  try {
    return destination === null ? await library.add(video, record) : await library.addTo(video, record, destination);
  } finally {
    await video.discard();
  }
}

/** What a record says of the model and the programs. */
export function provenance(
  model: InstalledModel,
  outcome: Pick<GenerateOutcome, "onnxruntime" | "executionProvider" | "threads">,
  appVersion: string,
) {
  return {
    model: {
      id: model.summary.id,
      name: model.summary.name,
      family: model.summary.family,
      weightsSha256: model.weightsSha256,
      sourceSha256: model.sourceSha256,
    },
    runtime: {
      app: `Plume Studio ${appVersion}`,
      onnxruntime: outcome.onnxruntime,
      executionProvider: outcome.executionProvider,
      threads: outcome.threads,
    },
  };
}

interface Work {
  readonly request: ResolvedRequest;
  readonly model: InstalledModel;
  readonly parts: ProduceParts;
  readonly listener: ProduceListener;
  readonly meter: ProgressMeter;
  readonly writer: VideoWriter;
  readonly saved: SavedState;
  readonly signal: AbortSignal;
}

async function generateFrames(work: Work): Promise<GenerationRecord> {
  const { request, model, parts, listener, meter, writer, saved } = work;
  const hash = createHash("sha256");
  let received = 0;
  const { precision } = request;
  const device = listener.onProcessor ? "cpu" : await parts.placement.choose(model, precision, work.signal);
  const outcome = await parts.engine.generate(
    { pack: model.folder, threads: engineThreads(), precision, device, request, resume: await saved.file() },
    {
      progress({ phase, done, total, fraction }) {
        if (phase !== "install" && phase !== "prepare" && phase !== "verify")
          listener.progress(meter.report(phase, done, total, fraction));
      },
      saved: (_, state) => saved.put(state),
      preview({ step, width, height, frames }, rgba) {
        if (rgba.length === width * height * frames * 4) listener.preview({ step, width, height, frames }, rgba);
      },
      async frame(index, rgb) {
        if (index !== received)
          throw new StudioError("INTERNAL", "The engine sent its frames out of order.", String(index));
        received += 1;
        hash.update(rgb);
        await writer.write(rgb);
      },
    },
    work.signal,
  );
  listener.progress(meter.encoding());
  const framesSha256 = hash.digest("hex");
  if (received !== request.frames || framesSha256 !== outcome.framesSha256)
    throw new StudioError(
      "INTERNAL",
      "The frames that arrived are not those that the engine made: try the clip again.",
      `${received} of ${request.frames} frames; ${framesSha256} against ${outcome.framesSha256}`,
    );
  if (outcome.resumed === 0) {
    const { threads, seconds } = outcome;
    const wish = { kind: "generate", ...request } as const;
    parts.onMade({ model, wish, frames: request.frames, threads, device, seconds, peakBytes: parts.engine.peakBytes });
  }
  return {
    schema: "plume.generation/1",
    request,
    ...provenance(model, outcome, parts.appVersion),
    framesSha256,
    seconds: outcome.seconds,
    createdAt: new Date().toISOString(),
  };
}

/**
 * Refuses early when the disk is as good as full. H.264 at our quality needs less than an eighth of the 4:2:0 frames' size for
 * everything but noise; a disk that fills up later is noticed too, only later. Errors: DISK_FULL.
 */
async function assertSpace(
  folder: string,
  { width, height, frames }: { readonly width: number; readonly height: number; readonly frames: number },
): Promise<void> {
  const need = 65_536 + (width * height * frames * 1.5) / 8;
  const disk = await statfs(folder).catch(() => null);
  // A disk without blocks is none; whether it can be written to was tried.
  if (disk !== null && disk.blocks > 0 && disk.bavail * disk.bsize < need)
    throw new StudioError(
      "DISK_FULL",
      "The disk is full: free some space and try again.",
      `${disk.bavail * disk.bsize} bytes left`,
    );
}
