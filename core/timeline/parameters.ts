import { z } from "zod";
import { MAX_FLICKS } from "../time/index.ts";
import { colourNumber, MAX_COLOUR } from "./colour.ts";

/**
 * How a value goes from one keyframe to the next: it holds, or it follows a cubic Bézier from (0,0) to (1,1) as CSS Easing Level 1
 * defines `cubic-bezier(x1, y1, x2, y2)`. x1 and x2 lie in 0…1, so that there is one value for each time.
 */
const unit = z.number().min(0).max(1);
export const easingSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("hold") }).readonly(),
  z.strictObject({ type: z.literal("linear") }).readonly(),
  z
    .strictObject({
      type: z.literal("bezier"),
      x1: unit,
      y1: z.number().min(-2).max(3),
      x2: unit,
      y2: z.number().min(-2).max(3),
    })
    .readonly(),
]);
export type Easing = z.infer<typeof easingSchema>;

const bezier = (x1: number, y1: number, x2: number, y2: number): Easing => ({ type: "bezier", x1, y1, x2, y2 });

/** CSS's named curves, and hold. */
export const EASINGS = {
  hold: { type: "hold" },
  linear: { type: "linear" },
  easeIn: bezier(0.42, 0, 1, 1),
  easeOut: bezier(0, 0, 0.58, 1),
  easeInOut: bezier(0.42, 0, 0.58, 1),
} as const satisfies Record<string, Easing>;

export const keyframeSchema = z
  .strictObject({
    /** Flicks after the clip's start. Keyframes outside the clip stay: they shape what is inside, and return when it is extended. */
    time: z.number().int().min(-MAX_FLICKS).max(MAX_FLICKS),
    value: z.number(),
    /** The way to the next keyframe. */
    easing: easingSchema,
  })
  .readonly();
export type Keyframe = z.infer<typeof keyframeSchema>;

/** A value that stays, or moves: at least one keyframe, in the order of their times, no two at one time. */
export const parameterSchema = z.union([
  z.number(),
  z.strictObject({ keyframes: z.array(keyframeSchema).min(1).readonly() }).readonly(),
]);
/** A parameter whose values all lie in limits. */
export const parameterWithin = ({ min, max, label }: ParameterInfo) =>
  parameterSchema.refine(
    (parameter) => valuesOf(parameter).every((value) => value >= min && value <= max),
    `The ${label} must lie between ${min} and ${max}.`,
  );
/** All values that a parameter is given: one, or those of its keyframes. */
export const valuesOf = (parameter: Parameter): number[] =>
  typeof parameter === "number" ? [parameter] : parameter.keyframes.map(({ value }) => value);
export type Parameter = z.infer<typeof parameterSchema>;

export interface ParameterInfo {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** For field labels and history entries. */
  readonly label: string;
  /** A colour as one number (colour.ts): on its way each channel goes by itself. */
  readonly isColour?: true;
}

const info = (label: string, initial: number, min: number, max: number): ParameterInfo => ({
  default: initial,
  min,
  max,
  label,
});

const colour = (label: string, initial: string): ParameterInfo => ({
  default: colourNumber(initial),
  min: 0,
  max: MAX_COLOUR,
  label,
  isColour: true,
});

/** At this volume and below nothing is heard. */
export const SILENCE_DB = -60;

/**
 * Every value of a clip that can move. Lengths are parts of the timeline's frame, so that one document fits every output size. Those of a
 * text's style and of a subject lie there while they stand still (homes.ts), with the same units.
 */
export const parameterInfo = {
  /** Offset of the picture's centre from the frame's centre: 0.5 is half a frame to the right. */
  positionX: info("position X", 0, -10, 10),
  /** 0.5 is half a frame down. */
  positionY: info("position Y", 0, -10, 10),
  /** 1: the picture as it fits the frame. Negative mirrors. */
  scaleX: info("width", 1, -100, 100),
  scaleY: info("height", 1, -100, 100),
  /** Degrees, clockwise. */
  rotation: info("rotation", 0, -36_000, 36_000),
  opacity: info("opacity", 1, 0, 1),
  /** Parts of the picture's own width and height that are cut away. */
  cropLeft: info("crop left", 0, 0, 1),
  cropRight: info("crop right", 0, 0, 1),
  cropTop: info("crop top", 0, 0, 1),
  cropBottom: info("crop bottom", 0, 0, 1),
  /** Standard deviation of a Gaussian, in parts of the frame's height. */
  blur: info("blur", 0, 0, 0.25),
  /** As the CSS filter functions of these names: 1 changes nothing. */
  brightness: info("brightness", 1, 0, 4),
  contrast: info("contrast", 1, 0, 4),
  saturation: info("saturation", 1, 0, 4),
  /** Degrees around the colour circle. */
  hue: info("hue", 0, -360, 360),
  /** Width of the soft edge around the subject, in parts of the picture's height. */
  subjectFeather: info("edge softness", 0.006, 0, 0.2),
  /** How much more than the subject stays, in parts of the picture's height; negative: less. */
  subjectGrow: info("edge offset", 0, -0.1, 0.1),
  /** Of what lies behind the subject: as `blur`. */
  subjectBlur: info("background blur", 0.02, 0, 0.25),
  subjectColour: colour("background colour", "#101418"),
  textSize: info("text size", 0.09, 0.002, 2),
  textWeight: info("text weight", 600, 100, 900),
  textColour: colour("text colour", "#ffffff"),
  textLineHeight: info("line height", 1.2, 0.5, 4),
  textSpacing: info("letter spacing", 0, -0.5, 2),
  textWidth: info("line width", 0.8, 0.05, 4),
  /** Those of outline, shadow and box are in ems, and begin as they are when they are switched on. */
  outlineWidth: info("outline width", 0.04, 0, 1),
  outlineColour: colour("outline colour", "#000000"),
  shadowX: info("shadow to the right", 0.04, -2, 2),
  shadowY: info("shadow down", 0.05, -2, 2),
  shadowBlur: info("shadow softness", 0.08, 0, 2),
  shadowColour: colour("shadow colour", "#000000cc"),
  boxPadding: info("box padding", 0.35, 0, 4),
  boxRadius: info("box corners", 0.15, 0, 4),
  boxColour: colour("box colour", "#000000b3"),
  /** Decibels; from SILENCE_DB down nothing is heard. */
  volume: info("volume", 0, SILENCE_DB, 24),
  /** -1 left, 1 right. */
  pan: info("pan", 0, -1, 1),
  /** Media seconds a second; 0 stands still. Playing backwards is the clip's `reversed`. */
  speed: info("speed", 1, 0, 100),
} satisfies Record<string, ParameterInfo>;

export type ParameterName = keyof typeof parameterInfo;
export const parameterNames = Object.keys(parameterInfo) as [ParameterName, ...ParameterName[]];
export const parameterNameSchema = z.enum(parameterNames);
