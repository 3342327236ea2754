import type { PictureVisual, SubjectLook } from "../render-plan/index.ts";
import type { Canvas2D, Picture } from "./canvas.ts";
import { place, type Stage, stamp, withSurface } from "./stage.ts";

/** Paints a clip's picture in its place. With a subject it needs a transparent surface to paint on. */
export function paintPicture<Image>(stage: Stage<Image>, target: Canvas2D<Image>, visual: PictureVisual): void {
  const picture = stage.host.picture(visual.media, visual.sourceTime);
  if (picture === null) return;
  const mask = visual.subject === null ? null : stage.host.mask(visual.subject);
  if (mask === null) draw(stage, target, visual, picture, picture);
  else paintSubject(stage, target, visual, visual.subject!, { picture, mask });
}

interface Masked<Image> {
  readonly picture: Picture<Image>;
  readonly mask: Picture<Image>;
}

/** What becomes of the background, and the subject over it. */
function paintSubject<Image>(
  stage: Stage<Image>,
  target: Canvas2D<Image>,
  visual: PictureVisual,
  subject: SubjectLook,
  masked: Masked<Image>,
): void {
  paintBackground(stage, target, visual, subject, masked);
  withSurface(stage, (surface) => {
    drawPart(stage, surface.context, visual, masked, !subject.inverted);
    stamp(stage, target, surface);
  });
}

/** Blurred pictures end softly: laid over each other so many times they cover what lies under their edge. */
const LAYERS = 3;

function paintBackground<Image>(
  stage: Stage<Image>,
  target: Canvas2D<Image>,
  visual: PictureVisual,
  { background, colour, blur, behind, inverted }: SubjectLook,
  masked: Masked<Image>,
): void {
  const { picture } = masked;
  if (background === "colour") {
    const { left, top, width, height } = rectangle(stage, visual, picture);
    target.save();
    place(stage, target, visual);
    target.fillStyle = colour;
    target.fillRect(left, top, width, height);
    target.restore();
  } else if (background === "media") {
    const other = behind === null ? null : stage.host.picture(behind.media, behind.sourceTime);
    if (other !== null) drawCovering(stage, target, visual, other, picture);
  } else if (background === "grey") {
    withSurface(stage, (surface) => {
      draw(stage, surface.context, visual, picture, picture);
      stamp(stage, target, surface, { filter: "saturate(0)" });
    });
  } else if (background === "blur") {
    draw(stage, target, visual, picture, picture);
    withSurface(stage, (soft) => {
      withSurface(stage, (rest) => {
        // Without the subject, which would shine around itself.
        drawPart(stage, rest.context, visual, masked, inverted);
        stamp(stage, soft.context, rest, blur > 0 ? { filter: `blur(${blur * stage.height}px)` } : {});
      });
      // Over the sharp picture and no further: a blur reaches past the picture's edge.
      for (let layer = 0; layer < LAYERS; layer++) stamp(stage, target, soft, { operation: "source-atop" });
    });
  }
}

/** Draws the subject alone, or everything else, on a transparent surface. */
function drawPart<Image>(
  stage: Stage<Image>,
  target: Canvas2D<Image>,
  visual: PictureVisual,
  { picture, mask }: Masked<Image>,
  isSubject: boolean,
): void {
  draw(stage, target, visual, picture, picture);
  withSurface(stage, (shape) => {
    draw(stage, shape.context, visual, mask, picture);
    stamp(stage, target, shape, { operation: isSubject ? "destination-in" : "destination-out" });
  });
}

/** Draws an image of the picture's shape in the picture's place, cut off as it is. */
function draw<Image>(
  stage: Stage<Image>,
  target: Canvas2D<Image>,
  visual: PictureVisual,
  shown: Picture<Image>,
  picture: Picture<Image>,
): void {
  const { left, right, top, bottom } = visual.crop;
  const to = rectangle(stage, visual, picture);
  target.save();
  place(stage, target, visual);
  target.drawImage(
    shown.image,
    shown.width * left,
    shown.height * top,
    shown.width * (1 - left - right),
    shown.height * (1 - top - bottom),
    to.left,
    to.top,
    to.width,
    to.height,
  );
  target.restore();
}

/** Draws another picture so that it fills this one's place, its middle in the middle. */
function drawCovering<Image>(
  stage: Stage<Image>,
  target: Canvas2D<Image>,
  visual: PictureVisual,
  other: Picture<Image>,
  picture: Picture<Image>,
): void {
  const { left, top, width, height } = rectangle(stage, visual, picture);
  const scale = Math.max(width / other.width, height / other.height);
  const [w, h] = [width / scale, height / scale];
  target.save();
  place(stage, target, visual);
  target.drawImage(other.image, (other.width - w) / 2, (other.height - h) / 2, w, h, left, top, width, height);
  target.restore();
}

/** Where the picture without what is cut off lies around the clip's centre, at scale 1; pixels. */
function rectangle<Image>(stage: Stage<Image>, { fit, crop }: PictureVisual, picture: Picture<Image>) {
  const [width, height] = fitted(stage, picture, fit);
  const { left, right, top, bottom } = crop;
  return {
    left: width * (left - 0.5),
    top: height * (top - 0.5),
    width: width * (1 - left - right),
    height: height * (1 - top - bottom),
  };
}

/** Width and height at scale 1, pixels. */
function fitted<Image>(
  { width, height, pixelScale }: Stage<Image>,
  picture: Picture<Image>,
  fit: PictureVisual["fit"],
): [number, number] {
  if (fit === "fill") return [width, height];
  const [x, y] = [width / picture.width, height / picture.height];
  const scale = fit === "none" ? pixelScale : fit === "contain" ? Math.min(x, y) : Math.max(x, y);
  return [picture.width * scale, picture.height * scale];
}
