import type { Flicks } from "../../../core/time/index.ts";
import type { Picture } from "../../../core/paint/index.ts";
import type { BrowserImage } from "../../paint/browser-host.ts";
import { MediaProblem } from "./media-file.ts";

/** What the viewer asks of any media with a picture. */
export interface FrameReader {
  /** The picture at a time of the media; null where it is not decoded. It is valid until the next `await`. */
  at(time: Flicks): { readonly picture: Picture<BrowserImage> } | null;
  /** What is decoded nearest to that time. */
  nearest(time: Flicks): { readonly picture: Picture<BrowserImage> } | null;
  /** How far from a time what is decoded nearest to it begins: 0 where its own picture is there, infinite where nothing is. */
  distance(time: Flicks): Flicks;
  /** Says where one looks, and which way it goes on. */
  aim(time: Flicks, direction: -1 | 0 | 1): void;
  /** Resolves when the picture at this time is there, or when one looks somewhere else by now. Rejects when decoding fails. */
  ready(time: Flicks, direction?: -1 | 0 | 1): Promise<void>;
  dispose(): void;
}

/** A still picture, decoded once, upright as its EXIF says. */
export class StillReader implements FrameReader {
  private image: ImageBitmap | null = null;
  private readonly loading: Promise<void>;
  private disposed = false;

  constructor(url: string) {
    this.loading = this.load(url);
    // Who waits for it is told; where nobody waits, nobody need be told.
    this.loading.catch(() => undefined);
  }

  private async load(url: string): Promise<void> {
    const answer = await fetch(url).catch(() => null);
    if (answer === null || !answer.ok) throw new MediaProblem("This picture cannot be read any more.");
    const blob = await answer.blob();
    const image = await createImageBitmap(blob, { imageOrientation: "from-image" }).catch(() => {
      throw new MediaProblem("This picture cannot be decoded.");
    });
    if (this.disposed) image.close();
    else this.image = image;
  }

  at(): { readonly picture: Picture<BrowserImage> } | null {
    const { image } = this;
    return image === null ? null : { picture: { image, width: image.width, height: image.height } };
  }

  nearest(): { readonly picture: Picture<BrowserImage> } | null {
    return this.at();
  }

  distance(): Flicks {
    return this.image === null ? Number.POSITIVE_INFINITY : 0;
  }

  aim(): void {
    // It is the same at any time.
  }

  ready(): Promise<void> {
    return this.loading;
  }

  dispose(): void {
    this.disposed = true;
    this.image?.close();
    this.image = null;
  }
}
