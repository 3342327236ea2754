import { describe, expect, it } from "vitest";
import { planFrame } from "../render-plan/index.ts";
import { FLICKS_PER_SECOND } from "../time/index.ts";
import { findClip, type Timeline } from "../timeline/index.ts";
import { add, clipId, edited, empty, frames } from "../timeline/testing/sample.ts";
import { type CropPath, cropSize, reframeParameters } from "./index.ts";

/** The sample's film (1920×1080, 24 a second, ten seconds) on a timeline of another shape. */
function portrait(fit: "contain" | "cover" | "fill" = "contain"): Timeline {
  const document = add(empty(), "V1", "film", "film", 0, 240);
  const shaped = edited(document, "setSettings", { width: 1080, height: 1920 });
  return edited(shaped, "setClip", { clips: [clipId(shaped, "film")], fit });
}

const crop = cropSize(9 / 16, { width: 1920, height: 1080 });
/** From left to right in five seconds, a jump, then from the middle back to the left. */
const ramp = (start: number, end: number, from: number, to: number): CropPath => {
  const times = Array.from({ length: 51 }, (_, i) => start + ((end - start) * i) / 50);
  return {
    start,
    end,
    times,
    x: times.map((time) => from + ((to - from) * (time - start)) / (end - start)),
    y: times.map(() => 0.5),
    subject: 1,
  };
};
const paths = [ramp(0, 5, 0.2, 0.8), ramp(5, 10, 0.5, 0.2)];
const wanted = (seconds: number): number =>
  seconds < 5 - 1e-9 ? 0.2 + 0.12 * seconds : 0.5 - 0.06 * (Math.min(10, seconds) - 5);

function reframed(document: Timeline): Timeline {
  const clip = findClip(document, clipId(document, "film"))!;
  const size = { width: 1920, height: 1080 };
  const parameters = reframeParameters({ settings: document.settings, clip, size, crop, paths });
  return edited(document, "reframe", { clip: clip.id, parameters });
}

/** The stretch of the picture's width and height that the frame shows, from what is planned to be painted. */
function shown(
  document: Timeline,
  frame: number,
): { left: number; right: number; top: number; bottom: number; source: number } {
  const [layer] = planFrame(document, frames(frame)).layers;
  if (layer?.kind !== "picture") throw new Error("no picture is shown");
  const { width, height } = document.settings;
  const scale =
    layer.fit === "contain"
      ? Math.min(width / 1920, height / 1080)
      : layer.fit === "cover"
        ? Math.max(width / 1920, height / 1080)
        : null;
  const fitted = scale === null ? [1, 1] : [(scale * 1920) / width, (scale * 1080) / height];
  const [w, h] = [fitted[0]! * layer.scaleX, fitted[1]! * layer.scaleY];
  const [x, y] = [0.5 + layer.x - w / 2, 0.5 + layer.y - h / 2];
  return {
    left: -x / w,
    right: (1 - x) / w,
    top: -y / h,
    bottom: (1 - y) / h,
    source: layer.sourceTime / FLICKS_PER_SECOND,
  };
}

describe("reframeParameters", () => {
  it.each(["contain", "cover", "fill"] as const)(
    "lets the frame show the crop and nothing else, with fit “%s”",
    (fit) => {
      const document = reframed(portrait(fit));
      for (let frame = 0; frame < 240; frame++) {
        const { left, right, top, bottom, source } = shown(document, frame);
        expect(Math.abs((left + right) / 2 - wanted(source))).toBeLessThan(0.006);
        expect(right - left).toBeCloseTo(crop.width, 6);
        expect([top, bottom].map((edge) => Math.round(edge * 1e6) / 1e6 + 0)).toEqual([0, 1]);
      }
    },
  );

  it("jumps on the very frame of the cut, and needs few keyframes", () => {
    const document = reframed(portrait());
    expect((shown(document, 119).left + shown(document, 119).right) / 2).toBeGreaterThan(0.78);
    expect((shown(document, 120).left + shown(document, 120).right) / 2).toBeCloseTo(0.5, 2);
    const { positionX, positionY } = findClip(document, clipId(document, "film"))!.parameters;
    expect(typeof positionX === "object" && positionX.keyframes.length).toBeLessThan(8);
    expect(positionY ?? 0).toBe(0);
  });

  it("stays within what a clip's parameters can say, also of a picture 20 000 pixels wide", () => {
    const document = portrait();
    const clip = findClip(document, clipId(document, "film"))!;
    const size = { width: 20_000, height: 64 };
    const narrow = cropSize(9 / 16, size);
    const path = { ...ramp(0, 10, narrow.width / 2, 1 - narrow.width / 2) };
    const parameters = reframeParameters({
      settings: document.settings,
      clip,
      size,
      crop: narrow,
      paths: [path],
    });
    // An edit refuses what is out of range.
    const after = findClip(edited(document, "reframe", { clip: clip.id, parameters }), clip.id)!.parameters;
    expect(Number(after.scaleY) / Number(after.scaleX)).toBeCloseTo(1);
    expect(typeof after.positionX === "object" && after.positionX.keyframes[0]!.value).toBeGreaterThan(9.9);
  });

  it("holds at other speeds and backwards", () => {
    const fast = edited(portrait(), "setSpeed", { clip: clipId(portrait(), "film"), speed: 2 });
    const back = edited(fast, "reverse", { clip: clipId(fast, "film") });
    for (const document of [reframed(fast), reframed(back)])
      for (let frame = 0; frame < 119; frame++) {
        const { left, right, source } = shown(document, frame);
        if (Math.abs(source - 5) > 0.1) expect(Math.abs((left + right) / 2 - wanted(source))).toBeLessThan(0.01);
      }
  });
});
