import { describe, expect, it } from "vitest";
import { gainOf, planSound } from "../render-plan/index.ts";
import { FLICKS_PER_SECOND, FRAME_RATES, flicksToSeconds, frameBegin, frameToFlicks } from "../time/index.ts";
import { type EditArguments, type EditName, type MediaReference, type Timeline } from "../timeline/index.ts";
import { add, clipId, edited, empty, FRAME, frames, trackId } from "../timeline/testing/sample.ts";
import { Mixer, type MixSource, panMatrix, type Stereo, toStereo } from "./index.ts";

const RATE = 48_000;
/** Media whose sample n is `wave(n, rate)` on the left and its negative on the right. */
const source = (wave: (sample: number, rate: number) => number): MixSource => ({
  async read(media: MediaReference, _clip: string, from: number, count: number): Promise<Stereo> {
    const rate = media.audio!.sampleRate;
    const end = (media.availableRange!.duration / FLICKS_PER_SECOND) * rate;
    const left = Float32Array.from({ length: count }, (_, i) =>
      from + i < 0 || from + i >= end ? 0 : wave(from + i, rate),
    );
    return [left, left.map((value) => -value)];
  },
});
const ramp = source((sample) => sample / 1e6);
const steady = source(() => 1);
const tone = (hertz: number) => source((sample, rate) => Math.sin((2 * Math.PI * hertz * sample) / rate));
/** The first of a frame's samples: 2000 are one frame at 24 a second. */
const PER_FRAME = 2000;
const film = (): Timeline => add(empty(), "A1", "a", "film", 48, 48);
const change = (document: Timeline, name: EditName, args: object): Timeline =>
  edited(document, name, args as EditArguments<typeof name>);

async function mixed(document: Timeline, from: MixSource, start = 0, count = 4 * PER_FRAME): Promise<Stereo> {
  return new Mixer(document, RATE, from).mix(start, count);
}

async function atSpeed(speed: number, hertz: number): Promise<Float32Array> {
  const document = change(film(), "setSpeed", { clip: clipId(film(), "a"), speed });
  return (await mixed(document, tone(hertz)))[0];
}

/** How much of a tone is in a sound, 0 to 1. */
function share(sound: Float32Array, hertz: number): number {
  let [re, im] = [0, 0];
  for (const [i, value] of sound.entries()) {
    re += value * Math.cos((2 * Math.PI * hertz * i) / RATE);
    im += value * Math.sin((2 * Math.PI * hertz * i) / RATE);
  }
  return (2 * Math.hypot(re, im)) / sound.length;
}

/** A sound of 1 and −1 at −3 dB, on a track whose volume falls by 12 dB over 48 frames and jumps back at 84, and whose pan crosses from 40 to 80. */
function automated(frame: number): readonly [number, number] {
  const share = Math.min(1, Math.max(0, (frame - 40) / 40));
  const loud = 10 ** ((-3 - (frame < 48 ? frame / 4 : frame < 84 ? 12 : 0)) / 20);
  const { ll, lr, rl, rr } = panMatrix(2 * share - 1);
  return [loud * (ll - lr), loud * (rl - rr)];
}

