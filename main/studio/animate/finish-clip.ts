import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import {
  type AnimateJob,
  type AnimationRecord,
  type Clip,
  SEGMENT_KEYFRAMES,
  StudioError,
} from "../../../core/contract/index.ts";
import { joinSegments } from "../../../core/motion/index.ts";
import { engineThreads } from "../../inference/index.ts";
import { type MediaTools, openVideoWriter } from "../../media/index.ts";
import { outputFolder, type ProduceParts, provenance, publishClip } from "../produce.ts";
import type { MadeClip } from "../planner/planner.ts";
import type { StageWork } from "./stages.ts";

/**
 * Joins the segments' frames and the sound into the finished clip: frames go one by one from the work folder through the blend of
 * overlapping segments to ffmpeg. Errors: DISK_FULL, OUTPUT_UNWRITABLE, FFMPEG_FAILED, CANCELLED.
 */
export async function finishClip(
  job: AnimateJob,
  work: StageWork,
  parts: Pick<ProduceParts, "library" | "appVersion" | "onMade"> & { readonly tools: MediaTools },
): Promise<Clip> {
  const { context, folder, meter } = work;
  const { signal, destination } = context;
  const { width, height, frames, fps } = job.request;
  context.progress(meter.encoding());
  const started = performance.now();
  const target = outputFolder(destination, parts.library);
  const writer = await openVideoWriter({
    tools: parts.tools,
    folder: target,
    width,
    height,
    fps,
    sound: folder.wav,
    signal,
  });
  try {
    const hash = createHash("sha256");
    for await (const rgb of joinedFrames(job, work)) {
      hash.update(rgb);
      await writer.write(rgb);
    }
    signal.throwIfAborted();
    const video = await writer.finish();
    work.ledger.seconds["encode"] = (performance.now() - started) / 1000;
    const record = await recordOf(job, work, parts.appVersion, hash.digest("hex"));
    if (video.frames !== frames)
      throw new StudioError("INTERNAL", "The clip has the wrong length: try it again.", `${video.frames} frames`);
    if (!work.ledger.resumed && job.rolled === 0) parts.onMade(madeClip(job, work));
    return await publishClip(video, record, destination, parts.library);
  } catch (error) {
    await writer.abort();
    if (signal.aborted) throw new StudioError("CANCELLED", "The work was cancelled.");
    throw error;
  }
}

/** What the planner learns of it: keyframes that were drawn more than once would teach it wrong. */
function madeClip({ request }: AnimateJob, { engine, model, ledger }: StageWork): MadeClip {
  const { width, height, steps, preset, guidance, frames, segments } = request;
  const wish = { kind: "animate", width, height, steps, preset, guidance, segments: segments.length } as const;
  const threads = ledger.outcome?.threads ?? engineThreads();
  const device = ledger.outcome?.executionProvider ?? "cpu";
  return { model, wish, frames, threads, device, seconds: ledger.seconds, peakBytes: engine.peakBytes };
}

/** The clip's frames in order; where two segments overlap, one goes over into the other. The buffer is valid until the next. */
async function* joinedFrames(job: AnimateJob, { folder }: StageWork): AsyncGenerator<Uint8Array> {
  const { segments, width, height, frames } = job.request;
  const bytes = width * height * 3;
  const files = await Promise.all(segments.map((_, n) => open(folder.motionFile(n), "r")));
  const read = async (segment: number, frame: number): Promise<Uint8Array> => {
    const rgb = new Uint8Array(bytes);
    const { bytesRead } = await files[segment]!.read(rgb, 0, bytes, frame * bytes);
    if (bytesRead < bytes) throw new StudioError("INTERNAL", "A finished segment is torn: start the clip again.");
    return rgb;
  };
  try {
    for (let frame = 0; frame < frames; frame += 1) {
      const starts = segments.map(({ start }) => start);
      const parts = joinSegments(starts, frame);
      const pictures = await Promise.all(parts.map(({ segment }) => read(segment, frame - starts[segment]!)));
      const [first, second] = pictures;
      if (second === undefined) {
        yield first!;
        continue;
      }
      const share = parts[1]!.share;
      for (let i = 0; i < bytes; i += 1) first![i] = Math.round(first![i]! + (second[i]! - first![i]!) * share);
      yield first!;
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

async function recordOf(
  job: AnimateJob,
  { model, inputs, folder, ledger: { seconds, outcome } }: StageWork,
  appVersion: string,
  framesSha256: string,
): Promise<AnimationRecord> {
  const { request } = job;
  const { width, height } = request;
  const hash = createHash("sha256");
  for (const n of request.segments.keys())
    for (let place = 0; place < SEGMENT_KEYFRAMES; place += 1)
      hash.update(await folder.read(folder.keyframesFile(n), place, width * height * 3));
  const { picture, sound } = inputs;
  if (outcome === null) throw new StudioError("INTERNAL", "The clip was joined without having been made.");
  return {
    schema: "plume.animation/1",
    request,
    curve: job.curve,
    inputs: {
      picture,
      sound: {
        name: sound.name,
        version: sound.version,
        sampleRate: sound.sampleRate,
        channels: sound.channels,
      },
    },
    ...provenance(model, outcome, appVersion),
    framesSha256,
    keyframesSha256: hash.digest("hex"),
    seconds,
    createdAt: new Date().toISOString(),
  };
}
