import { StudioError } from "../../core/contract/index.ts";
import type { MediaTools } from "./locate.ts";
import { unreadable } from "./head.ts";
import { BASE_ARGS, PROTOCOLS, runMedia } from "./run.ts";

/** More than stereo is mixed down, faster than this is resampled: what AAC and every player take. */
const MAX_CHANNELS = 2;
const MAX_RATE = 48_000;

/** A stretch of sound in memory: samples -1 to 1, one array a channel, all of `length` samples. */
export interface DecodedSound {
  readonly sampleRate: number;
  readonly channels: readonly Float32Array[];
  /** Samples a channel that came from the file; the rest up to the asked length is silence. */
  readonly filled: number;
}

export interface SoundStretch {
  /** Seconds into the file. */
  readonly from: number;
  readonly seconds: number;
}

/** Rate and channels that `decodeSound` gives for a file of these. */
export function workFormat(sampleRate: number, channels: number): { sampleRate: number; channels: number } {
  return { sampleRate: Math.min(sampleRate, MAX_RATE), channels: Math.min(channels, MAX_CHANNELS) };
}

/**
 * Decodes one stretch of a file's first sound track, and only that: hours of sound cost no more than seconds. The stretch is exactly
 * as long as asked (to the sample); what the file does not fill is silence.
 * Errors: MEDIA_UNREADABLE when nothing decodes, CANCELLED.
 */
export async function decodeSound(
  tools: MediaTools,
  file: string,
  source: { readonly sampleRate: number; readonly channels: number },
  { from, seconds }: SoundStretch,
  signal?: AbortSignal,
): Promise<DecodedSound> {
  const { sampleRate, channels } = workFormat(source.sampleRate, source.channels);
  const length = Math.round(seconds * sampleRate);
  const seek = from > 0 ? ["-ss", from.toFixed(6)] : [];
  // A few samples more than needed: codecs end in whole packets, and rounding must not cost the last sample.
  const args = [...seek, "-t", (seconds + 0.1).toFixed(6), "-i", `file:${file}`, "-map", "0:a:0", "-vn", "-sn", "-dn"];
  const output = ["-ac", String(channels), "-ar", String(sampleRate), "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1"];
  const interleaved = new Uint8Array(length * channels * 4);
  let at = 0;
  await runMedia(tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, ...args, ...output], {
    onStdout: (chunk) => {
      const part = chunk.subarray(0, Math.max(0, interleaved.length - at));
      interleaved.set(part, at);
      at += part.length;
    },
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    const known = StudioError.from(error);
    // A damaged end is no reason to throw away what came before it.
    if (known.code !== "FFMPEG_FAILED") throw known;
    if (at === 0) throw unreadable(known.detail ?? known.message);
  });
  const samples = new Float32Array(interleaved.buffer);
  const planes = Array.from({ length: channels }, (_, channel) => {
    const plane = new Float32Array(length);
    for (let i = 0; i < length; i += 1) {
      const value = samples[i * channels + channel]!;
      // Float files may hold anything; what follows must not meet a NaN.
      plane[i] = Number.isFinite(value) ? Math.min(1, Math.max(-1, value)) : 0;
    }
    return plane;
  });
  return { sampleRate, channels: planes, filled: Math.floor(at / 4 / channels) };
}

/** The channels one after another as little-endian float32: the engine's work file. */
export function planarBytes({ channels }: DecodedSound): Uint8Array {
  const length = channels[0]?.length ?? 0;
  const all = new Float32Array(length * channels.length);
  channels.forEach((plane, n) => all.set(plane, n * length));
  return new Uint8Array(all.buffer);
}

/** The stretch as a WAV file in float32, for players and for the finished clip's sound track. */
export function wavBytes({ sampleRate, channels }: DecodedSound): Uint8Array {
  const length = channels[0]?.length ?? 0;
  const count = channels.length;
  const data = length * count * 4;
  const bytes = Buffer.alloc(58 + data);
  bytes.write("RIFF", 0, "latin1");
  bytes.writeUInt32LE(50 + data, 4);
  bytes.write("WAVEfmt ", 8, "latin1");
  bytes.writeUInt32LE(18, 16);
  bytes.writeUInt16LE(3, 20); // WAVE_FORMAT_IEEE_FLOAT
  bytes.writeUInt16LE(count, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * count * 4, 28);
  bytes.writeUInt16LE(count * 4, 32);
  bytes.writeUInt16LE(32, 34);
  bytes.write("fact", 38, "latin1");
  bytes.writeUInt32LE(4, 42);
  bytes.writeUInt32LE(length, 46);
  bytes.write("data", 50, "latin1");
  bytes.writeUInt32LE(data, 54);
  for (let i = 0; i < length; i += 1)
    for (let c = 0; c < count; c += 1) bytes.writeFloatLE(channels[c]![i]!, 58 + (i * count + c) * 4);
  return bytes;
}
