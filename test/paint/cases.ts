import { planFrame, type FramePlan } from "../../core/render-plan/index.ts";
import {
  colourNumber,
  type EditArguments,
  type EditName,
  type TextStyle,
  type Timeline,
  type Transition,
} from "../../core/timeline/index.ts";
import type { SubjectMasks } from "../../core/vision/index.ts";
import { drawGrid } from "../../core/vision/scenes.testkit.ts";
import { add, clipId, edited, empty, frames, trackId } from "../../core/timeline/testing/sample.ts";

/** One feature of the picture, as a frame that shows it. */
export interface PaintCase {
  readonly name: string;
  readonly plan: FramePlan;
}

/** Size at which the cases are painted. */
export const WIDTH = 480;
export const HEIGHT = 270;

const edits = (document: Timeline, ...list: readonly (readonly [EditName, object])[]): Timeline =>
  list.reduce((d, [name, args]) => edited(d, name, args as EditArguments<typeof name>), document);

/** A film over a still, so that what is transparent shows something. */
const over = (): Timeline => add(add(empty(), "V1", "under", "still", 0, 96), "V2", "a", "film", 48, 96);
const values = (parameters: Readonly<Record<string, number>>): FramePlan => {
  const document = over();
  const clips = [clipId(document, "a")];
  const list = Object.entries(parameters).map(
    ([parameter, value]) => ["setParameter", { clips, parameter, value }] as const,
  );
  return planFrame(edits(document, ...list), frames(10));
};

function transition(type: Transition["type"], more: object = {}, at = 0.35): FramePlan {
  const document = add(add(empty(), "V1", "a", "film", 48, 48), "V1", "b", "still", 0, 48);
  const args = { clip: clipId(document, "a"), edge: "end", type, duration: frames(20), ...more };
  return planFrame(edits(document, ["addTransition", args]), frames(38) + Math.round(frames(20) * at));
}

/** A text or a clip whose values have moved from one to the other, a third of the way. */
const onItsWay = (
  document: Timeline,
  clip: string,
  moves: Readonly<Record<string, readonly [number, number]>>,
): FramePlan => {
  const keys = Object.entries(moves).flatMap(([parameter, values]) =>
    values.map((value, i) => ["setKeyframe", { clip, parameter, time: frames(36 * i), value }] as const),
  );
  return planFrame(edits(document, ...keys), frames(12));
};

function movingText(style: Partial<TextStyle>, moves: Readonly<Record<string, readonly [number, number]>>): FramePlan {
  const document = edited(add(empty(), "V1", "under", "film", 48, 96), "overwrite", {
    at: 0,
    clips: [
      { track: trackId(empty(), "T1"), clip: { text: { text: "Plume Studio", ...style }, duration: frames(48) } },
    ],
  });
  return onItsWay(document, clipId(document, "Plume Studio"), moves);
}

function movingSubject(): FramePlan {
  const document = over();
  const clip = clipId(document, "a");
  const subject = { background: "colour", colour: "#000000" };
  return onItsWay(edits(document, ["setSubject", { clips: [clip], subject }]), clip, {
    subjectColour: [colourNumber("#ff8800"), colourNumber("#0022ff")],
    subjectFeather: [0, 0.09],
  });
}

const outlined = {
  outline: { width: 0.02, colour: "#000000" },
  shadow: { x: 0, y: 0, blur: 0, colour: "#000000" },
  box: { padding: 0.1, radius: 0, colour: "#000000" },
} as const;

function text(
  style: Partial<TextStyle> & { text: string },
  clip: object = {},
  at = 12,
  parameters: object = {},
): FramePlan {
  let document = add(empty(), "V1", "under", "film", 48, 96);
  document = edited(document, "overwrite", {
    at: 0,
    clips: [{ track: trackId(document, "T1"), clip: { text: style, duration: frames(48) } }],
  });
  const clips = [clipId(document, style.text.split("\n")[0]!.slice(0, 60))];
  document = edited(document, "setClip", { clips, ...clip });
  for (const [parameter, value] of Object.entries(parameters))
    document = edited(document, "setParameter", { clips, parameter, value } as EditArguments<"setParameter">);
  return planFrame(document, frames(at));
}

function moving(at: number): FramePlan {
  const document = over();
  const clip = clipId(document, "a");
  const key = (parameter: string, time: number, value: number) =>
    [
      "setKeyframe",
      { clip, parameter, time: frames(time), value, easing: { type: "bezier", x1: 0.42, y1: 0, x2: 0.58, y2: 1 } },
    ] as const;
  const list = [
    key("positionX", 0, -0.3),
    key("positionX", 40, 0.4),
    key("rotation", 0, 0),
    key("rotation", 40, 90),
    key("scaleX", 0, 0.4),
    key("scaleY", 0, 0.4),
  ];
  return planFrame(edits(document, ...list), frames(at));
}