describe("a mix", () => {
  it("holds the samples of the media, in their places", async () => {
    const [left, right] = await mixed(film(), ramp);
    for (const i of [0, 1, 127, 128, 5000, 7999]) {
      expect(left[i]).toBeCloseTo((48 * PER_FRAME + i) / 1e6, 6);
      expect(right[i]).toBe(-left[i]!);
    }
  });

  it("begins and ends with a clip, to the sample", async () => {
    const gap = change(film(), "move", { clips: [clipId(film(), "a")], by: frames(2) });
    const [left] = await mixed(gap, steady);
    expect([left[2 * PER_FRAME - 1], left[2 * PER_FRAME]]).toEqual([0, 1]);
    const [end] = await mixed(gap, steady, frames(49));
    expect([end[PER_FRAME - 1], end[PER_FRAME]]).toEqual([1, 0]);
  });

  it("is the same however it is divided into blocks", async () => {
    let document = add(film(), "A2", "m", "song", 10, 90);
    document = change(document, "setSpeed", { clip: clipId(document, "m"), speed: 1.7 });
    document = change(document, "setClip", { clips: [clipId(document, "a")], fadeIn: frames(3) });
    const wave = source((sample) => Math.sin(sample / 11) * 0.5);
    const whole = await mixed(document, wave);
    const mixer = new Mixer(document, RATE, wave);
    let at = 0;
    for (const count of [1000, 17, 2983, 4000]) {
      const [left] = await mixer.mix((at * FLICKS_PER_SECOND) / RATE, count);
      for (let i = 0; i < count; i++) expect(Math.abs(left[i]! - whole[0][at + i]!)).toBeLessThan(1e-3);
      at += count;
    }
  });

  it("follows the plan's gains: volume, fades, track, keyframes, ducking", async () => {
    let document = add(film(), "A2", "voice", "song", 0, 20);
    const clip = clipId(document, "a");
    const a1 = trackId(document, "A1");
    document = change(document, "setKeyframe", { clip, parameter: "volume", time: 0, value: -20 });
    document = change(document, "setKeyframe", { clip, parameter: "volume", time: frames(40), value: 3 });
    document = change(document, "setClip", { clips: [clip], fadeIn: frames(6), fadeOut: frames(12) });
    document = change(document, "setTrack", {
      track: a1,
      volume: -3,
      ducking: { under: [trackId(document, "A2")], amount: 9, attack: frames(2), release: frames(4) },
    });
    const voiceless: MixSource = {
      read: (media, id, from, count) =>
        media.id === "song" ? Promise.resolve(null) : steady.read(media, id, from, count),
    };
    const [left] = await mixed(document, voiceless, 0, 48 * PER_FRAME);
    for (let frame = 0; frame < 48; frame += 0.37) {
      const sample = Math.floor(frame * PER_FRAME);
      const voice = planSound(document, (sample * FLICKS_PER_SECOND) / RATE).find((each) => each.clip === clip)!;
      expect(left[sample]).toBeCloseTo(voice.gain, 2);
    }
    expect(left[30 * PER_FRAME]! / left[10 * PER_FRAME]!).toBeGreaterThan(2);
  });

  it("follows a track's volume and pan along the timeline, over those of its clips", async () => {
    const a1 = trackId(empty(), "A1");
    // The second clip begins late: the movement is the timeline's, not the clip's.
    let document = add(film(), "A1", "b", "film", 0, 48);
    for (const [parameter, frame, value, easing = "linear"] of [
      ["volume", 0, 0],
      ["volume", 48, -12],
      ["volume", 72, -12, "hold"],
      ["volume", 84, 0],
      ["pan", 40, -1],
      ["pan", 80, 1],
    ] as const) {
      const args = { track: a1, parameter, time: frames(frame), value, easing: { type: easing } };
      document = change(document, "setTrackKeyframe", args);
    }
    document = change(document, "setParameter", {
      clips: [clipId(document, "a"), clipId(document, "b")],
      parameter: "volume",
      value: -3,
    });
    const [left, right] = await mixed(document, steady, 0, 96 * PER_FRAME);
    for (const frame of [0, 10, 24, 40, 47.9, 50, 60, 71, 83, 86, 95])
      for (const [side, sound] of [left, right].entries())
        expect(sound[Math.floor(frame * PER_FRAME)]).toBeCloseTo(automated(frame)[side]!, 2);
  });

  it("pans with equal power, and leaves the middle as it is", async () => {
    for (const pan of [-1, -0.5, 0, 0.3, 1]) {
      const document = change(film(), "setParameter", { clips: [clipId(film(), "a")], parameter: "pan", value: pan });
      const [left, right] = await mixed(document, steady, 0, 10);
      const { ll, lr, rl, rr } = panMatrix(pan);
      expect(left[5]).toBeCloseTo(ll - lr, 6);
      expect(right[5]).toBeCloseTo(rl - rr, 6);
      expect(ll ** 2 + rl ** 2).toBeCloseTo(1, 12);
      expect(lr ** 2 + rr ** 2).toBeCloseTo(1, 12);
    }
    expect(panMatrix(0)).toEqual({ ll: 1, lr: expect.closeTo(0), rl: 0, rr: 1 });
  });

  it("plays backwards sample by sample", async () => {
    const document = change(film(), "reverse", { clip: clipId(film(), "a") });
    const [left] = await mixed(document, ramp);
    expect(left[0]).toBeCloseTo((96 * PER_FRAME - 1) / 1e6, 6);
    expect(left[777]).toBeCloseTo((96 * PER_FRAME - 778) / 1e6, 6);
  });

  it("plays faster and slower at another pitch, and lets nothing fold over", async () => {
    expect(share(await atSpeed(2, 500), 1000)).toBeCloseTo(1, 2);
    expect(share(await atSpeed(0.5, 1000), 500)).toBeCloseTo(1, 2);
    const folded = await atSpeed(2, 15_000);
    expect(Math.max(...folded.subarray(100, -100).map(Math.abs))).toBeLessThan(0.02);
  });

  it("brings other sampling rates in at their own pitch and level", async () => {
    for (const hertz of [100, 1000, 10_000, 17_000]) {
      const [left] = await mixed(add(empty(), "A1", "m", "song", 24, 48), tone(hertz), 0, 4800);
      expect(Math.abs(share(left, hertz) - 1), `${hertz} Hz`).toBeLessThan(0.01);
      let rest = 0;
      const [re, im] = [0, 1].map((shift) =>
        left.reduce((sum, v, i) => sum + v * Math.cos((2 * Math.PI * hertz * i) / RATE - (shift * Math.PI) / 2), 0),
      ) as [number, number];
      for (let i = 200; i < left.length - 200; i++) {
        const angle = (2 * Math.PI * hertz * i) / RATE;
        rest += (left[i]! - (2 / left.length) * (re * Math.cos(angle) + im * Math.sin(angle))) ** 2;
      }
      expect(Math.sqrt(rest / left.length), `${hertz} Hz`).toBeLessThan(0.01);
    }
  });

  it("a sound that stands still, one that is silenced and one that is not there are not heard", async () => {
    const clip = clipId(film(), "a");
    const still = change(film(), "setKeyframe", { clip, parameter: "speed", time: 0, value: 0 });
    expect(Math.max(...(await mixed(still, steady))[0])).toBe(0);
    const muted = change(film(), "setTrack", { track: trackId(film(), "A1"), muted: true });
    expect(Math.max(...(await mixed(muted, steady))[0])).toBe(0);
    expect(Math.max(...(await mixed(film(), { read: () => Promise.resolve(null) }))[0])).toBe(0);
    expect(Math.max(...(await mixed(film(), steady))[0])).toBe(1);
    expect(gainOf(-60)).toBe(0);
  });
});

