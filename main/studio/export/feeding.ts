import { StudioError } from "../../../core/contract/index.ts";
import { Mixer } from "../../../core/mix/index.ts";
import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import { Feed, type Loudness, measureArgs } from "../../media/index.ts";
import { paint, type Painted, type Work } from "./pictures.ts";
import { SoundSource } from "./sound-source.ts";

/** Samples that are mixed at a time: a third of a second. */
const STRETCH = 16_384;

/** Feeds pictures and sound side by side: ffmpeg takes of each what it needs next. */
export async function fed(feed: Feed, work: Work): Promise<Painted> {
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

/** The first of two passes over the sound; null where all is silence. */
export async function measure(work: Work): Promise<Loudness | null> {
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
export async function mixInto(
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
