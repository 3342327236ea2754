import type { TransitionLayer, Visual } from "../render-plan/index.ts";
import type { Canvas2D, Gradient, Surface } from "./canvas.ts";
import { type Stage, stamp, withSurface } from "./stage.ts";

type Paint<Image> = (on: Canvas2D<Image>, visual: Visual) => void;

/** Paints a transition on a transparent surface. Both sides are whole pictures first, so that each may be anything. */
export function paintTransition<Image>(
  stage: Stage<Image>,
  target: Canvas2D<Image>,
  layer: TransitionLayer,
  paint: Paint<Image>,
): void {
  withSurface(stage, (from) => {
    withSurface(stage, (to) => {
      if (layer.from !== null) paint(from.context, layer.from);
      if (layer.to !== null) paint(to.context, layer.to);
      PAINTERS[layer.type](stage, target, from, to, layer);
    });
  });
}

type Painter = <Image>(
  stage: Stage<Image>,
  target: Canvas2D<Image>,
  from: Surface<Image>,
  to: Surface<Image>,
  layer: TransitionLayer,
) => void;

const dissolve: Painter = (stage, target, from, to, { progress }) => {
  // Added, not laid over each other: two opaque pictures stay opaque, and where both are transparent so is what comes of them.
  stamp(stage, target, from, { alpha: 1 - progress });
  stamp(stage, target, to, { alpha: progress, operation: "lighter" });
};

/** Through a colour: it covers the one until the middle, and uncovers the other. */
const dip: Painter = (stage, target, from, to, { progress, colour }) => {
  stamp(stage, target, progress < 0.5 ? from : to);
  target.save();
  target.globalAlpha = 1 - Math.abs(1 - 2 * progress);
  target.fillStyle = colour;
  target.fillRect(0, 0, stage.width, stage.height);
  target.restore();
};

const wipe: Painter = (stage, target, from, to, layer) => {
  const { width, height } = stage;
  const [dx, dy] = way(layer);
  // From the edge where the new picture comes in to the one that it goes to.
  const start = [dx > 0 ? 0 : width, dy > 0 ? 0 : height] as const;
  const end = [start[0] + dx * width, start[1] + dy * height] as const;
  const gradient = to.context.createLinearGradient(start[0], start[1], end[0], end[1]);
  masked(stage, target, from, to, edged(gradient, layer, 1 / Math.max(width, height)));
};

const iris: Painter = (stage, target, from, to, layer) => {
  const { width, height } = stage;
  const radius = Math.hypot(width, height) / 2;
  const gradient = to.context.createRadialGradient(width / 2, height / 2, 0, width / 2, height / 2, radius);
  masked(stage, target, from, to, edged(gradient, layer, 1 / radius));
};

/** Clockwise from the top. */
const clock: Painter = (stage, target, from, to, layer) => {
  const { width, height } = stage;
  const gradient = to.context.createConicGradient(-Math.PI / 2, width / 2, height / 2);
  masked(stage, target, from, to, edged(gradient, layer, 1 / (Math.PI * Math.max(width, height))));
};

const slide: Painter = (stage, target, from, to, layer) => {
  const [dx, dy] = way(layer);
  const rest = 1 - layer.progress;
  stamp(stage, target, from);
  shiftedStamp(stage, target, to, -dx * rest, -dy * rest);
};

const push: Painter = (stage, target, from, to, layer) => {
  const [dx, dy] = way(layer);
  shiftedStamp(stage, target, from, dx * layer.progress, dy * layer.progress);
  shiftedStamp(stage, target, to, -dx * (1 - layer.progress), -dy * (1 - layer.progress));
};

/** Into the one picture, out of which the other comes. */
const zoom: Painter = (stage, target, from, to, { progress }) => {
  scaledStamp(stage, target, from, 1 + progress, 1 - progress, "source-over");
  scaledStamp(stage, target, to, 0.5 + 0.5 * progress, progress, "lighter");
};

/** Out of focus and back, into the other picture. */
const blur: Painter = (stage, target, from, to, { progress }) => {
  const sigma = 0.04 * stage.height * Math.sin(Math.PI * progress);
  for (const [surface, alpha] of [
    [from, 1 - progress],
    [to, progress],
  ] as const)
    withSurface(stage, (soft) => {
      // Near the frame's edge a blur is partly transparent: the sharp picture under it keeps the edge from darkening.
      stamp(stage, soft.context, surface);
      if (sigma > 0) stamp(stage, soft.context, surface, { filter: `blur(${sigma}px)` });
      stamp(stage, target, soft, { alpha, operation: "lighter" });
    });
};

const PAINTERS: Readonly<Record<TransitionLayer["type"], Painter>> = {
  dissolve,
  dip,
  wipe,
  slide,
  push,
  iris,
  clock,
  zoom,
  blur,
};

/** Where the movement goes, in widths and heights of the frame. */
function way({ direction }: TransitionLayer): readonly [number, number] {
  if (direction === "left") return [-1, 0];
  if (direction === "right") return [1, 0];
  return direction === "up" ? [0, -1] : [0, 1];
}

/** Opaque where the new picture is already, with an edge as soft as wanted, at least `sharpest` of the way. */
function edged(gradient: Gradient, { progress, softness }: TransitionLayer, sharpest: number): Gradient {
  const width = Math.max(softness, sharpest);
  // The edge begins before the frame and ends behind it, so that it is whole from 0 to 1.
  const end = progress * (1 + width);
  const start = end - width;
  const opacityAt = (place: number): number => Math.min(1, Math.max(0, (end - place) / width));
  const stop = (place: number): void => gradient.addColorStop(place, `rgba(0, 0, 0, ${opacityAt(place)})`);
  stop(0);
  if (start > 0 && start < 1) stop(start);
  if (end > 0 && end < 1) stop(end);
  stop(1);
  return gradient;
}

/** The new picture where the mask is opaque, the old one where it is not. */
function masked<Image>(
  stage: Stage<Image>,
  target: Canvas2D<Image>,
  from: Surface<Image>,
  to: Surface<Image>,
  mask: Gradient,
): void {
  for (const [surface, operation] of [
    [from, "destination-out"],
    [to, "destination-in"],
  ] as const) {
    surface.context.save();
    surface.context.globalCompositeOperation = operation;
    surface.context.fillStyle = mask;
    surface.context.fillRect(0, 0, stage.width, stage.height);
    surface.context.restore();
  }
  stamp(stage, target, from);
  stamp(stage, target, to, { operation: "lighter" });
}

function shiftedStamp<Image>(
  { width, height }: Stage<Image>,
  target: Canvas2D<Image>,
  { image }: Surface<Image>,
  x: number,
  y: number,
): void {
  target.drawImage(image, x * width, y * height, width, height);
}

function scaledStamp<Image>(
  { width, height }: Stage<Image>,
  target: Canvas2D<Image>,
  { image }: Surface<Image>,
  scale: number,
  alpha: number,
  operation: string,
): void {
  target.save();
  target.globalAlpha = alpha;
  target.globalCompositeOperation = operation;
  target.drawImage(image, (width * (1 - scale)) / 2, (height * (1 - scale)) / 2, width * scale, height * scale);
  target.restore();
}
