import { createHash } from "node:crypto";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import {
  type Clip,
  type GenerationRecord,
  type Progress,
  type ResolvedRequest,
  StudioError,
} from "../../core/contract/index.ts";
import { type EngineHost, engineThreads } from "../inference/index.ts";
import { assertWritable, type MediaTools, openVideoWriter, type VideoWriter } from "../media/index.ts";
import { checkDestination, type Library } from "./library.ts";
import type { InstalledModel, ModelService } from "./models.ts";
import { ProgressMeter } from "./progress.ts";
import type { Destination } from "./studio.ts";

export interface ProduceParts {
  readonly appVersion: string;
  readonly engine: EngineHost;
  readonly models: ModelService;
  readonly library: Library;
  readonly tools: () => Promise<MediaTools>;
}

export interface ProduceListener {
  progress(progress: Progress): void;
  preview(preview: { step: number; width: number; height: number; frames: number }, rgba: Uint8Array): void;
}

/**
 * Makes one clip: everything that can be refused is refused before the model runs, frames go from the engine straight to ffmpeg, and
 * the pair of video and record appears complete or not at all. Errors: every code but NOT_FOUND.
 */
export async function produceClip(
  request: ResolvedRequest,
  destination: Destination | null,
  parts: ProduceParts,
  listener: ProduceListener,
  signal: AbortSignal,
): Promise<Clip> {
  const meter = new ProgressMeter();
  listener.progress(meter.current);
  const folder = destination === null ? parts.library.folder : dirname(destination.file);
  const tools = await parts.tools();
  if (destination === null) await parts.library.prepare();
  else await checkDestination(destination);
  await assertWritable(folder);
  await assertSpace(folder, request);
  const model = await parts.models.find(
    request.model,
    (_, fraction) => listener.progress(meter.installing(fraction)),
    signal,
  );

  const { width, height, fps } = request;
  const writer = await openVideoWriter({ tools, folder, width, height, fps, signal });
  try {
    const work = { request, model, parts, listener, meter, writer, signal };
    const record = await generateFrames(work);
    signal.throwIfAborted();
    const video = await writer.finish();
    try {
      return destination === null
        ? await parts.library.add(video, record)
        : await parts.library.addTo(video, record, destination);
    } finally {
      await video.discard();
    }
  } catch (error) {
    await writer.abort();
    if (signal.aborted) throw new StudioError("CANCELLED", "The work was cancelled.");
    throw error;
  }
}

interface Work {
  readonly request: ResolvedRequest;
  readonly model: InstalledModel;
  readonly parts: ProduceParts;
  readonly listener: ProduceListener;
  readonly meter: ProgressMeter;
  readonly writer: VideoWriter;
  readonly signal: AbortSignal;
}

async function generateFrames(work: Work): Promise<GenerationRecord> {
  const { request, model, parts, listener, meter, writer } = work;
  const hash = createHash("sha256");
  let received = 0;
  const outcome = await parts.engine.generate(
    { pack: model.folder, threads: engineThreads(), precision: request.precision, request },
    {
      progress({ phase, done, total, fraction }) {
        if (phase !== "install" && phase !== "prepare" && phase !== "verify")
          listener.progress(meter.report(phase, done, total, fraction));
      },
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
  return {
    schema: "plume.generation/1",
    request,
    model: {
      id: model.summary.id,
      name: model.summary.name,
      family: model.summary.family,
      weightsSha256: model.weightsSha256,
      sourceSha256: model.sourceSha256,
    },
    runtime: {
      app: `Plume Studio ${parts.appVersion}`,
      onnxruntime: outcome.onnxruntime,
      executionProvider: outcome.executionProvider,
      threads: outcome.threads,
    },
    framesSha256,
    seconds: outcome.seconds,
    createdAt: new Date().toISOString(),
  };
}

/**
 * Refuses early when the disk is as good as full. H.264 at our quality needs less than an eighth of the 4:2:0 frames' size for
 * everything but noise; a disk that fills up later is noticed too, only later. Errors: DISK_FULL.
 */
async function assertSpace(folder: string, { width, height, frames }: ResolvedRequest): Promise<void> {
  const need = 65_536 + (width * height * frames * 1.5) / 8;
  const disk = await statfs(folder).catch(() => null);
  if (disk !== null && disk.bavail * disk.bsize < need)
    throw new StudioError(
      "DISK_FULL",
      "The disk is full: free some space and try again.",
      `${disk.bavail * disk.bsize} bytes left`,
    );
}
