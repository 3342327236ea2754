import { assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import type { VaeConfig } from "./config.ts";
import { decodeBytes, decodeTiled, tileStarts, tilesFor } from "./tiles.ts";

const official: VaeConfig = { ch: 128, chMult: [1, 2, 4, 4], numResBlocks: 2, normGroups: 32, scaleFactor: 0.18215 };

/** A decoder that sees one cell only: every pixel of a cell is the cell's first three channels. */
async function localDecoder(latent: Float32Array, height: number, width: number): Promise<Float32Array> {
  const image = new Float32Array(3 * height * 8 * width * 8);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height * 8; y++) {
      for (let x = 0; x < width * 8; x++)
        image[(c * height * 8 + y) * width * 8 + x] = latent[(c * height + (y >> 3)) * width + (x >> 3)]!;
    }
  }
  return image;
}

describe("tiles", () => {
  it("cover every cell, never leave the picture, and overlap", () => {
    assert(
      property(integer({ min: 8, max: 200 }), integer({ min: 25, max: 100 }), (length, side) => {
        const tile = Math.min(side, length);
        const starts = tileStarts(length, side);
        expect(starts[0]).toBe(0);
        expect(starts.at(-1)! + tile).toBe(length);
        for (let i = 1; i < starts.length; i++) expect(starts[i]! + 8).toBeLessThanOrEqual(starts[i - 1]! + tile);
      }),
    );
  });

  it("give exactly the whole picture for a decoder that looks at one cell only", async () => {
    const size = { height: 40, width: 64 };
    const latent = Float32Array.from({ length: 4 * 40 * 64 }, (_, i) => Math.sin(i));
    const whole = await localDecoder(latent, 40, 64);
    const tiled = await decodeTiled(localDecoder, latent, size, 30);
    expect(tiled.length).toBe(whole.length);
    for (let i = 0; i < whole.length; i++) expect(Math.abs(tiled[i]! - whole[i]!)).toBeLessThan(1e-5);
  });

  it("are used only when the whole does not fit, and then fit", () => {
    const size = { height: 40, width: 64 };
    expect(tilesFor(official, size, 8e9)).toBeNull();
    const side = tilesFor(official, size, 0.4e9)!;
    expect(side).toBeLessThan(64);
    expect(decodeBytes(official, { height: side, width: side })).toBeLessThan(0.2e9);
  });
});
