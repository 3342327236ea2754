/** Loudness over time. Source of the weighting: ITU-R BS.1770-5, with its filters designed anew for each sampling rate. */
import { filterSamples, highPass, highShelf } from "./biquad.ts";
import type { Envelope } from "./envelope.ts";
import type { Sound } from "./sound.ts";

/** Loudness of silence: everything fainter reports this, so that no value is infinite. */
export const SILENCE_LUFS = -70;

/**
 * K-weighted loudness in LUFS of a window that slides over the sound; channels count equally, as left and right do.
 * Value i is the loudness around the time i / rate. Never below SILENCE_LUFS.
 * @param rate values a second
 * @param windowSeconds 0.4 is BS.1770's momentary loudness; a shorter one follows faster
 */
export function loudness(sound: Sound, rate: number, windowSeconds = 0.4): Envelope {
  const { sampleRate, channels } = sound;
  const filters = [highShelf(1681.97, sampleRate, 4, Math.SQRT1_2), highPass(38.135, sampleRate, 0.5003)];
  const weighted = channels.map((channel) => filterSamples(channel, filters));
  const length = channels[0]?.length ?? 0;
  const energy = new Float64Array(length + 1);
  for (let i = 0; i < length; i++)
    energy[i + 1] = energy[i]! + weighted.reduce((sum, channel) => sum + channel[i]! ** 2, 0);
  const half = Math.max(1, Math.round((windowSeconds * sampleRate) / 2));
  const values = Float32Array.from({ length: Math.ceil((length / sampleRate) * rate) }, (_, i) => {
    const centre = Math.round((i / rate) * sampleRate);
    const from = Math.max(0, centre - half);
    const to = Math.min(length, centre + half);
    const mean = (energy[to]! - energy[from]!) / (2 * half);
    return Math.max(SILENCE_LUFS, -0.691 + 10 * Math.log10(Math.max(mean, 1e-12)));
  });
  return { rate, values };
}