const stereoOf = (...values: number[]): (number | undefined)[] =>
  toStereo(values.map((value) => Float32Array.of(value))).map(([value]) => value);

it("many channels become two by the rules of the Web Audio API", () => {
  expect(stereoOf(0.5)).toEqual([0.5, 0.5]);
  expect(stereoOf(0.5, -0.5)).toEqual([0.5, -0.5]);
  expect(stereoOf(0.2, 0.4, 0.6, 0.8)).toEqual([expect.closeTo(0.4), expect.closeTo(0.6)]);
  expect(stereoOf(0, 0, 1, 1, 0, 0)).toEqual([expect.closeTo(Math.SQRT1_2), expect.closeTo(Math.SQRT1_2)]);
  expect(stereoOf(0, 0, 0, 0, 1, 0)).toEqual([expect.closeTo(Math.SQRT1_2), 0]);
  expect(stereoOf()).toEqual([undefined, undefined]);
});

describe("the begin of a frame", () => {
  it("is that of the rate's grid where the container rounded it, and its own where it is off the grid", () => {
    const millisecond = FLICKS_PER_SECOND / 1000;
    for (const rate of [FRAME_RATES["23.976"], FRAME_RATES["29.97"], FRAME_RATES["60"]]) {
      const grid = { tick: millisecond, rate, first: 0 };
      for (let frame = 0; frame < 3000; frame += 7) {
        const exact = frameToFlicks(frame, rate);
        const rounded = Math.round(flicksToSeconds(exact) * 1000) * millisecond;
        expect(frameBegin(rounded, grid)).toBe(exact);
      }
      const late = frameToFlicks(10, rate) + 5 * millisecond;
      expect(frameBegin(late, grid)).toBe(late);
      expect(frameBegin(late, { ...grid, rate: null })).toBe(late);
    }
    expect(frameBegin(3 * FRAME + 7, { tick: 1, rate: FRAME_RATES["24"], first: 7 })).toBe(3 * FRAME + 7);
  });
});
