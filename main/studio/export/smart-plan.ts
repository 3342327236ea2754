import {
  EncodedPacketSink,
  FilePathSource,
  Input,
  MATROSKA,
  MP4,
  QTFF,
  type EncodedPacket,
  type InputVideoTrack,
} from "mediabunny";
import type { ExportPlan } from "../../../core/export/index.ts";
import { type FramePlan, planFrame } from "../../../core/render-plan/index.ts";
import { flicksToFrame, frameToFlicks, sameRate } from "../../../core/time/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { isUntouched } from "./film-painter.ts";
import type { MediaFiles } from "./media-files.ts";

/** Frames of the film, from one on: encoded anew, or copied as they are. */
export interface Piece {
  readonly from: number;
  readonly count: number;
  readonly copy: Copy | null;
}

/** Packets of a media whose first is a key frame that decoding can begin with. */
export interface Copy {
  readonly media: string;
  /** Frame of the media that the first packet shows. */
  readonly first: number;
}

/** A stretch of the timeline that shows one media frame by frame, and nothing else. */
interface Run {
  readonly media: string;
  readonly from: number;
  readonly first: number;
  count: number;
}

/** Shorter copies save less than starting and stopping costs. */
const SHORTEST = 6;

/**
 * Which frames can be copied: those of untouched H.264 of the film's own size and rate, from key frame to key frame (smart rendering).
 * Null where nothing can.
 */
export async function planSmart(document: Timeline, plan: ExportPlan, files: MediaFiles): Promise<Piece[] | null> {
  const { video, settings, range } = plan;
  if (video === null || !settings.smart || video.codec !== "h264" || video.bitrate !== null) return null;
  if (settings.container !== "mp4" && settings.container !== "mov") return null;
  const runs = runsOf(document, video, range.start);
  const copies: Piece[] = [];
  const fits = new Map<string, Promise<boolean>>();
  for (const run of runs) {
    const known = fits.get(run.media) ?? isFitting(run.media, files, video);
    fits.set(run.media, known);
    if (!(await known)) continue;
    const copy = await between(run, files, video.rate);
    if (copy !== null) copies.push(copy);
  }
  if (copies.length === 0) return null;
  const pieces: Piece[] = [];
  let at = 0;
  for (const copy of copies) {
    if (copy.from > at) pieces.push({ from: at, count: copy.from - at, copy: null });
    pieces.push(copy);
    at = copy.from + copy.count;
  }
  if (at < video.frames) pieces.push({ from: at, count: video.frames - at, copy: null });
  return pieces;
}

function runsOf(document: Timeline, video: NonNullable<ExportPlan["video"]>, start: number): Run[] {
  const runs: Run[] = [];
  for (let n = 0; n < video.frames; n++) {
    const shown = wholePicture(planFrame(document, start + frameToFlicks(n, video.rate)), document, video);
    if (shown === null) continue;
    const last = runs.at(-1);
    const goesOn =
      last?.media === shown.media && last.from + last.count === n && last.first + last.count === shown.frame;
    if (goesOn) last.count += 1;
    else runs.push({ media: shown.media, from: n, first: shown.frame, count: 1 });
  }
  return runs.filter(({ count }) => count >= SHORTEST);
}

/** The one media, and its frame, that fills the picture as it is. */
function wholePicture(
  plan: FramePlan,
  document: Timeline,
  video: NonNullable<ExportPlan["video"]>,
): { media: string; frame: number } | null {
  const [layer] = plan.layers;
  if (plan.layers.length !== 1 || layer?.kind !== "picture" || !isUntouched(layer)) return null;
  const media = document.media[layer.media];
  if (media?.kind !== "video" || media.rate === null || !sameRate(media.rate, video.rate)) return null;
  if (media.size?.width !== video.width || media.size.height !== video.height || plan.width !== video.width)
    return null;
  return { media: media.id, frame: flicksToFrame(layer.sourceTime, media.rate) };
}

