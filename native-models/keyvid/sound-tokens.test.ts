import { describe, expect, it } from "vitest";
import { resizeColumns } from "./audio-trunk.ts";
import { interpolationSound, keyframeSound, tokensPerColumn } from "./sound-tokens.ts";

/** Trunk tokens of width 1 that say where they come from: -1 is the class token, else 100 · column + band. */
const labelled = Float32Array.from({ length: 577 }, (_, i) =>
  i === 0 ? -1 : 100 * ((i - 1) % 48) + Math.floor((i - 1) / 48),
);

describe("dealing the sound's tokens to frames", () => {
  it("gives each column its class token and its 12 bands", () => {
    const columns = tokensPerColumn(labelled);
    expect(columns.length).toBe(48 * 13);
    expect([...columns.subarray(13 * 5, 13 * 6)]).toEqual([-1, ...Array.from({ length: 12 }, (_, band) => 500 + band)]);
  });

  it("deals twelves out of thirteens, as the official code does: the last frame hears columns 43 and 44", () => {
    const [first, second, last] = [0, 1, 47].map((frame) => [...keyframeSound(labelled, [frame])]);
    expect(first).toEqual([-1, ...Array.from({ length: 11 }, (_, band) => band)]);
    expect(second).toEqual([11, -1, ...Array.from({ length: 10 }, (_, band) => 100 + band)]);
    expect(new Set(last!.filter((token) => token >= 0).map((token) => Math.floor(token / 100)))).toEqual(
      new Set([43, 44]),
    );
  });

  it("stretches 52 twelves over 48 frames for the interpolator", () => {
    const constant = interpolationSound(new Float32Array(577 * 2).fill(3));
    expect(constant.length).toBe(48 * 12 * 2);
    expect(constant.every((value) => value === 3)).toBe(true);
    // Frame 0 lies at 1/24 between the first two groups.
    expect(interpolationSound(labelled)[0]).toBeCloseTo((1 - 1 / 24) * -1 + (1 / 24) * 11, 5);
  });
});

describe("resizing the table of positions", () => {
  it("keeps the class token and constant columns, and interpolates between neighbours", () => {
    const shape = { width: 1, bands: 2, from: 3, to: 6 };
    expect([...resizeColumns(Float32Array.of(9, 0, 1, 2, 5, 5, 5), shape)]).toEqual([
      9, 0, 0.25, 0.75, 1.25, 1.75, 2, 5, 5, 5, 5, 5, 5,
    ]);
  });

  it("is the table itself where the number of columns stays", () => {
    const table = Float32Array.of(9, 0, 1, 2, 5, 6, 7);
    expect(resizeColumns(table, { width: 1, bands: 2, from: 3, to: 3 })).toEqual(table);
  });
});
