/** Left and right, of one length, values about -1 to 1. */
export type Stereo = readonly [left: Float32Array, right: Float32Array];

export const silence = (frames: number): Stereo => [new Float32Array(frames), new Float32Array(frames)];

const HALF_POWER = Math.SQRT1_2;

/**
 * Any channels as left and right. Source of the rules: Web Audio API, "Up-mixing and down-mixing" for speakers: one channel goes to both
 * as it is; of 5.1 (L R C LFE SL SR) the centre and the surround channels come in at -3 dB and the LFE not at all; 4 channels are L R SL
 * SR at half each. More channels than six: those of 5.1, by the order that ffmpeg and WAVE have in common.
 */
export function toStereo(channels: readonly Float32Array[]): Stereo {
  const [l, r, c, , sl, sr] = channels;
  if (l === undefined) return silence(0);
  if (r === undefined) return [l, l];
  if (c === undefined) return [l, r];
  const mixed = silence(l.length);
  const quad = channels.length === 4;
  const [third, fourth] = [channels[2]!, channels[3]];
  for (let i = 0; i < l.length; i++) {
    const centre = quad ? 0 : HALF_POWER * c[i]!;
    const left = quad ? 0.5 * (l[i]! + third[i]!) : l[i]! + centre + HALF_POWER * (sl?.[i] ?? 0);
    const right = quad ? 0.5 * (r[i]! + fourth![i]!) : r[i]! + centre + HALF_POWER * (sr?.[i] ?? 0);
    mixed[0][i] = left;
    mixed[1][i] = right;
  }
  return mixed;
}

/** What of left and right goes to left and right: out[0] = ll·left + lr·right, out[1] = rl·left + rr·right. */
export interface PanMatrix {
  readonly ll: number;
  readonly lr: number;
  readonly rl: number;
  readonly rr: number;
}

/**
 * Moves a stereo picture: nothing changes in the middle, and at an end all of it is heard on that side, with equal power between.
 * Source: Web Audio API, StereoPannerNode, stereo input. @param pan -1 left to 1 right
 */
export function panMatrix(pan: number): PanMatrix {
  const x = (pan <= 0 ? pan + 1 : pan) * (Math.PI / 2);
  return pan <= 0
    ? { ll: 1, lr: Math.cos(x), rl: 0, rr: Math.sin(x) }
    : { ll: Math.cos(x), lr: 0, rl: Math.sin(x), rr: 1 };
}
