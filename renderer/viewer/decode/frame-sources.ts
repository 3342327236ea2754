import type { Picture } from "../../../core/paint/index.ts";
import { type FramePlan, ownerOf, type PictureAt, picturesIn } from "../../../core/render-plan/index.ts";
import type { Flicks } from "../../../core/time/index.ts";
import { findClip, findMedia, type MediaReference, type Timeline } from "../../../core/timeline/index.ts";
import type { BrowserImage } from "../../paint/browser-host.ts";
import type { Locate, MediaAddress } from "./address.ts";
import { MediaProblem } from "./media-file.ts";
import type { MediaFiles } from "./media-files.ts";
import { type FrameReader, StillReader } from "./still.ts";
import { VideoReader } from "./video-reader.ts";

/** Decoded frames that all readers keep together, bytes. */
const BUDGET = 384 * 2 ** 20;
/** Readers of clips that are not seen any more; they are near what is seen, mostly. */
const RESTING = 4;

interface Source {
  readonly url: string;
  readonly kind: "film" | "still";
  readonly origin: Flicks;
  reader: FrameReader | null;
  /** Resolves when the reader is there, or has failed. */
  readonly opened: Promise<void>;
  problem: string | null;
  used: number;
  isClosed: boolean;
}

/**
 * Decoded pictures for everything that a plan shows: one reader for each clip (two clips of one file are two places in it), over one
 * connection for each file. Holds what is seen and a few of those that were seen before; `dispose` closes all.
 */
export class FrameSources {
  private readonly sources = new Map<string, Source>();
  private readonly files: MediaFiles;
  private readonly locate: Locate;
  private document: Timeline;
  private uses = 0;
  /** Of the readers that `prepare` has for what comes after a jump. */
  private prepared: ReadonlySet<string> = new Set();

  constructor(document: Timeline, files: MediaFiles, locate: Locate) {
    this.document = document;
    this.files = files;
    this.locate = locate;
  }

  setDocument(document: Timeline): void {
    this.document = document;
  }

  /** Says what is looked at and which way it goes on, so that decoding can begin. */
  aim(plan: FramePlan, direction: -1 | 0 | 1): void {
    for (const visual of picturesIn(plan)) {
      const source = this.sourceOf(visual);
      source?.reader?.aim(visual.sourceTime + source.origin, directionOf(this.document, visual, direction));
    }
    this.rest(plan);
  }

  /** Opens what a plan shows and `now` does not, at its place: it will be needed soon. */
  open(plan: FramePlan, now: FramePlan): void {
    const seen = new Set(picturesIn(now).map(keyOf));
    for (const visual of picturesIn(plan)) {
      if (seen.has(keyOf(visual))) continue;
      const source = this.sourceOf(visual);
      source?.reader?.aim(visual.sourceTime + source.origin, 0);
    }
  }

  /**
   * Decodes what will be jumped to, beside what is shown now, until `turn`: also of a clip that is shown now, with a reader of its own.
   * Null: nothing will be jumped to any more.
   */
  prepare(plan: FramePlan | null, direction: -1 | 1 = 1): void {
    const visuals = plan === null ? [] : picturesIn(plan);
    this.prepared = new Set(visuals.map(nextKey));
    for (const visual of visuals) {
      const source = this.sourceOf(visual, nextKey(visual));
      source?.reader?.aim(visual.sourceTime + source.origin, directionOf(this.document, visual, direction));
    }
  }

  /** The jump: what was prepared is shown from now on; who showed it until now can prepare it the next time. */
  turn(): void {
    for (const key of this.prepared) {
      const shown = key.slice(0, -NEXT.length);
      const [now, next] = [this.sources.get(shown), this.sources.get(key)];
      if (next === undefined) continue;
      this.sources.set(shown, next);
      if (now === undefined) this.sources.delete(key);
      else this.sources.set(key, now);
    }
  }

  /** True where everything that the plan shows is decoded, or has a problem. @param of readers that show, or that `prepare` */
  isReady(plan: FramePlan, of: "shown" | "prepared" = "shown"): boolean {
    return picturesIn(plan).every((visual) => {
      const source = this.sourceOf(visual, of === "shown" ? keyOf(visual) : nextKey(visual));
      if (source === null || source.problem !== null) return true;
      return source.reader !== null && source.reader.at(visual.sourceTime + source.origin) !== null;
    });
  }

  /** Resolves when all that the plan shows is decoded as far as it can be; never rejects. */
  async ready(plan: FramePlan, direction: -1 | 0 | 1 = 0): Promise<void> {
    await Promise.all(
      picturesIn(plan).map(async (visual) => {
        const source = this.sourceOf(visual);
        if (source === null) return;
        await source.opened;
        try {
          await source.reader?.ready(visual.sourceTime + source.origin, directionOf(this.document, visual, direction));
        } catch (cause) {
          source.problem = sentence(cause);
        }
      }),
    );
    this.rest(plan);
  }

