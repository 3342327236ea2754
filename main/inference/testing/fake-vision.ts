import { setTimeout as sleep } from "node:timers/promises";
import type { Picture, PictureObject, VisionPipeline } from "../../../native-models/types.ts";
import { fakeEyes } from "./fake-summary.ts";

/*
 * Eyes for tests that see with arithmetic what the real ones see with networks: a red patch is a “circle”, a pale picture is “snow”.
 * The colour of a picture's first pixel makes it misbehave: magenta aborts the engine, yellow makes it slow.
 */
export function fakeVision(misbehave: (has: (word: string) => boolean) => void): VisionPipeline {
  const mind = async ({ rgb }: Picture): Promise<void> => {
    const [r = 0, g = 0, b = 0] = rgb;
    if (r > 240 && g < 60 && b > 240) misbehave((word) => word === "abort");
    if (r > 240 && g > 240 && b < 16) await sleep(200);
  };
  return {
    kind: "vision",
    summary: fakeEyes,
    async tags(pictures) {
      for (const picture of pictures) await mind(picture);
      return pictures.map((picture) => [
        ...(redPatch(picture) === null ? [] : [{ label: "red", score: 0.9 }]),
        ...(meanLight(picture) > 160 ? [{ label: "snow", score: 0.8 }] : []),
      ]);
    },
    async objects(picture) {
      await mind(picture);
      const patch = redPatch(picture);
      return patch === null ? [] : [patch];
    },
    close: async () => {},
  };
}

const meanLight = ({ rgb }: Picture): number => rgb.reduce((sum, value) => sum + value, 0) / rgb.length;

/** The smallest box around all red pixels. */
function redPatch({ width, height, rgb }: Picture): PictureObject | null {
  const isRed = (x: number, y: number): boolean => {
    const i = (y * width + x) * 3;
    return rgb[i]! > 150 && rgb[i + 1]! < 100 && rgb[i + 2]! < 100;
  };
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      if (isRed(x, y)) {
        [left, top] = [Math.min(left, x), Math.min(top, y)];
        [right, bottom] = [Math.max(right, x + 1), Math.max(bottom, y + 1)];
      }
  if (right <= left) return null;
  const size = { width: right - left, height: bottom - top };
  const data = new Uint8Array(size.width * size.height);
  for (let y = 0; y < size.height; y += 1)
    for (let x = 0; x < size.width; x += 1) data[y * size.width + x] = isRed(left + x, top + y) ? 1 : 0;
  return { label: "circle", score: 0.95, box: [left, top, right, bottom], mask: { left, top, ...size, data } };
}
