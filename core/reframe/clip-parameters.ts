import { FLICKS_PER_SECOND, frameToFlicks, type Rate } from "../time/index.ts";
import {
  type Clip,
  type Keyframe,
  type Parameter,
  parameterInfo,
  sourceTimeAt,
  type Timeline,
} from "../timeline/index.ts";
import type { CropPath, CropSize } from "./crop-path.ts";
import { fitKeyframes } from "./fit-keyframes.ts";

export interface ClipReframe {
  readonly settings: Pick<Timeline["settings"], "width" | "height" | "rate">;
  readonly clip: Clip;
  /** Pixels of the media. */
  readonly size: { readonly width: number; readonly height: number };
  /** Of the timeline's shape, in parts of the picture. */
  readonly crop: CropSize;
  readonly paths: readonly CropPath[];
}

export type ReframeParameters = Readonly<Record<"positionX" | "positionY" | "scaleX" | "scaleY", Parameter>>;

/** Parts of the picture that the keyframes may be off the path. */
const TOLERANCE = 0.004;

/** How large the picture is at scale 1, in parts of the frame's width and height. */
function shownSize({ settings, clip, size }: ClipReframe): readonly [number, number] {
  const [x, y] = [settings.width / size.width, settings.height / size.height];
  if (clip.fit === "fill") return [1, 1];
  const scale = clip.fit === "contain" ? Math.min(x, y) : clip.fit === "cover" ? Math.max(x, y) : 1;
  return [scale / x, scale / y];
}

/**
 * The crop, as much larger as a clip's parameters can say: a frame of a picture 300 times as wide as high would show a thousandth of it.
 * What is beside the picture then is the background.
 */
function crop(reframe: ClipReframe): CropSize {
  const { width, height } = reframe.crop;
  const [shownWidth, shownHeight] = shownSize(reframe);
  const { positionX, positionY, scaleX, scaleY } = parameterInfo;
  const larger = Math.max(
    1,
    0.5 / (positionX.max * width),
    0.5 / (positionY.max * height),
    1 / (scaleX.max * width * shownWidth),
    1 / (scaleY.max * height * shownHeight),
  );
  return { width: width * larger, height: height * larger };
}

/** Where the crop is at a time of the media, and which path that is of. */
function cropAt(
  paths: readonly CropPath[],
  time: number,
): { readonly path: number; readonly x: number; readonly y: number } {
  const path = Math.max(
    0,
    paths.findLastIndex(({ start }) => start <= time + 1e-6),
  );
  const { times, x, y } = paths[path]!;
  const next = times.findIndex((each) => each > time);
  if (next === 0 || times.length === 1) return { path, x: x[0]!, y: y[0]! };
  if (next < 0) return { path, x: x.at(-1)!, y: y.at(-1)! };
  const share = (time - times[next - 1]!) / (times[next]! - times[next - 1]!);
  const between = (values: readonly number[]): number =>
    values[next - 1]! + (values[next]! - values[next - 1]!) * share;
  return { path, x: between(x), y: between(y) };
}

/**
 * The position and scale of a clip with which the timeline's frame shows the crop: ordinary keyframes, eased within a shot and held at
 * its end. Whatever speed the clip is played at, and in whichever direction.
 */
export function reframeParameters(reframe: ClipReframe): ReframeParameters {
  const { clip, paths, settings } = reframe;
  const { width, height } = crop(reframe);
  const [shownWidth, shownHeight] = shownSize(reframe);
  const runs = runsOf(clip, paths, settings.rate);
  const along = (axis: "x" | "y"): Parameter => {
    const part = axis === "x" ? width : height;
    const keyframes = runs.flatMap((run, i): Keyframe[] => {
      const values = run[axis].map((centre) => (0.5 - centre) / part);
      const fitted = fitKeyframes(run.times, values, TOLERANCE / part);
      const isLast = i === runs.length - 1;
      return fitted.map((keyframe, k) =>
        !isLast && k === fitted.length - 1 ? { ...keyframe, easing: { type: "hold" } } : keyframe,
      );
    });
    const first = keyframes[0]!.value;
    return keyframes.every(({ value }) => Math.abs(value - first) < TOLERANCE / part) ? first : { keyframes };
  };
  return {
    positionX: along("x"),
    positionY: along("y"),
    scaleX: 1 / (width * shownWidth),
    scaleY: 1 / (height * shownHeight),
  };
}

interface Run {
  readonly times: number[];
  readonly x: number[];
  readonly y: number[];
}

/** The crop at every frame of the clip, cut where one path ends and another begins. Times in flicks after the clip's start. */
function runsOf(clip: Clip, paths: readonly CropPath[], rate: Rate): Run[] {
  const runs: Run[] = [];
  let last = -1;
  for (let frame = 0; ; frame++) {
    const time = Math.min(clip.sourceRange.duration, frameToFlicks(frame, rate));
    const { path, x, y } = cropAt(paths, sourceTimeAt(clip, time) / FLICKS_PER_SECOND);
    if (path !== last) runs.push({ times: [], x: [], y: [] });
    last = path;
    const run = runs.at(-1)!;
    run.times.push(time);
    run.x.push(x);
    run.y.push(y);
    if (time >= clip.sourceRange.duration) return runs;
  }
}
