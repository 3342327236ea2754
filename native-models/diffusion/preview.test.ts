import { describe, expect, it } from "vitest";
import { toRgb8 } from "./rgb.ts";
import { fitPreviewMap, previewFrames } from "./preview.ts";

describe("the latent preview", () => {
  it("finds the map of a decoder that is linear, and paints with it", async () => {
    // R = 0.2 a - 0.1 b, G = 0.1 c + 0.1, B = -0.15 d: inside -1..1 for all but the wildest latents.
    const weights = [
      [0.05, -0.02, 0, 0, 0],
      [0, 0, 0.03, 0, 0.1],
      [0, 0, 0, -0.04, 0],
    ];
    const map = await fitPreviewMap(async (latent, height, width) => {
      const cells = height * width;
      const image = new Float32Array(3 * cells * 64);
      for (let k = 0; k < 3; k++) {
        for (let i = 0; i < cells * 64; i++) {
          const cell = ((i / (width * 8)) >> 3) * width + ((i % (width * 8)) >> 3);
          const row = weights[k]!;
          image[k * cells * 64 + i] =
            row[4]! + [0, 1, 2, 3].reduce((s, c) => s + row[c]! * latent[c * cells + cell]!, 0);
        }
      }
      return image;
    });
    for (const [k, row] of weights.entries()) {
      for (const [c, weight] of row.entries())
        expect(map[k]![c]).toBeCloseTo(c === 4 ? (weight + 1) * 127.5 : weight * 127.5, 1);
    }
    const size = { batch: 1, frames: 1, height: 1, width: 1 };
    const { rgba } = previewFrames(map, Float32Array.of(1, 1, 1, 1), size, 3);
    expect([...rgba]).toEqual([131, 144, 122, 255]);
  });

  it("turns -1..1 into bytes by cutting off, as the reference does", () => {
    const image = Float32Array.of(-2, 0, 1, 0.999, -1, 3);
    // Channel by channel: R of two pixels, G of two, B of two.
    expect([...toRgb8(image)]).toEqual([0, 255, 0, 127, 254, 255]);
  });
});