/** Whether a file's pictures could be those of the export: its codec, pixel format, colours, no turning. */
async function isFitting(
  media: string,
  files: MediaFiles,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<boolean> {
  if (files.get(media).input.length > 1) return false;
  const { codec, pixelFormat, matrix, isInterlaced, ...facts } = await files.factsOf(media);
  const same = codec === "h264" && pixelFormat === "yuv420p" && matrix === "bt709" && !isInterlaced;
  return same && facts.width === width && facts.height === height;
}

/** A media's H.264 packets. `use` is done before the file is closed. */
export async function withPackets<T>(
  path: string,
  use: (sink: EncodedPacketSink, track: InputVideoTrack) => Promise<T>,
): Promise<T | null> {
  const input = new Input({ source: new FilePathSource(path), formats: [MP4, QTFF, MATROSKA] });
  try {
    const track = await input.getPrimaryVideoTrack();
    return track === null ? null : await use(new EncodedPacketSink(track), track);
  } catch {
    return null; // mediabunny does not understand it: it is encoded anew
  } finally {
    input.dispose();
  }
}

/** The frame that a packet shows; null where its time is off the grid. */
export function frameOf(
  { timestamp }: EncodedPacket,
  { numerator, denominator }: { readonly numerator: number; readonly denominator: number },
): number | null {
  const exact = (timestamp * numerator) / denominator;
  const frame = Math.round(exact);
  return Math.abs(exact - frame) < 0.1 ? frame : null;
}

/** NAL unit type of a picture at which decoding begins anew (ITU-T H.264, table 7-1). */
const IDR = 5;

/** Bytes of a NAL unit's length, from the AVCDecoderConfigurationRecord. */
export const lengthSizeOf = (record: Uint8Array): number => (record[4]! & 3) + 1;

/** Whether a packet's picture begins the decoder anew: some encoders call pictures key frames that lean on earlier ones. */
export function hasIdr(data: Uint8Array, lengthSize: number): boolean {
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at + lengthSize < view.length; at += lengthSize + view.readUIntBE(at, lengthSize))
    if ((view[at + lengthSize]! & 31) === IDR) return true;
  return false;
}

/** The longest stretch of a run from one key frame to another (or to the media's end) of which every frame is there. */
async function between(
  run: Run,
  files: MediaFiles,
  rate: { readonly numerator: number; readonly denominator: number },
): Promise<Piece | null> {
  const { path } = files.get(run.media);
  const found = await withPackets(path, async (sink, track) => {
    const { description } = (await track.getDecoderConfig()) ?? {};
    if (description === undefined) return null;
    const lengthSize = lengthSizeOf(
      new Uint8Array(ArrayBuffer.isView(description) ? description.buffer.slice(description.byteOffset) : description),
    );
    const frameSeconds = rate.denominator / rate.numerator;
    const options = { verifyKeyPackets: true };
    let start = await sink.getKeyPacket(run.first * frameSeconds + frameSeconds / 4, options);
    while (start !== null && ((frameOf(start, rate) ?? -1) < run.first || !hasIdr(start.data, lengthSize)))
      start = await sink.getNextKeyPacket(start, options);
    const first = start === null ? null : frameOf(start, rate);
    if (start === null || first === null) return null;
    const end = run.first + run.count;
    // Frames of the groups of pictures that lie wholly in the run.
    let [whole, seen] = [0, 0];
    let outside = false;
    for await (const packet of sink.packets(start, undefined, { metadataOnly: true })) {
      const frame = frameOf(packet, rate);
      if (packet.type === "key" && packet.sequenceNumber !== start.sequenceNumber) {
        if (frame !== first + seen) break; // frames before it are missing, or come after it: not a closed group
        whole = seen;
      }
      if (frame === null || frame < first) break;
      if (frame >= end) {
        outside = true;
        if (packet.type === "key" || frame >= end + 64) break;
        continue;
      }
      seen += 1;
      if (seen > run.count) break;
    }
    // Nothing came after the run: it goes to the media's end, and so does the copy.
    if (!outside && first + seen === end) whole = seen;
    return whole >= SHORTEST ? { first, count: whole } : null;
  });
  if (found === null) return null;
  return {
    from: run.from + found.first - run.first,
    count: found.count,
    copy: { media: run.media, first: found.first },
  };
}
