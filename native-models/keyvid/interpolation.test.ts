import { describe, expect, it } from "vitest";
import { TorchRandom } from "../diffusion/torch-random.ts";
import { drawPosterior, fillStartNoise, injectFrames, placeKeyframes, repeatFrame } from "./interpolation.ts";

const FRAMES = 8;
const PLANE = 2;
const keyframes = [0, 3];
const at = (clip: Float32Array, channel: number, frame: number) => clip[(channel * FRAMES + frame) * PLANE]!;

describe("the interpolator's start noise", () => {
  it("keeps the anchors and is most like the farther one in between", () => {
    const noise = new TorchRandom(1).randn(4 * FRAMES * PLANE);
    const filled = fillStartNoise(noise, FRAMES, keyframes);
    for (const frame of [0, 3, 7]) expect(at(filled, 2, frame)).toBe(at(noise, 2, frame));
    expect(at(filled, 1, 1)).toBeCloseTo(at(noise, 1, 0) / 3 + (at(noise, 1, 3) * 2) / 3, 6);
    expect(at(filled, 3, 6)).toBeCloseTo((at(noise, 3, 3) * 3 + at(noise, 3, 7)) / 4, 6);
  });

  it("takes a keyframe at the end as the last anchor", () => {
    const noise = new TorchRandom(2).randn(4 * FRAMES * PLANE);
    expect(fillStartNoise(noise, FRAMES, [0, 1, 2, 3, 4, 5, 6, 7])).toEqual(noise);
  });
});

describe("known frames", () => {
  const latents = keyframes.map((frame) => new Float32Array(4 * PLANE).fill(frame + 1));

  it("stand at their places beside the sample, zeros elsewhere", () => {
    const placed = placeKeyframes(latents, FRAMES, keyframes);
    expect([0, 1, 3, 7].map((frame) => at(placed, 3, frame))).toEqual([1, 0, 4, 0]);
    expect(at(repeatFrame(latents[1]!, FRAMES), 2, 5)).toBe(4);
  });

  it("are injected at the sample's noise level, and no other frame changes", () => {
    const known = placeKeyframes(latents, FRAMES, keyframes);
    const noise = new Float32Array(known.length).fill(2);
    const sample = new Float32Array(known.length).fill(9);
    injectFrames(sample, FRAMES, keyframes, known, noise, 0.64, 0.5);
    expect(at(sample, 1, 3)).toBeCloseTo(0.8 * 0.5 * 4 + 0.6 * 2, 6);
    expect(at(sample, 1, 2)).toBe(9);
  });
});

it("a posterior is drawn around its mean, its deviation clamped", () => {
  const drawn = drawPosterior(Float32Array.of(1, 1, 1), Float32Array.of(0, -99, 99), Float32Array.of(2, 2, 1), 0.18215);
  expect(drawn[0]).toBeCloseTo(0.18215 * 3, 6);
  expect(drawn[1]).toBeCloseTo(0.18215, 5);
  expect(drawn[2]! / (0.18215 * (1 + Math.exp(10)))).toBeCloseTo(1, 5);
});