  /** How far what is decoded is from what the plan shows, where that is farthest; infinite while something of it has no picture yet. */
  distance(plan: FramePlan): Flicks {
    const far = picturesIn(plan).map((visual) => {
      const source = this.sourceOf(visual);
      if (source === null || source.problem !== null) return 0;
      return source.reader?.distance(visual.sourceTime + source.origin) ?? Number.POSITIVE_INFINITY;
    });
    return Math.max(0, ...far);
  }

  /** The picture of a visual, the nearest one that is decoded where it is late; for the painter, right after `isReady` or `ready`. */
  picture(plan: FramePlan): (media: string, sourceTime: Flicks) => Picture<BrowserImage> | null {
    const found = new Map<string, Picture<BrowserImage>>();
    for (const visual of picturesIn(plan)) {
      const source = this.sources.get(keyOf(visual));
      const time = visual.sourceTime + (source?.origin ?? 0);
      const shown = source?.reader?.at(time) ?? source?.reader?.nearest(time);
      if (shown) found.set(`${visual.media} ${visual.sourceTime}`, shown.picture);
    }
    return (media, time) => found.get(`${media} ${time}`) ?? null;
  }

  /** Why pictures of this plan are missing, by clip. */
  problems(plan: FramePlan): { readonly clip: string; readonly media: string; readonly sentence: string }[] {
    return picturesIn(plan).flatMap((visual) => {
      const media = findMedia(this.document, visual.media);
      if (media === undefined) return [];
      const address = this.locate(media);
      const problem = "problem" in address ? address.problem : (this.sources.get(keyOf(visual))?.problem ?? null);
      return problem === null ? [] : [{ clip: ownerOf(visual), media: media.name, sentence: problem }];
    });
  }

  /** Pixels of a picture that nothing is seen through; null where that is not known, or it cannot be shown. */
  solid(picture: PictureAt): MediaReference["size"] {
    const media = findMedia(this.document, picture.media);
    if (media === undefined || this.sources.get(keyOf(picture))?.problem != null) return null;
    const address = this.locate(media);
    return "problem" in address || address.isSolid !== true ? null : media.size;
  }

  dispose(): void {
    for (const source of this.sources.values()) this.close(source);
    this.sources.clear();
  }

  private sourceOf(visual: PictureAt, key = keyOf(visual)): Source | null {
    const media = findMedia(this.document, visual.media);
    if (media === undefined) return null;
    const address = this.locate(media);
    const known = this.sources.get(key);
    if ("problem" in address) return null;
    if (known?.url === address.url) {
      known.used = ++this.uses;
      return known;
    }
    if (known !== undefined) this.close(known);
    const source = this.make(address, media);
    this.sources.set(key, source);
    return source;
  }

  private make(address: Exclude<MediaAddress, { problem: string }>, media: MediaReference): Source {
    const { url, kind, origin } = address;
    const opened = Promise.withResolvers<void>();
    const source: Source = {
      url,
      kind,
      origin,
      reader: null,
      opened: opened.promise,
      problem: null,
      used: ++this.uses,
      isClosed: false,
    };
    if (kind === "still") {
      source.reader = new StillReader(url);
      opened.resolve();
      return source;
    }
    this.files
      .acquire(url, media.rate)
      .videoTrack()
      .then(
        (facts) => {
          // It may have been closed meanwhile.
          if (!source.isClosed) source.reader = new VideoReader(facts, BUDGET / (RESTING + 2));
        },
        (cause: unknown) => {
          source.problem = sentence(cause);
        },
      )
      .finally(() => opened.resolve());
    return source;
  }

  /** Closes readers that were not used for long. */
  private rest(plan: FramePlan): void {
    const seen = new Set([...picturesIn(plan).map(keyOf), ...this.prepared]);
    const resting = [...this.sources].filter(([key]) => !seen.has(key)).sort(([, a], [, b]) => b.used - a.used);
    for (const [key, source] of resting.slice(RESTING)) {
      this.sources.delete(key);
      this.close(source);
    }
  }

  private close(source: Source): void {
    const { reader, url, kind } = source;
    source.isClosed = true;
    reader?.dispose();
    if (kind === "film") this.files.release(url);
  }
}

const keyOf = ({ clip, media }: PictureAt): string => `${clip} ${media}`;
const NEXT = " next";
const nextKey = (picture: PictureAt): string => keyOf(picture) + NEXT;

/** Which way the media goes on: a clip may play backwards. */
function directionOf(document: Timeline, { clip }: PictureAt, direction: -1 | 0 | 1): -1 | 0 | 1 {
  return direction !== 0 && findClip(document, clip)?.reversed === true ? (-direction as -1 | 1) : direction;
}

const sentence = (cause: unknown): string =>
  cause instanceof MediaProblem ? cause.message : "A part of this file cannot be decoded.";
