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

/** A part of a film, seconds of its time. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Longest side of the frames that are compared, pixels. */
const SIDE = 192;
/** Colours and sharpness are taken of about so many frames; the rest only tells shots. */
const CANDIDATES = 240;

export interface LookOptions {
  readonly care: Care;
  /** The part of a film that is looked at, seconds; absent: all of it. */
  readonly stretch?: Stretch | undefined;
  readonly signal: AbortSignal;
  readonly inBackground: boolean;
  /** 0 to 1, never decreasing. */
  readonly onProgress: (fraction: number) => void;
}

/** Goes through a picture or a film once. Memory: a few numbers a frame. Errors: MEDIA_UNREADABLE, CANCELLED. */
export async function survey(tools: MediaTools, source: PictureSource, options: LookOptions): Promise<Survey> {
  const { from, seconds } = partOf(source, options.stretch);
  const { rate, interval, keyFramesOnly } = frameGrid({ ...source, seconds }, options.care);
  const expected = rate === null ? 1 : Math.max(1, seconds * rate);
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
  await sampleFrames(
    tools,
    source,
    { side: SIDE, rate, keyFramesOnly, from, length: seconds },
    async (frame) => take(frame),
    options,
  );
  return {
    colours: colours.dominant(),
    shots: rate === null ? [] : shots.shots(from + Math.max(seconds, count * interval)),
    interval,
    candidates,
  };
}

/** Where looking begins, and for how long. */
export function partOf({ seconds }: Pick<PictureSource, "seconds">, stretch: Stretch | undefined) {
  if (stretch === undefined || seconds === 0) return { from: 0, seconds };
  return { from: stretch.start, seconds: Math.min(seconds, stretch.end) - stretch.start };
}
