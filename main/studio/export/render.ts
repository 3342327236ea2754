import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import { type ExportPlan, isSequence, planExport } from "../../../core/export/index.ts";
import { Mixer } from "../../../core/mix/index.ts";
import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import {
  chooseEncoder,
  type Encoder,
  exportArgs,
  Feed,
  gifArgs,
  joinArgs,
  keepArgs,
  type Loudness,
  measureArgs,
  type MediaTools,
  paletteArgs,
  pixelFormatOf,
  runMedia,
} from "../../media/index.ts";
import { embedRecords } from "./embed.ts";
import { FilmFrames } from "./film-frames.ts";
import { FilmPainter } from "./film-painter.ts";
import { FramePool } from "./frame-pool.ts";
import { MaskFiles } from "./mask-files.ts";
import { MediaFiles } from "./media-files.ts";
import { joinPieces } from "./smart-write.ts";
import { type Piece, planSmart } from "./smart-plan.ts";
import { SoundSource } from "./sound-source.ts";
import { formatOf, hand, isComposed, lookout, paint, type Painted, type Work } from "./pictures.ts";
import { assertFolder } from "./target.ts";
import type { ExportListener, ExportOutcome, ExportPlaces, ExportTask } from "./task.ts";
import { blocksOf, verifyPictures, verifyStreams } from "./verify.ts";

/** Samples that are mixed at a time: a third of a second. */
const STRETCH = 16_384;
/** Milliseconds. */
const WATCH_EVERY = 1000;
/**
 * Exports a timeline to `places.target`, which is whole and verified when this resolves; on any error what was begun is the caller's to
 * remove. Memory does not grow with the film's length. Errors: BAD_REQUEST (nothing to export), MEDIA_MISSING, MEDIA_UNREADABLE,
 * FFMPEG_FAILED, DISK_FULL, OUTPUT_UNWRITABLE.
 */
export async function renderExport(
  tools: MediaTools,
  task: ExportTask,
  places: ExportPlaces,
  listener: ExportListener,
): Promise<ExportOutcome> {
  const plan = planExport(task.document, task.settings);
  if (plan === null)
    throw new StudioError(
      "BAD_REQUEST",
      "There is nothing to export in this range: add a clip, or choose another range.",
    );
  const files = new MediaFiles(tools, task.media);
  const masks = await MaskFiles.read(places.masks);
  const work: Work = { tools, task, plan, files, masks, places, listener: watchful(listener, files, places) };
  const encoder = await encoderFor(tools, plan);
  const notes = encoder === null ? [] : [encoder.reason];
  const loudness = plan.audio === null || plan.audio.loudness === null ? null : await measure(work);
  if (plan.audio?.loudness != null && loudness === null)
    notes.push("The sound is silent, so its loudness was left as it is.");
  const smart = await writeSmart(work, loudness, notes);
  const painted = smart ?? (await write(work, encoder, loudness));
  notes.push(...(await embedRecords(task, plan, places)));
  if (places.poster !== null) await writePoster(work, places.poster);
  await files.assertUnchanged();
  listener.progress("check", 0, 1);
  await check(work, painted);
  listener.progress("check", 1, 1);
  return {
    bytes: await bytesOf(places.target),
    width: plan.video?.width ?? null,
    height: plan.video?.height ?? null,
    frames: plan.video?.frames ?? null,
    seconds: plan.range.duration / FLICKS_PER_SECOND,
    notes,
  };
}

/**
 * Looks now and then, between frames, whether the media and the folder are still there: what is exported without them is thrown away at
 * its end, which may be hours off.
 */
function watchful(listener: ExportListener, files: MediaFiles, { target }: ExportPlaces): ExportListener {
  let watchedAt = performance.now();
  return {
    progress: (...args) => listener.progress(...args),
    picture: (...args) => listener.picture(...args),
    async go() {
      await listener.go();
      const now = performance.now();
      if (now - watchedAt < WATCH_EVERY) return;
      watchedAt = now;
      await files.assertUnchanged();
      await assertFolder(dirname(target));
    },
  };
}

