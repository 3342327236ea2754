import { type ExportPlan } from "../../../core/export/index.ts";
import { type MediaTools, pixelFormatOf } from "../../media/index.ts";
import { FilmFrames } from "./film-frames.ts";
import { type FilmFormat, FilmPainter } from "./film-painter.ts";
import { FramePool } from "./frame-pool.ts";
import type { MaskFiles } from "./mask-files.ts";
import type { MediaFiles } from "./media-files.ts";
import type { ExportListener, ExportPlaces, ExportTask } from "./task.ts";
import { blocksOf } from "./verify.ts";

/** Between two pictures for people to look at, milliseconds. */
const LOOK_EVERY = 500;
const LOOK_WIDTH = 240;

/** One export on its way. */
export interface Work {
  readonly tools: MediaTools;
  readonly task: ExportTask;
  readonly plan: ExportPlan;
  readonly files: MediaFiles;
  readonly masks: MaskFiles;
  readonly places: ExportPlaces;
  readonly listener: ExportListener;
}

/** The first and the last frame as they are painted, for `verifyPictures`; null where there are no pictures. */
export type Painted = { readonly first: Float32Array; readonly last: Float32Array } | null;

/** Whether the codec takes what ffmpeg can compose by itself; else all frames are painted. */
export const isComposed = ({ video }: ExportPlan): boolean =>
  video !== null && pixelFormatOf(video) === "yuv420p" && video.width % 2 === 0 && video.height % 2 === 0;

export const formatOf = ({ video, range }: ExportPlan): FilmFormat => ({ ...video!, start: range.start });

/** Pixels of the pictures to look at. */
export const lookSize = ({ video }: ExportPlan): [width: number, height: number] => [
  LOOK_WIDTH,
  Math.max(1, Math.round((LOOK_WIDTH * video!.height) / video!.width)),
];

/** What is seen of the frames on their way: their number, and one now and then. */
export function lookout({
  plan,
  listener,
}: Work): (n: number, preview: (width: number, height: number) => Look) => void {
  const { frames } = plan.video!;
  const [wide, high] = lookSize(plan);
  let lookedAt = 0;
  return (n, preview) => {
    listener.progress("render", n + 1, frames);
    const now = performance.now();
    if (now - lookedAt < LOOK_EVERY && n < frames - 1) return;
    lookedAt = now;
    const picture = preview(wide, high);
    if (picture !== null) listener.picture(wide, high, picture);
  };
}
type Look = Uint8ClampedArray | null;

/** Makes the film's frames in their order. @param take is done when the bytes may be overwritten */
export async function paint(work: Work, take: (bytes: Uint8Array) => Promise<void>): Promise<Painted> {
  const { tools, task, plan, files, masks, places, listener } = work;
  const { width, height, frames } = plan.video!;
  const format = formatOf(plan);
  const looked = lookout(work);
  if (isComposed(plan)) {
    const film = new FilmFrames({ tools, document: task.document, files, masks, work: places.work, format });
    const ends = endsOf(work);
    try {
      // Whichever fails first: the film's frames stop at the encoder, which the caller ends.
      await Promise.all([ends, hand(film, { from: 0, count: frames }, work, take, looked)]);
      return await ends;
    } finally {
      await film.close();
      await ends.catch(() => {});
    }
  }
  const pool = new FramePool(tools, task.document, files);
  const painter = new FilmPainter(task.document, format, pool, masks);
  let [first, last]: (Float32Array | null)[] = [null, null];
  let writing: Promise<void> = Promise.resolve();
  try {
    for (let n = 0; n < frames; n++) {
      await listener.go();
      const pixels = await painter.frame(n);
      // The frame before is written while this one is painted.
      await writing;
      writing = take(pixels);
      writing.catch(() => {}); // told by the next await
      if (n === 0) first = blocksOf(pixels, width, height);
      if (n === frames - 1) last = blocksOf(pixels, width, height);
      looked(n, (...size) => painter.preview(...size));
    }
    await writing;
  } finally {
    await pool.close();
  }
  return { first: first!, last: last! };
}

/** The first and the last frame as they are painted: what the film that is composed or copied meanwhile has to look like. */
export async function endsOf(
  { tools, task, plan, files, masks, places }: Work,
  seen: (film: FilmFrames) => void = () => {},
): Promise<NonNullable<Painted>> {
  const { width, height, frames } = plan.video!;
  const parts = { tools, document: task.document, files, masks, work: places.work, format: formatOf(plan) };
  const film = new FilmFrames(parts);
  try {
    const first = blocksOf(await film.painted(0), width, height);
    seen(film);
    const last = blocksOf(await film.painted(frames - 1), width, height);
    return { first, last };
  } finally {
    await film.close();
  }
}

/** Hands on a stretch of frames: one is written while the next is made. */
export async function hand(
  film: FilmFrames,
  { from, count }: { readonly from: number; readonly count: number },
  { listener }: Work,
  take: (bytes: Uint8Array) => Promise<void>,
  looked: ReturnType<typeof lookout>,
): Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  let n = from;
  for await (const frame of film.read(from, count)) {
    await writing;
    writing = take(frame);
    writing.catch(() => {}); // told by the next await
    looked(n++, (...size) => film.preview(...size));
    await listener.go();
  }
  await writing;
}
