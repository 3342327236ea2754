import { describe, expect, it } from "vitest";
import type { Stereo } from "../../../core/mix/index.ts";
import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import { Course } from "./course.ts";

const RATE = 48_000;
const SAMPLE = FLICKS_PER_SECOND / RATE;
const BLOCK = 2400;

/** A timeline whose sound says where it is: each sample is its own number. */
const numbered = {
  mix: async (start: number, frames: number): Promise<Stereo> => {
    const first = Math.round(start / SAMPLE);
    const channel = () => Float32Array.from({ length: frames }, (_, i) => first + i);
    return [channel(), channel()];
  },
};

/** What is heard of a run: blocks as they are scheduled, one after another. */
async function heard(course: Course, blocks: number, from = 0): Promise<number[]> {
  const samples: number[] = [];
  for (let n = from; n < from + blocks; n++) {
    const [left, right] = await course.mix(numbered, n * BLOCK, BLOCK);
    expect(right).toEqual(left);
    samples.push(...left);
  }
  return samples;
}

describe("a looped stretch", () => {
  const loop = { start: 10_000 * SAMPLE, end: 17_000 * SAMPLE };

  it("is heard again and again without a sample too many or too few, wherever blocks begin", async () => {
    const samples = await heard(new Course(12_345 * SAMPLE, 1, RATE, loop), 20);
    const expected = Array.from({ length: 20 * BLOCK }, (_, i) => 10_000 + ((2345 + i) % 7000));
    expect(samples).toEqual(expected);
  });

  it("that is shorter than a block is heard several times in one", async () => {
    const short = { start: 500 * SAMPLE, end: 1300 * SAMPLE };
    const samples = await heard(new Course(500 * SAMPLE, 1, RATE, short), 3);
    expect(samples).toEqual(Array.from({ length: 3 * BLOCK }, (_, i) => 500 + (i % 800)));
  });

  it("goes from its start to its end backwards", async () => {
    const samples = await heard(new Course(12_000 * SAMPLE, -1, RATE, loop), 6);
    // The sample before the place is heard first.
    expect(samples).toEqual(Array.from({ length: 6 * BLOCK }, (_, i) => 10_000 + ((1999 - i + 70_000) % 7000)));
  });

  it("has as much of the mix in a block as the speed makes of it", async () => {
    const samples = await heard(new Course(16_000 * SAMPLE, 2, RATE, loop), 5);
    expect(samples).toEqual(Array.from({ length: 10 * BLOCK }, (_, i) => 10_000 + ((6000 + i) % 7000)));
  });

  it("whose length is no whole number of samples drifts by less than one, however often it is played", async () => {
    const odd = { start: 0, end: Math.round(1601.6 * SAMPLE) };
    const course = new Course(0, 1, RATE, odd);
    const last = (await heard(course, 1, 4000))[0]!;
    const exact = (4000 * BLOCK) % (odd.end / SAMPLE);
    expect(Math.abs(last - exact)).toBeLessThan(1);
  });

  it("tells the time of each sample", () => {
    const course = new Course(12_345 * SAMPLE, 1, RATE, loop);
    expect(course.at(4654)).toBe(16_999 * SAMPLE);
    expect(course.at(4655)).toBe(10_000 * SAMPLE);
    expect(course.at(4655 + 7000 * 3 + 5)).toBe(10_005 * SAMPLE);
  });

  it("can be another from a block on; what was heard before it stays where it was", async () => {
    const course = new Course(12_345 * SAMPLE, 1, RATE, null);
    course.setLoop(BLOCK, loop);
    expect(course.at(100)).toBe(12_445 * SAMPLE);
    const samples = await heard(course, 4, 1);
    expect(samples).toEqual(Array.from({ length: 4 * BLOCK }, (_, i) => 10_000 + ((2345 + BLOCK + i) % 7000)));
    course.setLoop(5 * BLOCK, null);
    const on = Math.round(course.at(5 * BLOCK) / SAMPLE);
    expect((await heard(course, 4, 5)).at(-1)).toBe(on + 4 * BLOCK - 1);
  });

  it("that lies behind is never come to", async () => {
    const samples = await heard(new Course(20_000 * SAMPLE, 1, RATE, loop), 1);
    expect(samples[BLOCK - 1]).toBe(20_000 + BLOCK - 1);
  });
});