/** Paints one moment as a PNG file. */
async function writePoster({ tools, task, plan, files, masks }: Work, file: string): Promise<void> {
  const { document, settings } = task;
  const { width, height } = plan.video ?? document.settings;
  const pool = new FramePool(tools, document, files);
  const format = { width, height, rate: document.settings.rate, start: settings.poster!, alpha: false };
  try {
    const painter = new FilmPainter(document, format, pool, masks);
    await writeFile(file, await painter.png());
  } finally {
    await pool.close();
  }
}

/** Errors: FFMPEG_FAILED when this ffmpeg cannot encode what was asked for. */
async function encoderFor(tools: MediaTools, { video }: ExportPlan): Promise<Encoder | null> {
  if (video === null) return null;
  const encoder = await chooseEncoder(tools, video, pixelFormatOf(video));
  if (encoder === null)
    throw new StudioError(
      "FFMPEG_FAILED",
      `This computer's ffmpeg cannot encode ${video.codec}: choose another format, or install a full build of ffmpeg.`,
    );
  return encoder;
}

/** The first of two passes over the sound; null where all is silence. */
async function measure(work: Work): Promise<Loudness | null> {
  const audio = work.plan.audio!;
  const feed = new Feed(work.tools.ffmpeg, measureArgs(audio));
  try {
    await mixInto(
      work,
      (bytes) => feed.write(feed.picture, bytes),
      (done) => work.listener.progress("measure", done, audio.samples),
    );
    await feed.finish();
  } catch (error) {
    await feed.kill();
    throw error;
  }
  const json = /\{[^{}]*"input_i"[^{}]*\}/.exec(feed.words)?.[0];
  if (json === undefined)
    throw new StudioError(
      "FFMPEG_FAILED",
      "The loudness could not be measured: export without a loudness target.",
      feed.words,
    );
  const found = JSON.parse(json) as Record<string, string>;
  const integrated = Number(found["input_i"]);
  if (!Number.isFinite(integrated)) return null;
  return {
    integrated,
    truePeak: Number(found["input_tp"]),
    range: Number(found["input_lra"]),
    threshold: Number(found["input_thresh"]),
    offset: Number(found["target_offset"]),
  };
}

/** Mixes all of the film's sound, stretch by stretch. */
async function mixInto(
  { tools, task, plan, files, listener }: Work,
  take: (bytes: Uint8Array) => Promise<void>,
  told: (done: number) => void = () => {},
): Promise<void> {
  const { samples, mixRate } = plan.audio!;
  const source = new SoundSource(tools, files);
  const mixer = new Mixer(task.document, mixRate, source);
  try {
    for (let at = 0; at < samples; at += STRETCH) {
      await listener.go();
      const count = Math.min(STRETCH, samples - at);
      const [left, right] = await mixer.mix(plan.range.start + Math.round((at * FLICKS_PER_SECOND) / mixRate), count);
      const both = new Float32Array(2 * count);
      for (let i = 0; i < count; i++) {
        both[2 * i] = left[i]!;
        both[2 * i + 1] = right[i]!;
      }
      await take(new Uint8Array(both.buffer));
      await source.next();
      told(at + count);
    }
  } finally {
    await source.close();
  }
}

async function write(work: Work, encoder: Encoder | null, loudness: Loudness | null): Promise<Painted> {
  const { plan, places, tools } = work;
  if (plan.settings.container === "gif") return writeGif(work);
  const target = isSequence(plan.settings)
    ? join(places.target, `%06d.${plan.settings.container === "png" ? "png" : "jpg"}`)
    : places.target;
  if (isSequence(plan.settings)) await mkdir(places.target);
  const feed = new Feed(
    tools.ffmpeg,
    exportArgs(plan, encoder, loudness, target, isComposed(plan) ? "yuv420p" : "rgba"),
  );
  return fed(feed, work);
}

/** Feeds pictures and sound side by side: ffmpeg takes of each what it needs next. */
async function fed(feed: Feed, work: Work): Promise<Painted> {
  const { plan, listener } = work;
  const told = (done: number): void => {
    if (plan.video === null) listener.progress("render", done, plan.audio!.samples);
  };
  const sound = async (): Promise<void> => {
    if (plan.audio !== null) await mixInto(work, (bytes) => feed.write(feed.sound, bytes), told);
    feed.sound.end();
  };
  const pictures = async (): Promise<Painted> => {
    const painted = plan.video === null ? null : await paint(work, (bytes) => feed.write(feed.picture, bytes));
    if (plan.video !== null) feed.picture.end();
    return painted;
  };
  try {
    const [painted] = await Promise.all([pictures(), sound()]);
    await feed.finish();
    return painted;
  } catch (error) {
    await feed.kill();
    throw error;
  }
}

