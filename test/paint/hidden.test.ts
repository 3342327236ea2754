import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paintFrame } from "../../core/paint/index.ts";
import { type FramePlan, PLAIN_LOOK, type PictureVisual, withoutHidden } from "../../core/render-plan/index.ts";
import { type NodeImage, nodeHost, nodeSurface } from "../../main/paint/node-host.ts";

const FRAME = { width: 64, height: 36 };
/** Two solid pictures of other shapes than the frame's and one of its own, each of one colour, and one that is seen through. */
const SIZES = {
  wide: { width: 40, height: 10, colour: "#c02020" },
  tall: { width: 12, height: 20, colour: "#20c020" },
  alike: { width: 32, height: 18, colour: "#2020c0" },
  clear: { width: 32, height: 18, colour: "#c0c02080" },
} as const;
type Media = keyof typeof SIZES;

const images = new Map<string, NodeImage>();
function imageOf(media: Media): NodeImage {
  const known = images.get(media);
  if (known !== undefined) return known;
  const { width, height, colour } = SIZES[media];
  const { context, image } = nodeSurface(width, height);
  context.fillStyle = colour;
  context.fillRect(0, 0, width, height);
  images.set(media, image);
  return image;
}

function paint(plan: FramePlan): Uint8ClampedArray {
  const host = nodeHost((media) => ({ image: imageOf(media as Media), ...SIZES[media as Media] }));
  const surface = nodeSurface(FRAME.width, FRAME.height);
  paintFrame(plan, surface.context, host, FRAME.width, FRAME.height);
  return surface.pixels();
}

const solid = ({ media }: PictureVisual) => (media === "clear" ? null : SIZES[media as Media]);
const planOf = (layers: readonly PictureVisual[]): FramePlan => ({
  time: 0,
  ...FRAME,
  background: "#101010",
  layers,
  pending: [],
});
const oneOf = <T>(usual: T, ...others: readonly T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const visual: fc.Arbitrary<PictureVisual> = fc.record({
  kind: fc.constant("picture" as const),
  clip: fc.uuid(),
  media: fc.constantFrom<Media>("wide", "tall", "alike", "clear"),
  sourceTime: fc.constant(0),
  fit: fc.constantFrom("contain", "cover", "fill", "none"),
  x: oneOf(0, 0.1, -0.25),
  y: oneOf(0, 0.05, -0.5),
  scaleX: oneOf(1, 0.5, 2, -1, -3),
  scaleY: oneOf(1, 0.5, 2, -1, 4),
  rotation: oneOf(0, 30, 180),
  opacity: oneOf(1, 0.5, 0),
  blend: oneOf("normal", "multiply", "screen"),
  blur: oneOf(0, 0.05),
  colour: oneOf(PLAIN_LOOK.colour, { ...PLAIN_LOOK.colour, brightness: 0.5 }),
  crop: oneOf(PLAIN_LOOK.crop, { ...PLAIN_LOOK.crop, left: 0.25 }),
  subject: fc.constant(null),
});

describe("a plan without what is hidden", () => {
  it("is painted as the same picture, whatever lies over what", () => {
    let less = 0;
    fc.assert(
      fc.property(fc.array(visual, { minLength: 2, maxLength: 5 }), (layers) => {
        const plan = planOf(layers);
        const seen = withoutHidden(plan, solid);
        less += plan.layers.length - seen.layers.length;
        expect(paint(seen)).toEqual(paint(plan));
      }),
      { numRuns: 400 },
    );
    expect(less).toBeGreaterThan(50);
  });

  it("keeps what lies under a picture that is not there, or is seen through", () => {
    const layers = ["alike", "clear"].map(
      (media): PictureVisual => ({
        ...PLAIN_LOOK,
        kind: "picture",
        clip: media,
        media,
        sourceTime: 0,
        fit: "cover",
      }),
    );
    expect(withoutHidden(planOf(layers), solid).layers).toHaveLength(2);
    expect(withoutHidden(planOf(layers.toReversed()), () => null).layers).toHaveLength(2);
    expect(withoutHidden(planOf(layers.toReversed()), solid).layers).toEqual([layers[0]]);
  });
});
