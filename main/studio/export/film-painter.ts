import { isDeepStrictEqual } from "node:util";
import { MaskPictures, paintFrame } from "../../../core/paint/index.ts";
import { type FramePlan, PLAIN_LOOK, type PictureVisual, planFrame } from "../../../core/render-plan/index.ts";
import { frameToFlicks, type Flicks, type Rate } from "../../../core/time/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { nodeHost, nodePicture, type NodeSurface, nodeSurface } from "../../paint/node-host.ts";
import { nodeFrame, pngOf, thumbnail } from "../../paint/node-frame.ts";
import type { FramePool, Pictures } from "./frame-pool.ts";
import type { MaskFiles } from "./mask-files.ts";

export interface FilmFormat {
  readonly width: number;
  readonly height: number;
  readonly rate: Rate;
  readonly start: Flicks;
  /** Without the timeline's background. */
  readonly alpha: boolean;
}

/** Paints a timeline's frames one after the other, as the viewer paints them. */
export class FilmPainter {
  private readonly document: Timeline;
  private readonly format: FilmFormat;
  private readonly pool: FramePool;
  /** Two, so that one can be written while the other is painted. */
  private readonly surfaces: readonly [NodeSurface, NodeSurface];
  private count = 0;
  private last: { readonly key: string; readonly pixels: Uint8Array } | null = null;
  private shown: NodeSurface | null = null;
  private pictures: Pictures | null = null;
  private readonly host;
  private readonly copies: readonly [Uint8Array, Uint8Array];

  /** @param masks of media whose subject is wanted */
  constructor(document: Timeline, format: FilmFormat, pool: FramePool, masks: MaskFiles) {
    const { mask } = new MaskPictures((media, time) => masks.find(media, time), nodePicture);
    this.host = nodeHost((media, time) => this.pictures?.find(media, time) ?? null, mask);
    this.document = document;
    this.format = format;
    this.pool = pool;
    const { width, height } = format;
    this.surfaces = [nodeSurface(width, height), nodeSurface(width, height)];
    const bytes = width * height * 4;
    this.copies = [new Uint8Array(bytes), new Uint8Array(bytes)];
  }

  /** RGBA8 of frame `n`, not premultiplied. Equal frames one after the other are painted once. */
  async frame(n: number): Promise<Uint8Array> {
    const { width, height, rate, start, alpha } = this.format;
    const plan = planFrame(this.document, start + frameToFlicks(n, rate));
    const pictures = await this.pool.pictures(plan);
    const key = `${JSON.stringify(plan.layers, withoutTimes)} ${pictures.key}`;
    if (this.last?.key === key) return this.last.pixels;
    const turn = this.count++ % 2;
    const surface = this.surfaces[turn]!;
    let pixels = untouched(plan, pictures, this.format);
    if (pixels === null) {
      this.pictures = pictures;
      const background = alpha ? "#00000000" : plan.background;
      paintFrame({ ...plan, background }, surface.context, this.host, width, height);
      // Premultiplied is the same where nothing is transparent, and costs no second look at each pixel.
      pixels = alpha ? new Uint8Array(surface.pixels().buffer) : surface.raw();
      this.shown = surface;
    } else {
      // The decoder uses its buffers again while this one is still being written.
      this.copies[turn]!.set(pixels);
      pixels = this.copies[turn]!;
      this.shown = null;
    }
    this.last = { key, pixels };
    return pixels;
  }

  /** The first frame as a PNG file's bytes. */
  async png(): Promise<Buffer> {
    const { width, height } = this.format;
    const pixels = await this.frame(0);
    const frame = nodeFrame(width, height);
    frame.put(new Uint8ClampedArray(pixels));
    return pngOf(frame.picture);
  }

  /** The frame painted last, small. */
  preview(width: number, height: number): Uint8ClampedArray | null {
    if (this.shown !== null)
      return thumbnail(
        { image: this.shown.image, width: this.format.width, height: this.format.height },
        width,
        height,
      );
    return this.last === null ? null : shrunk(this.last.pixels, this.format, width, height);
  }
}

const withoutTimes = (name: string, value: unknown): unknown =>
  name === "sourceTime" || name === "clip" ? undefined : value;

/** The one picture that fills the frame as it is: its pixels are those that painting would give. */
function untouched(plan: FramePlan, { only }: Pictures, { width, height }: FilmFormat): Uint8Array | null {
  const [layer] = plan.layers;
  if (only === null || plan.layers.length !== 1 || layer?.kind !== "picture") return null;
  if (only.width !== width || only.height !== height || plan.width !== width || !isUntouched(layer)) return null;
  const { pixels } = only.frame;
  return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
}

/** True where a picture is shown whole, upright, unfiltered and opaque. */
export const isUntouched = (layer: PictureVisual): boolean =>
  Object.entries(PLAIN_LOOK).every(([name, value]) => isDeepStrictEqual(layer[name as keyof typeof PLAIN_LOOK], value));

/** By picking pixels: good enough to look at in passing. */
function shrunk(pixels: Uint8Array, from: FilmFormat, width: number, height: number): Uint8ClampedArray {
  const out = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at =
        4 *
        (Math.floor(((y + 0.5) * from.height) / height) * from.width + Math.floor(((x + 0.5) * from.width) / width));
      out.set(pixels.subarray(at, at + 4), 4 * (y * width + x));
    }
  return out;
}
