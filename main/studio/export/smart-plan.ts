import type { EncodedPacket } from "mediabunny";
import type { ExportPlan } from "../../../core/export/index.ts";
import { type FramePlan, planFrame } from "../../../core/render-plan/index.ts";
import { flicksToFrame, frameToFlicks, type Rate, sameRate } from "../../../core/time/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { isUntouched } from "./film-painter.ts";
import { hasIdr } from "./h264.ts";
import type { MediaFiles } from "./media-files.ts";
import { frameOf, type PacketFile, type PacketFiles } from "./packet-files.ts";

/** Frames of the film, from one on: encoded anew, or copied as they are. */
export interface Piece {
  readonly from: number;
  readonly count: number;
  readonly copy: Copy | null;
  /** What is encoded anew, where that is nothing but pieces of films; null: it is composed or painted. */
  readonly cuts: readonly Cut[] | null;
}

/** Packets of a media whose first is a key frame that decoding can begin with. */
export interface Copy {
  readonly media: string;
  /** Frame of the media that the first packet shows. */
  readonly first: number;
}

/** Frames of a media as they are, one after the other. */
export interface Cut {
  readonly media: string;
  readonly first: number;
  readonly count: number;
  /** The key frame that decoding begins with. */
  readonly key: number;
}

/** A stretch of the timeline that shows one media frame by frame, and nothing else. */
interface Run {
  readonly media: string;
  readonly from: number;
  readonly first: number;
  count: number;
}

type Video = NonNullable<ExportPlan["video"]>;

/** Shorter copies save less than encoding them costs. */
const SHORTEST = 6;
/** Frames of a cut with those before it that it leans on, at most: `encodeCuts` has room for so many. */
const LONGEST = 400;
/** A cut has this many frames at least, on average; where each frame is a cut, the media is played at another speed. */
const CUT_FRAMES = 3;

/**
 * Which frames can be copied: those of untouched H.264 of the film's own size and rate, from key frame to key frame (smart rendering).
 * Null where nothing can.
 */
export async function planSmart(
  document: Timeline,
  plan: ExportPlan,
  files: MediaFiles,
  packets: PacketFiles,
): Promise<Piece[] | null> {
  const { video, settings, range } = plan;
  if (video === null || !settings.smart || video.codec !== "h264" || video.bitrate !== null) return null;
  if (settings.container !== "mp4" && settings.container !== "mov") return null;
  const all = runsOf(document, video, range.start);
  const media = [...new Set(all.map((run) => run.media))];
  const fitting = await Promise.all(media.map((id) => isFitting(id, files, video)));
  const runs = all.filter((run) => fitting[media.indexOf(run.media)]);
  const look = <T>(run: Run, at: (file: PacketFile) => Promise<T>) => packets.use(files.get(run.media).path, at);
  const pieces: Piece[] = [];
  let at = 0;
  const encode = async (to: number): Promise<void> => {
    if (to <= at) return;
    pieces.push({ from: at, count: to - at, copy: null, cuts: await cutsOf(runs, at, to, video.rate, look) });
  };
  for (const run of runs) {
    const copy = run.count < SHORTEST ? null : await look(run, (file) => between(run, file, video.rate));
    if (copy == null) continue;
    await encode(copy.from);
    pieces.push(copy);
    at = copy.from + copy.count;
  }
  if (pieces.length === 0) return null;
  await encode(video.frames);
  return pieces;
}

/** The pieces of films that are all there is between two frames of the film; null where there is anything else. */
async function cutsOf(
  runs: readonly Run[],
  from: number,
  to: number,
  rate: Rate,
  look: <T>(run: Run, at: (file: PacketFile) => Promise<T>) => Promise<T | null>,
): Promise<Cut[] | null> {
  const within = runs.filter((run) => run.from < to && run.from + run.count > from);
  if (within.length > Math.max(2, (to - from) / CUT_FRAMES)) return null;
  const cuts: Cut[] = [];
  let at = from;
  for (const run of within) {
    if (run.from > at) return null;
    const first = run.first + at - run.from;
    const end = Math.min(to, run.from + run.count);
    const key = await look(run, (file) => keyBefore(first, file, rate));
    if (key === null || first + end - at - key > LONGEST) return null;
    cuts.push({ media: run.media, first, count: end - at, key });
    at = end;
  }
  return at === to ? cuts : null;
}

/** The last key frame up to a frame with which decoding can begin. */
async function keyBefore(frame: number, { sink, sets }: PacketFile, rate: Rate): Promise<number | null> {
  const seconds = rate.denominator / rate.numerator;
  let packet = await sink.getKeyPacket((frame + 0.25) * seconds);
  while (packet !== null && !hasIdr(packet.data, sets)) {
    if (packet.timestamp < (frame - LONGEST) * seconds) return null;
    packet = await sink.getKeyPacket(packet.timestamp - seconds / 4);
  }
  return packet === null ? null : frameOf(packet, rate);
}

function runsOf(document: Timeline, video: Video, start: number): Run[] {
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
  return runs;
}

/** The one media, and its frame, that fills the picture as it is. */
function wholePicture(plan: FramePlan, document: Timeline, video: Video): { media: string; frame: number } | null {
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
  const { codec, pixelFormat, matrix, isInterlaced, start, ...facts } = await files.factsOf(media);
  // Packets tell the container's time, which is the media's where that begins at 0.
  if (start !== 0) return false;
  const same = codec === "h264" && pixelFormat === "yuv420p" && matrix === "bt709" && !isInterlaced;
  return same && facts.width === width && facts.height === height;
}

/** The longest stretch of a run from one key frame to another (or to the media's end) of which every frame is there. */
async function between(run: Run, { sink, sets }: PacketFile, rate: Rate): Promise<Piece | null> {
  const frameSeconds = rate.denominator / rate.numerator;
  const options = { verifyKeyPackets: true };
  const end = run.first + run.count;
  const isStart = (packet: EncodedPacket): boolean =>
    (frameOf(packet, rate) ?? -1) >= run.first && hasIdr(packet.data, sets);
  let start = await sink.getKeyPacket(run.first * frameSeconds + frameSeconds / 4, options);
  while (start !== null && start.timestamp < end * frameSeconds && !isStart(start))
    start = await sink.getNextKeyPacket(start, options);
  const first = start === null || !isStart(start) ? null : frameOf(start, rate);
  if (start === null || first === null) return null;
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
  if (whole < SHORTEST) return null;
  return { from: run.from + first - run.first, count: whole, copy: { media: run.media, first }, cuts: null };
}