function blended(blend: string): FramePlan {
  const document = over();
  return planFrame(edits(document, ["setClip", { clips: [clipId(document, "a")], blend }]), frames(10));
}

function played(...list: readonly (readonly [EditName, object])[]): FramePlan {
  const document = over();
  return planFrame(
    edits(document, ...list.map(([name, args]) => [name, { clip: clipId(document, "a"), ...args }] as const)),
    frames(20),
  );
}

function cutOut(subject: object, parameters: object = {}): FramePlan {
  const document = over();
  const clips = [clipId(document, "a")];
  const list = Object.entries(parameters).map(
    ([parameter, value]) => ["setParameter", { clips, parameter, value }] as const,
  );
  return planFrame(edits(document, ["setSubject", { clips, subject }], ...list), frames(10));
}

const style = { text: "Plume Studio", size: 0.16 };

export const paintCases: readonly PaintCase[] = [
  { name: "transform", plan: values({ positionX: 0.15, positionY: -0.1, scaleX: 0.6, scaleY: 0.5, rotation: 20 }) },
  { name: "mirror", plan: values({ scaleX: -0.7, scaleY: 0.7 }) },
  { name: "opacity", plan: values({ opacity: 0.4 }) },
  { name: "crop", plan: values({ cropLeft: 0.2, cropRight: 0.1, cropTop: 0.3, cropBottom: 0.05 }) },
  { name: "blur", plan: values({ blur: 0.02, scaleX: 0.7, scaleY: 0.7, rotation: 10 }) },
  { name: "colour adjust", plan: values({ brightness: 1.2, contrast: 1.3, saturation: 0.5, hue: 40 }) },
  ...["multiply", "screen", "overlay", "darken", "lighten", "add", "difference", "soft-light"].map((blend) => ({
    name: `blend ${blend}`,
    plan: blended(blend),
  })),
  ...(["cover", "fill", "none"] as const).map((fit) => ({
    name: `fit ${fit}`,
    plan: planFrame(edits(add(empty(), "V1", "s", "short", 10, 30), ["setClip", { clips: ["c6"], fit }]), 0),
  })),
  {
    name: "fade",
    plan: planFrame(edits(over(), ["setClip", { clips: [clipId(over(), "a")], fadeIn: frames(30) }]), frames(10)),
  },
  { name: "keyframed motion", plan: moving(13) },
  { name: "keyframed motion, later", plan: moving(31) },
  { name: "speed", plan: played(["setSpeed", { speed: 2 }]) },
  { name: "reverse", plan: played(["reverse", {}]) },
  { name: "dissolve", plan: transition("dissolve") },
  { name: "dip", plan: transition("dip", { colour: "#ffffff" }) },
  { name: "wipe", plan: transition("wipe") },
  { name: "soft wipe up", plan: transition("wipe", { direction: "up", softness: 0.3 }) },
  { name: "slide", plan: transition("slide", { direction: "right" }) },
  { name: "push", plan: transition("push", { direction: "down" }) },
  { name: "iris", plan: transition("iris", { softness: 0.1 }) },
  { name: "clock", plan: transition("clock") },
  { name: "zoom", plan: transition("zoom") },
  { name: "blur dissolve", plan: transition("blur") },
  { name: "subject cut out", plan: cutOut({}) },
  { name: "subject taken away", plan: cutOut({ inverted: true }) },
  { name: "subject before a blur", plan: cutOut({ background: "blur" }, { scaleX: 0.8, scaleY: 0.8, cropLeft: 0.1 }) },
  { name: "subject in colour", plan: cutOut({ background: "grey" }, { rotation: 12, opacity: 0.9 }) },
  { name: "subject before a colour", plan: cutOut({ background: "colour", colour: "#2255aa" }, { scaleX: 0.7 }) },
  {
    name: "subject before other media",
    plan: cutOut({ background: "media", media: "short" }, { subjectFeather: 0.05 }),
  },
  { name: "subject grown and soft", plan: cutOut({}, { subjectGrow: 0.06, subjectFeather: 0.08, hue: 60 }) },
  { name: "one kind of subject", plan: cutOut({ kinds: ["band"] }, { subjectGrow: -0.02 }) },
  { name: "text", plan: text(style) },
  {
    name: "text light, spaced, left",
    plan: text({ ...style, text: "Plume\nStudio 0123", weight: 200, letterSpacing: 0.1, align: "left" }),
  },
  {
    name: "text italic, right",
    plan: text({ ...style, text: "Plume\nStudio, quiet", italic: true, weight: 500, align: "right" }),
  },
  { name: "text monospaced", plan: text({ ...style, font: "JetBrains Mono", text: "00:00:04:12", weight: 400 }) },
  {
    name: "text outline, shadow, box",
    plan: text({
      ...style,
      outline: { width: 0.06, colour: "#aa2200" },
      shadow: { x: 0.08, y: 0.08, blur: 0.08, colour: "#000000" },
      box: { padding: 0.3, radius: 0.2, colour: "#1144aacc" },
    }),
  },
  {
    name: "text wrapped",
    plan: text({ ...style, text: "The quick brown fox jumps over the lazy dog", size: 0.12, width: 0.6 }),
  },
  {
    name: "text transformed",
    plan: text(style, {}, 12, { rotation: -15, scaleX: 0.8, scaleY: 0.8, positionY: 0.2, opacity: 0.8 }),
  },
  { name: "text rising", plan: text({ ...style, enter: "rise" }, { fadeIn: frames(24) }) },
  { name: "text typing", plan: text({ ...style, enter: "type" }, { fadeIn: frames(24) }) },
  {
    name: "keyframed text",
    plan: movingText(
      {},
      {
        textSize: [0.1, 0.22],
        textSpacing: [0, 0.15],
        textWeight: [300, 900],
        textColour: [colourNumber("#ff2200"), colourNumber("#00ff4480")],
      },
    ),
  },
  {
    name: "keyframed lines",
    plan: movingText({ size: 0.12, align: "left" }, { textWidth: [0.9, 0.3], textLineHeight: [0.8, 2] }),
  },
  {
    name: "keyframed outline, shadow, box",
    plan: movingText(
      { size: 0.16, ...outlined },
      {
        outlineWidth: [0.02, 0.15],
        outlineColour: [colourNumber("#000000"), colourNumber("#ffcc00")],
        shadowX: [0, 0.3],
        shadowY: [0, 0.3],
        shadowBlur: [0, 0.3],
        shadowColour: [colourNumber("#000000"), colourNumber("#ff00ff")],
        boxPadding: [0.1, 0.7],
        boxRadius: [0, 0.9],
        boxColour: [colourNumber("#000000"), colourNumber("#2266ff80")],
      },
    ),
  },
  { name: "keyframed colour behind a subject", plan: movingSubject() },
  { name: "text leaving", plan: text({ ...style, leave: "grow" }, { fadeOut: frames(24) }, 36) },
];

