import { paintFrame, type Picture } from "../../core/paint/index.ts";
import { type FramePlan, PLAIN_LOOK, type PictureVisual, type TransitionLayer } from "../../core/render-plan/index.ts";
import type { Transition } from "../../core/timeline/index.ts";
import { type BrowserImage, browserHost } from "../paint/browser-host.ts";

/** Pixels of a preview: twice what the card shows, for dense screens. */
export const [PREVIEW_WIDTH, PREVIEW_HEIGHT] = [192, 108] as const;

/** Where each is seen best while it stands still. */
export const typical: Readonly<Record<Transition["type"], number>> = {
  dissolve: 0.5,
  dip: 0.3,
  wipe: 0.45,
  slide: 0.5,
  push: 0.5,
  iris: 0.4,
  clock: 0.35,
  zoom: 0.45,
  blur: 0.4,
};

const side = (media: string): PictureVisual => ({
  ...PLAIN_LOOK,
  kind: "picture",
  fit: "fill",
  clip: media,
  media,
  sourceTime: 0,
});

/** Draws a moment of a transition from night to day, with the painter that the viewer and the export use. */
export function paintPreview(target: CanvasRenderingContext2D, type: Transition["type"], progress: number): void {
  const layer: TransitionLayer = {
    kind: "transition",
    id: type,
    type,
    direction: "left",
    colour: "#000000",
    softness: type === "wipe" || type === "iris" || type === "clock" ? 0.04 : 0,
    progress,
    from: side("night"),
    to: side("day"),
  };
  const plan: FramePlan = {
    time: 0,
    width: PREVIEW_WIDTH,
    height: PREVIEW_HEIGHT,
    background: "#000000",
    layers: [layer],
    pending: [],
  };
  host ??= browserHost((media) => pictures()[media as "night" | "day"]);
  paintFrame(plan, target, host, PREVIEW_WIDTH, PREVIEW_HEIGHT);
}
let host: ReturnType<typeof browserHost> | null = null;

type Pictures = Readonly<Record<"night" | "day", Picture<BrowserImage>>>;
let drawn: Pictures | null = null;

/** Two landscapes that differ in all that a transition plays with: brightness, colour, shape. */
function pictures(): Pictures {
  drawn ??= {
    night: landscape({
      sky: ["#101828", "#2b3a55"],
      light: ["#dfe6f2", 0.7, 0.32, 0.13],
      hills: ["#1b2435", "#0b1019"],
    }),
    day: landscape({ sky: ["#9db8c9", "#efe3cf"], light: ["#fff6df", 0.3, 0.42, 0.19], hills: ["#7d8f76", "#55664f"] }),
  };
  return drawn;
}

interface Landscape {
  readonly sky: readonly [string, string];
  /** Colour, place and radius in parts of the width and height. */
  readonly light: readonly [string, number, number, number];
  readonly hills: readonly [string, string];
}

function landscape({ sky, light, hills }: Landscape): Picture<BrowserImage> {
  const [width, height] = [PREVIEW_WIDTH, PREVIEW_HEIGHT];
  const image = new OffscreenCanvas(width, height);
  const canvas = image.getContext("2d");
  if (canvas === null) throw new Error("This browser has no 2D canvas.");
  const gradient = canvas.createLinearGradient(0, 0, 0, height);
  gradient.addColorStop(0, sky[0]);
  gradient.addColorStop(1, sky[1]);
  canvas.fillStyle = gradient;
  canvas.fillRect(0, 0, width, height);
  canvas.fillStyle = light[0];
  canvas.beginPath();
  canvas.arc(width * light[1], height * light[2], height * light[3], 0, 2 * Math.PI);
  canvas.fill();
  for (const [i, colour] of hills.entries()) {
    canvas.fillStyle = colour;
    canvas.beginPath();
    canvas.moveTo(0, height);
    canvas.lineTo(0, height * (0.7 + 0.12 * i));
    canvas.bezierCurveTo(
      width * 0.3,
      height * (0.45 + 0.25 * i),
      width * 0.6,
      height * 0.95,
      width,
      height * (0.6 + 0.2 * i),
    );
    canvas.lineTo(width, height);
    canvas.fill();
  }
  return { image, width, height };
}
