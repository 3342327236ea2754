/** Sound as the whole studio handles it once decoded. */
export interface Sound {
  /** Samples per second. */
  readonly sampleRate: number;
  /** At least one channel; all of one length; values about -1 to 1. */
  readonly channels: readonly Float32Array[];
}

/** Samples per channel. */
export function sampleCount(sound: Sound): number {
  return sound.channels[0]?.length ?? 0;
}

export function durationSeconds(sound: Sound): number {
  return sampleCount(sound) / sound.sampleRate;
}

/** The mean of all channels; the channel itself where there is one. */
export function mixDown(sound: Sound): Float32Array {
  const [first, ...others] = sound.channels;
  if (!first) return new Float32Array(0);
  if (others.length === 0) return first;
  const share = 1 / sound.channels.length;
  return first.map((value, i) => others.reduce((sum, channel) => sum + channel[i]!, value) * share);
}

/**
 * A stretch of a sound, in samples. What lies outside the sound is silence.
 * @param start sample index, may be negative
 */
export function cutSound(sound: Sound, start: number, length: number): Sound {
  const channels = sound.channels.map((channel) => {
    if (start >= 0 && start + length <= channel.length) return channel.subarray(start, start + length);
    const cut = new Float32Array(length);
    const inside = channel.subarray(Math.max(0, start), Math.max(0, start + length));
    if (inside.length > 0) cut.set(inside, Math.max(0, -start));
    return cut;
  });
  return { sampleRate: sound.sampleRate, channels };
}