/** Where the sample film's disc is, and a slanted band that stands still. */
export function sampleMasks(media: string): SubjectMasks | null {
  if (media !== "film") return null;
  const disc = drawGrid((u, v) => Math.hypot(u - 0.5, v - 0.5) < 0.5);
  const band = drawGrid((u, v) => Math.abs(u - v) < 0.3);
  const times = Array.from({ length: 240 }, (_, n) => n);
  return {
    model: "sample",
    width: 480,
    height: 270,
    start: 0,
    end: 10,
    interval: 1 / 24,
    tracks: [
      {
        id: 1,
        label: "disc",
        points: times.map((n) => {
          const [x, w, h] = [(n % 97) / 97, 0.12, 0.12 / 0.6];
          return { time: n / 24, score: 1, box: [x - w, 0.5 - h, x + w, 0.5 + h], mask: disc };
        }),
      },
      {
        id: 2,
        label: "band",
        points: times.map((n) => ({ time: n / 24, score: 1, box: [0.1, 0.1, 0.35, 0.9], mask: band })),
      },
    ],
  };
}

/** What the sample media show at a moment: a gradient, a grid and shapes that move with time. RGBA8. */
export function samplePicture(
  media: string,
  sourceTime: number,
): { rgba: Uint8ClampedArray; width: number; height: number } {
  const [width, height] = media === "short" ? [256, 160] : [480, 270];
  const rgba = new Uint8ClampedArray(width * height * 4);
  const phase = Math.floor(sourceTime / frames(1));
  const still = media === "still";
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 4 * (y * width + x);
      const [u, v] = [x / width, y / height];
      const cx = still ? 0.5 : (phase % 97) / 97;
      const inside = Math.hypot(u - cx, (v - 0.5) * 0.6) < 0.12;
      const line = (x + phase) % 40 < 2 || y % 40 < 2;
      rgba[at] = inside ? 240 : still ? 40 + 80 * v : 255 * u;
      rgba[at + 1] = inside ? 60 : line ? 220 : still ? 90 : 200 * v;
      rgba[at + 2] = inside ? 40 : still ? 200 - 120 * u : 255 * (1 - u);
      rgba[at + 3] = 255;
    }
  }
  return { rgba, width, height };
}
