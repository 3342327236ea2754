import {
  type CropKeyframes,
  cropKeyframes,
  type CropPath,
  cropPaths,
  type CropSize,
  cropSize,
  boxAt,
  shownPart,
} from "../../../core/reframe/index.ts";
import type { Analysis } from "./analyze-service.ts";

/** A crop of another shape that follows the subject. */
export interface Reframe {
  /** Width and height of the crop in parts of the picture's. */
  readonly crop: CropSize;
  readonly paths: readonly CropPath[];
  /** Its centre in parts of the picture, over seconds. */
  readonly keyframes: CropKeyframes;
  /** Part of the moments at which the whole subject is inside; 1 where there is none. */
  readonly inside: number;
}

/** @param aspect width by height */
export function reframe(
  { facts, tracks }: Analysis,
  media: { readonly width: number; readonly height: number; readonly seconds: number },
  aspect: number,
): Reframe {
  const crop = cropSize(aspect, media);
  const shots = facts.shots.length > 0 ? facts.shots : [{ start: 0, end: Math.max(media.seconds, 1e-3) }];
  const paths = cropPaths({ crop, shots, tracks, interval: facts.interval > 0 ? facts.interval : 1 });
  let [well, all] = [0, 0];
  for (const path of paths) {
    const subject = tracks.find(({ id }) => id === path.subject);
    if (subject === undefined) continue;
    for (const { time } of subject.points.filter((point) => point.time >= path.start && point.time < path.end)) {
      const at = Math.min(path.times.length - 1, Math.round((time - path.start) / Math.max(facts.interval, 1e-6)));
      all += 1;
      if (shownPart(boxAt(subject, time), { x: path.x[at]!, y: path.y[at]! }, crop) > 0.995) well += 1;
    }
  }
  return { crop, paths, keyframes: cropKeyframes(paths), inside: all === 0 ? 1 : well / all };
}
