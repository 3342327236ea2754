import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import { type ExportPlan, isSequence, planExport } from "../../../core/export/index.ts";
import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import {
  chooseEncoder,
  type Encoder,
  exportArgs,
  Feed,
  gifArgs,
  keepArgs,
  type Loudness,
  type MediaTools,
  paletteArgs,
  pixelFormatOf,
  runMedia,
} from "../../media/index.ts";
import { embedRecords } from "./embed.ts";
import { fed, measure } from "./feeding.ts";
import { FilmPainter } from "./film-painter.ts";
import { FramePool } from "./frame-pool.ts";
import { MaskFiles } from "./mask-files.ts";
import { MediaFiles } from "./media-files.ts";
import { PacketFiles } from "./packet-files.ts";
import { findSmart, writeSmart } from "./smart-render.ts";
import { isComposed, type Painted, type Work } from "./pictures.ts";
import { assertFolder } from "./target.ts";
import type { ExportListener, ExportOutcome, ExportPlaces, ExportTask } from "./task.ts";
import { verifyPictures, verifyStreams } from "./verify.ts";

/** Milliseconds. */
const WATCH_EVERY = 1000;
/**
 * Exports a timeline to `places.target`, which is whole and verified when this resolves; on any error what was begun is the caller's to
 * remove. Memory does not grow with the film's length, but for the index that ffmpeg keeps of a file it writes (0.4 MB a minute). Errors: BAD_REQUEST (nothing to export), MEDIA_MISSING, MEDIA_UNREADABLE,
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
  const packets = new PacketFiles();
  try {
    return await renderWith(work, packets);
  } finally {
    packets.close();
  }
}

async function renderWith(work: Work, packets: PacketFiles): Promise<ExportOutcome> {
  const { tools, task, plan, files, places, listener } = work;
  const [encoder, smart] = await Promise.all([encoderFor(tools, plan), findSmart(work, packets)]);
  const notes = encoder === null ? [] : [encoder.reason];
  const loudness = plan.audio === null || plan.audio.loudness === null ? null : await measure(work);
  if (plan.audio?.loudness != null && loudness === null)
    notes.push("The sound is silent, so its loudness was left as it is.");
  const joined = smart === null ? null : await writeSmart(work, smart, loudness, notes);
  const painted = joined ?? (await writeWhole(work, encoder, loudness, notes));
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

/** Hardware that works may still refuse this film, by its size or because it is busy: then software does it. */
async function writeWhole(
  work: Work,
  encoder: Encoder | null,
  loudness: Loudness | null,
  notes: string[],
): Promise<Painted> {
  try {
    return await write(work, encoder, loudness);
  } catch (cause) {
    const { video } = work.plan;
    if (video === null || encoder?.isHardware !== true || StudioError.from(cause).code !== "FFMPEG_FAILED") throw cause;
    const other = await chooseEncoder(work.tools, { ...video, encoder: "software" }, pixelFormatOf(video));
    if (other === null) throw cause;
    notes.splice(0, 1, `Encoded by ${other.name}, in software: ${encoder.name} failed on this film.`);
    return write(work, other, loudness);
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
  const facts = await verifyStreams(tools, plan, places.target);
  if (painted !== null && facts !== null) await verifyPictures(tools, plan, { file: places.target, facts }, painted);
}

/** Bytes of a file, or of all in a folder. */
async function bytesOf(path: string): Promise<number> {
  const info = await stat(path);
  if (!info.isDirectory()) return info.size;
  const sizes = await Promise.all((await readdir(path)).map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
