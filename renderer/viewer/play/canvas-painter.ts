import { MaskPictures, paintFrame, type Picture } from "../../../core/paint/index.ts";
import type { FramePlan, TextVisual } from "../../../core/render-plan/index.ts";
import type { Flicks } from "../../../core/time/index.ts";
import type { SubjectMasks } from "../../../core/vision/index.ts";
import { type BrowserImage, browserHost, browserPicture } from "../../paint/browser-host.ts";

/** Paints plans on a canvas of the window, at whatever size the canvas has. */
export class CanvasPainter {
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private picture: (media: string, sourceTime: Flicks) => Picture<BrowserImage> | null = () => null;
  private readonly host;

  /** @param masks of a media at a time (seconds), null while there are none */
  constructor(canvas: HTMLCanvasElement, masks: (media: string, time: number) => SubjectMasks | null) {
    const { mask } = new MaskPictures<BrowserImage>(masks, browserPicture);
    this.host = browserHost((media, time) => this.picture(media, time), mask);
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) throw new Error("This browser has no 2D canvas.");
    this.canvas = canvas;
    this.context = context;
  }

  paint(plan: FramePlan, picture: (media: string, sourceTime: Flicks) => Picture<BrowserImage> | null): void {
    this.picture = picture;
    const { width, height } = this.canvas;
    paintFrame(plan, this.context, this.host, width, height);
    this.picture = () => null;
  }
}

/** Resolves when the fonts of a plan's texts are there: a canvas would draw with another one. */
export async function loadFonts(plan: FramePlan): Promise<void> {
  const texts = plan.layers
    .flatMap((layer) => (layer.kind === "transition" ? [layer.from, layer.to] : [layer]))
    .filter((visual): visual is TextVisual => visual?.kind === "text");
  const missing = texts.filter(({ style }) => !document.fonts.check(fontOf(style), style.text));
  // A font that cannot be loaded leaves its text in another one.
  await Promise.all(missing.map(({ style }) => document.fonts.load(fontOf(style), style.text).catch(() => [])));
}

const fontOf = ({ italic, weight, font }: TextVisual["style"]): string =>
  `${italic ? "italic " : ""}${weight} 48px "${font}"`;
