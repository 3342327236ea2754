import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  bearsOut,
  type Box,
  colourShares,
  mainColour,
  type Shot,
  toGrid,
  Tracker,
} from "../../../core/vision/index.ts";
import { type EngineHost, engineThreads, type ObjectMask, type Sight } from "../../inference/index.ts";
import { type MediaTools, type PictureSource, sampleFrames } from "../../media/index.ts";
import type { InstalledModel } from "../models/model-service.ts";
import { sightGrid } from "./sampling.ts";
import { type LookOptions, partOf } from "./survey.ts";
import { TagCount, type TagFacts } from "./tag-count.ts";

/** What the eyes saw. */
export interface Sights extends TagFacts {
  readonly tracker: Tracker;
  /** How much of a subject is seen at each moment, 0 to 1. */
  readonly subjects: readonly { readonly time: number; readonly subject: number }[];
  readonly moments: number;
  readonly interval: number;
}

/** Frames that go to the engine at a time. */
const BATCH = 8;
/** Bounds of the longest side of the frames that the eyes are shown, pixels: they scale them down themselves. */
const [LEAST_SIDE, MOST_SIDE] = [320, 1333];
/** A subject of this part of the picture counts in full. */
const LARGE = 0.15;
/** Objects of one moment that are followed at most. */
const MOST_OBJECTS = 20;

export interface EyesParts {
  /** An engine of its own: it must neither wait for a clip nor throw the clip's model out. */
  readonly eyes: EngineHost;
  readonly workRoot: string;
}

export interface EyesOptions extends LookOptions {
  readonly objects: boolean;
  /** Keep masks: 1.6 kB for each object at each moment. */
  readonly masks: boolean;
  readonly shots: readonly Shot[];
}

/**
 * Shows a model moments of a film, a few at a time, and links what it finds. Memory: a few hundred bytes an object and moment.
 * Errors: those of the engine and of reading the film.
 */
export async function lookWith(
  { eyes, workRoot }: EyesParts,
  tools: MediaTools,
  source: PictureSource,
  model: InstalledModel,
  options: EyesOptions,
): Promise<Sights> {
  const { from, seconds } = partOf(source, options.stretch);
  const { rate, interval, keyFramesOnly } = sightGrid({ ...source, seconds }, options.care);
  const folder = join(workRoot, `eyes-${randomBytes(6).toString("hex")}`);
  const { width, height, precision } = model.summary.defaults;
  const side = Math.min(MOST_SIDE, Math.max(LEAST_SIDE, 2 * Math.min(width, height)));
  const threads = options.inBackground ? 1 : engineThreads();
  const common = {
    pack: model.folder,
    threads,
    precision,
    device: "cpu" as const,
    tags: true,
    objects: options.objects,
  };
  const tracker = new Tracker(interval);
  const tags = new TagCount();
  const subjects: { time: number; subject: number }[] = [];
  const expected = rate === null ? 1 : Math.max(1, seconds * rate);
  let batch: { time: number; rgb: Uint8Array }[] = [];
  let size = { width: 1, height: 1 };
  let shot = 0;
  const take = ({ time, rgb }: (typeof batch)[number], sight: Sight): void => {
    while (shot + 1 < options.shots.length && options.shots[shot + 1]!.start <= time + 1e-6) {
      tracker.cut();
      shot += 1;
    }
    const objects = withoutEchoes(sight.objects);
    const picture = { ...size, rgb };
    const shares = colourShares(picture);
    const seen = { tags: sight.tags.filter(({ label }) => bearsOut(shares, label.toLowerCase())), objects };
    tags.add(seen, ({ mask }) => mainColour(colourShares(picture, mask)));
    const parts = (box: Box): Box =>
      box.map((edge, k) => clamp(edge / (k % 2 ? size.height : size.width))) as unknown as Box;
    tracker.add(
      time,
      objects.slice(0, MOST_OBJECTS).map(({ label, score, box, mask }) => ({
        label,
        score,
        box: parts(box),
        ...(options.masks ? { mask: toGrid(mask, box) } : {}),
      })),
    );
    const covered = objects.reduce((sum, { score, mask }) => sum + score * areaOf(mask.data), 0);
    subjects.push({ time, subject: Math.min(1, covered / (size.width * size.height) / LARGE) });
    options.onProgress(Math.min(1, subjects.length / expected));
  };
  const flush = async (): Promise<void> => {
    const showing = batch;
    batch = [];
    if (showing.length === 0) return;
    const file = join(folder, "pictures");
    await writeFile(file, Buffer.concat(showing.map(({ rgb }) => rgb)));
    const task = { ...common, pictures: { file, ...size }, count: showing.length };
    await eyes.look(task, (index, sight) => take(showing[index]!, sight), options.signal);
  };
  await mkdir(folder, { recursive: true });
  try {
    await sampleFrames(
      tools,
      source,
      { side, rate, keyFramesOnly, from, length: seconds },
      async ({ time, rgb, ...shown }) => {
        size = shown;
        batch.push({ time, rgb: rgb.slice() });
        if (batch.length === BATCH) await flush();
      },
      options,
    );
    await flush();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { tracker, subjects, ...tags.facts(), moments: subjects.length, interval };
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const areaOf = (mask: Uint8Array): number => mask.reduce((sum, value) => sum + value, 0);

/** Two things of a kind do not share this part of the smaller one's pixels: the less sure one is an echo of the other. */
const ECHO = 0.7;

/** Objects, surest first, without parts of them that were found once more. */
export function withoutEchoes(objects: Sight["objects"]): Sight["objects"] {
  const kept: Sight["objects"][number][] = [];
  for (const object of objects) if (!kept.some((other) => isEcho(object, other))) kept.push(object);
  return kept;
}

/** A part of a surer thing of its kind; or the same thing under another name. */
function isEcho(object: Sight["objects"][number], other: Sight["objects"][number]): boolean {
  if (sharedPart(object.mask, other.mask) <= ECHO) return false;
  return other.label === object.label || sharedPart(other.mask, object.mask) > ECHO;
}

/** How much of a mask lies in another, 0 to 1. */
function sharedPart(mask: ObjectMask, other: ObjectMask): number {
  let [all, shared] = [0, 0];
  for (let row = 0; row < mask.height; row += 1)
    for (let column = 0; column < mask.width; column += 1) {
      if (mask.data[row * mask.width + column] !== 1) continue;
      all += 1;
      const [x, y] = [mask.left + column - other.left, mask.top + row - other.top];
      if (x >= 0 && y >= 0 && x < other.width && y < other.height) shared += other.data[y * other.width + x]!;
    }
  return all === 0 ? 0 : shared / all;
}