/**
 * Copies what can be copied and encodes the rest. Null where nothing can, or where copying failed: then all of it is encoded, which is
 * slower and otherwise the same.
 */
async function writeSmart(work: Work, loudness: Loudness | null, notes: string[]): Promise<Painted> {
  const { tools, task, plan, files, masks, places, listener } = work;
  const pieces = await planSmart(task.document, plan, files);
  const encoder =
    pieces === null ? null : await chooseEncoder(tools, { codec: "h264", encoder: "software" }, "yuv420p");
  if (pieces === null || encoder === null) return null;
  const video = plan.video!;
  const parts = { tools, document: task.document, files, masks, work: places.work, format: formatOf(plan) };
  const film = new FilmFrames(parts);
  // What counts are the frames that are joined.
  const looked = lookout({ ...work, listener: { ...listener, progress: () => {} } });
  const told = (done: number): void => listener.progress("render", done, video.frames);
  const pictures = join(places.work, "pictures.mp4");
  const encode = async (piece: Piece, file: string): Promise<void> => {
    const settings = { ...plan.settings, container: "mp4" } as const;
    const how = { ...encoder, isQuick: true };
    const feed = new Feed(tools.ffmpeg, exportArgs({ ...plan, audio: null, settings }, how, null, file, "yuv420p"));
    const own = new FilmFrames(parts);
    try {
      await hand(own, piece, work, (bytes) => feed.write(feed.picture, bytes), looked);
      await feed.finish();
    } catch (error) {
      await feed.kill();
      throw error;
    } finally {
      await own.close();
    }
  };
  try {
    const [first, last] = [await blocksAt(film, 0, video), await blocksAt(film, video.frames - 1, video)];
    await joinPieces(pieces, { files, rate: video.rate, work: places.work, encode }, pictures, told);
    const feed = new Feed(tools.ffmpeg, joinArgs(plan, pictures, loudness, places.target));
    await fed(feed, { ...work, plan: { ...plan, video: null } });
    const copied = pieces.reduce((sum, { copy, count }) => sum + (copy === null ? 0 : count), 0);
    notes.splice(
      0,
      1,
      `${copied} of ${video.frames} frames were copied as they are; the others were encoded by ${encoder.name}.`,
    );
    return { first, last };
  } catch (cause) {
    const error = StudioError.from(cause);
    if (error.code !== "FFMPEG_FAILED" && error.code !== "INTERNAL") throw error;
    notes.push("Copying untouched stretches did not work here, so all of it was encoded.");
    return null;
  } finally {
    await film.close();
    await rm(pictures, { force: true });
  }
}

async function blocksAt(
  film: FilmFrames,
  frame: number,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<Float32Array> {
  return blocksOf(await film.painted(frame), width, height);
}

async function writeGif(work: Work): Promise<Painted> {
  const { plan, places, tools } = work;
  const [kept, palette] = [join(places.work, "kept.mkv"), join(places.work, "palette.png")];
  const painted = await fed(new Feed(tools.ffmpeg, keepArgs(plan.video!, kept)), {
    ...work,
    plan: { ...plan, audio: null },
  });
  await runMedia(tools.ffmpeg, paletteArgs(kept, palette));
  await runMedia(tools.ffmpeg, gifArgs(kept, palette, places.target));
  await rm(kept, { force: true });
  return painted;
}

async function check({ tools, plan, places }: Work, painted: Painted): Promise<void> {
  if (isSequence(plan.settings)) {
    const names = await readdir(places.target);
    if (names.length !== plan.video!.frames)
      throw new StudioError(
        "FFMPEG_FAILED",
        "Some of the pictures were not written, so all were thrown away: try again.",
        `${names.length} of ${plan.video!.frames}`,
      );
    return;
  }
  await verifyStreams(tools, plan, places.target);
  if (painted !== null) await verifyPictures(tools, plan, places.target, painted);
}

/** Bytes of a file, or of all in a folder. */
async function bytesOf(path: string): Promise<number> {
  const info = await stat(path);
  if (!info.isDirectory()) return info.size;
  const sizes = await Promise.all((await readdir(path)).map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
