import { writeFile } from "node:fs/promises";
import { PeakFileBuilder } from "../../core/sound/index.ts";
import { workFormat } from "./decode-sound.ts";
import { asInput } from "./head.ts";
import type { MediaTools } from "./locate.ts";
import { BASE_ARGS, PROTOCOLS, runMedia } from "./run.ts";

export interface SoundSource {
  /** ffmpeg's arguments, the address last. */
  readonly input: readonly string[];
  readonly sampleRate: number;
  readonly channels: number;
  /** 0 where nobody knows. */
  readonly seconds: number;
}

/** Aligns sound with the media's time 0 and closes holes in it, so that a sample's number tells its time. */
export const IN_STEP = "aresample=async=1000:first_pts=0";

/**
 * Writes the waveform of the first sound track (core/sound/peak-file.ts), stereo at most; hours are read piece by piece.
 * Errors: FFMPEG_FAILED, DISK_FULL, CANCELLED.
 */
export async function makePeaks(
  tools: MediaTools,
  source: SoundSource,
  file: string,
  onProgress: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { sampleRate, channels } = workFormat(source.sampleRate, source.channels);
  const builder = new PeakFileBuilder(sampleRate, channels);
  const frameBytes = channels * 2;
  let rest = Buffer.alloc(0);
  let samples = 0;
  const output = ["-map", "0:a:0", "-vn", "-ac", String(channels), "-ar", String(sampleRate), "-af", IN_STEP];
  const args = [
    ...BASE_ARGS,
    ...PROTOCOLS,
    ...asInput(source.input),
    ...output,
    "-c:a",
    "pcm_s16le",
    "-f",
    "s16le",
    "pipe:1",
  ];
  await runMedia(tools.ffmpeg, args, {
    inBackground: true,
    onStdout: (chunk) => {
      const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const whole = all.length - (all.length % frameBytes);
      const values = new Float32Array(whole / 2);
      for (let i = 0; i < values.length; i++) values[i] = all.readInt16LE(i * 2) / 32_768;
      builder.push(values);
      rest = Buffer.from(all.subarray(whole));
      samples += values.length / channels;
      if (source.seconds > 0) onProgress(Math.min(1, samples / sampleRate / source.seconds));
    },
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    // A damaged end: what came before it is drawn.
    if (samples === 0 || signal?.aborted === true) throw error;
  });
  await writeFile(file, builder.finish());
}
