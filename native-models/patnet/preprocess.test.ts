import { describe, expect, it } from "vitest";
import { classifierCrop, classifierInput, detectorInput, detectorSize } from "./preprocess.ts";
import { resizeBicubic, resizeBilinear } from "./resize.ts";
import { testPicture } from "./testing-model.testkit.ts";

const flat = (width: number, height: number, value = 100) => ({
  width,
  height,
  rgb: new Uint8Array(width * height * 3).fill(value),
});

describe("resizing", () => {
  it("keeps a flat picture flat at any size", () => {
    for (const resize of [resizeBicubic, resizeBilinear])
      for (const [width, height] of [
        [1, 1],
        [7, 300],
        [300, 7],
      ] as const)
        expect(new Set(resize(flat(33, 21), width, height).rgb)).toEqual(new Set([100]));
  });

  it("gives the same picture at the same size", () => {
    const picture = testPicture(19, 23);
    expect(resizeBicubic(picture, 19, 23).rgb).toEqual(picture.rgb);
    expect(resizeBilinear(picture, 19, 23).rgb).toEqual(picture.rgb);
  });

  it("halves by averaging with antialiasing and without", () => {
    const stripes = { width: 4, height: 1, rgb: Uint8Array.from([0, 0, 0, 200, 200, 200, 0, 0, 0, 200, 200, 200]) };
    expect([...resizeBilinear(stripes, 2, 1).rgb]).toEqual(Array(6).fill(100));
  });
});

describe("classifierCrop", () => {
  it("takes the middle, from one pixel to very long pictures", () => {
    for (const [width, height] of [
      [1, 1],
      [2000, 20],
      [20, 2000],
      [224, 224],
    ] as const)
      expect(classifierCrop(flat(width, height), 224)).toMatchObject({ width: 224, height: 224 });
  });

  it("warps instead of cropping from 384 on", () => {
    expect(classifierCrop(testPicture(30, 60), 384)).toMatchObject({ width: 384, height: 384 });
  });

  it("is normalised by ImageNet's mean and deviation", () => {
    const input = classifierInput(flat(2, 2, 255));
    expect(input[0]).toBeCloseTo((1 - 0.485) / 0.229, 5);
    expect(input[11]).toBeCloseTo((1 - 0.406) / 0.225, 5);
  });
});

describe("detector input", () => {
  it("fits inside the limits and pads with zeros to whole cells", () => {
    const size = detectorSize({ width: 100, height: 50 }, [160, 96]);
    expect(size).toMatchObject({ width: 160, height: 80, paddedWidth: 160, paddedHeight: 96 });
    const input = detectorInput(flat(100, 50), size);
    expect(input).toHaveLength(3 * 160 * 96);
    expect(input[79 * 160]).toBeCloseTo((100 - 123.675) / 58.395, 5);
    expect(new Set(input.subarray(80 * 160, 96 * 160))).toEqual(new Set([0]));
  });

  it("takes pictures of extreme shapes", () => {
    expect(detectorSize({ width: 1, height: 1 }, [1333, 800])).toMatchObject({ width: 800, height: 800 });
    expect(detectorSize({ width: 20000, height: 3 }, [1333, 800])).toMatchObject({ width: 1333, height: 1 });
  });
});
