import {
  ColourCount,
  type DominantColour,
  type Pixels,
  type Quality,
  qualityOf,
  type Shot,
  ShotDetector,
  signatureOf,
} from "../../../core/vision/index.ts";
import { type MediaTools, type PictureSource, sampleFrames } from "../../media/index.ts";
import { type Care, frameGrid } from "./sampling.ts";

/** What arithmetic tells of a film. */
export interface Survey {
  readonly colours: DominantColour[];
  readonly shots: Shot[];
  readonly interval: number;
  readonly candidates: readonly (Quality & { readonly time: number })[];
}

/** Longest side of the frames that are compared, pixels. */
const SIDE = 192;
/** Colours and sharpness are taken of about so many frames; the rest only tells shots. */
const CANDIDATES = 240;

export interface LookOptions {
  readonly care: Care;
  readonly signal: AbortSignal;
  readonly inBackground: boolean;
  /** 0 to 1, never decreasing. */
  readonly onProgress: (fraction: number) => void;
}

/** Goes through a picture or a film once. Memory: a few numbers a frame. Errors: MEDIA_UNREADABLE, CANCELLED. */
export async function survey(tools: MediaTools, source: PictureSource, options: LookOptions): Promise<Survey> {
  const { rate, interval, keyFramesOnly } = frameGrid(source, options.care);
  const expected = rate === null ? 1 : Math.max(1, source.seconds * rate);
  const every = Math.max(1, Math.round(expected / CANDIDATES));
  const [colours, shots] = [new ColourCount(), new ShotDetector(rate ?? 1)];
  const candidates: (Quality & { time: number })[] = [];
  let count = 0;
  const take = (frame: Pixels & { readonly time: number }): void => {
    if (rate !== null) shots.add(frame.time, signatureOf(frame));
    if (count % every === 0) {
      colours.add(frame);
      candidates.push({ time: frame.time, ...qualityOf(frame) });
    }
    count += 1;
    options.onProgress(Math.min(1, count / expected));
  };
  await sampleFrames(tools, source, { side: SIDE, rate, keyFramesOnly }, async (frame) => take(frame), options);
  return {
    colours: colours.dominant(),
    shots: rate === null ? [] : shots.shots(Math.max(source.seconds, count * interval)),
    interval,
    candidates,
  };
}
