import { type ParameterName, parameterInfo } from "./parameters.ts";
import { colourNumber, colourOf } from "./colour.ts";
import type { Clip, TextStyle } from "./schema.ts";

/**
 * Some of a clip's parameters are parts of its text's style or of its subject, and lie there while they stand still; in `clip.parameters`
 * are only the keyframes of those that move. Reading and writing them goes through here, so that everybody else need not know.
 */
type Part = "outline" | "shadow" | "box";
type Home =
  | { readonly in: "style"; readonly field: "size" | "weight" | "colour" | "lineHeight" | "letterSpacing" | "width" }
  | { readonly in: Part; readonly field: string }
  | { readonly in: "subject"; readonly field: "colour" };

const homes: { readonly [name in ParameterName]?: Home } = {
  subjectColour: { in: "subject", field: "colour" },
  textSize: { in: "style", field: "size" },
  textWeight: { in: "style", field: "weight" },
  textColour: { in: "style", field: "colour" },
  textLineHeight: { in: "style", field: "lineHeight" },
  textSpacing: { in: "style", field: "letterSpacing" },
  textWidth: { in: "style", field: "width" },
  outlineWidth: { in: "outline", field: "width" },
  outlineColour: { in: "outline", field: "colour" },
  shadowX: { in: "shadow", field: "x" },
  shadowY: { in: "shadow", field: "y" },
  shadowBlur: { in: "shadow", field: "blur" },
  shadowColour: { in: "shadow", field: "colour" },
  boxPadding: { in: "box", field: "padding" },
  boxRadius: { in: "box", field: "radius" },
  boxColour: { in: "box", field: "colour" },
};
const named = Object.entries(homes) as [ParameterName, Home][];

/** Parameters of a text's style. */
export const styleParameters = named.filter(([, home]) => home.in !== "subject").map(([name]) => name);

type Fields = { readonly [field: string]: unknown };

/** What holds the value: null where the clip has no such part. */
function holder(clip: Clip, home: Home): Fields | null {
  if (home.in === "subject") return clip.subject ?? null;
  if (clip.content.type !== "text") return null;
  const { style } = clip.content;
  return home.in === "style" ? style : style[home.in];
}

/** Whether a parameter lies elsewhere while it stands still. */
export const hasOwnPlace = (name: ParameterName): boolean => homes[name] !== undefined;

/** The value of a parameter that stands still; its default where the clip has no such part. */
export function stillValue(clip: Clip, name: ParameterName): number {
  const home = homes[name];
  const value = home === undefined ? undefined : holder(clip, home)?.[home.field];
  if (value === undefined) return parameterInfo[name].default;
  return typeof value === "string" ? colourNumber(value) : (value as number);
}

/** Whether a clip has the part that a parameter belongs to. */
export const hasPartFor = (clip: Clip, name: ParameterName): boolean => {
  const home = homes[name];
  return home === undefined || holder(clip, home) !== null;
};

/** The clip with a value that stands still where it lies. The clip must have that part. */
export function withStillValue(clip: Clip, name: ParameterName, value: number): Clip {
  const home = homes[name]!;
  const field = { [home.field]: parameterInfo[name].isColour === true ? colourOf(value) : value };
  if (home.in === "subject") return { ...clip, subject: { ...clip.subject!, ...field } };
  if (clip.content.type !== "text") return clip;
  const style = withField(clip.content.style, home, field);
  return { ...clip, content: { ...clip.content, style } };
}

function withField(style: TextStyle, home: Home, field: Fields): TextStyle {
  if (home.in === "style") return { ...style, ...field };
  const part = home.in as Part;
  return style[part] === null ? style : { ...style, [part]: { ...style[part], ...field } };
}

/** Without the keyframes of what lies in these fields of a style or subject: they were given values that stand still. */
export function standingStill(clip: Clip, where: "style" | "subject", fields: readonly string[]): Clip {
  const gone = named
    .filter(([name, home]) => clip.parameters[name] !== undefined && isIn(home, where, fields))
    .map(([name]) => name);
  return gone.length === 0 ? clip : { ...clip, parameters: without(clip.parameters, gone) };
}

const isIn = (home: Home, where: "style" | "subject", fields: readonly string[]): boolean =>
  home.in === where ? fields.includes(home.field) : where === "style" && fields.includes(home.in);

const without = (parameters: Clip["parameters"], names: readonly ParameterName[]): Clip["parameters"] =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name as ParameterName)));

/** A text's style at a moment: the same object where nothing of it moves. @param at gives a parameter's value at that moment */
export function movedStyle(clip: Clip, style: TextStyle, at: (name: ParameterName) => number): TextStyle {
  let moved = style;
  for (const name in clip.parameters) {
    const home = homes[name as ParameterName];
    if (home === undefined || home.in === "subject") continue;
    const value = at(name as ParameterName);
    const { isColour } = parameterInfo[name as ParameterName];
    const whole = name === "textWeight" ? Math.round(value) : value;
    moved = withField(moved, home, { [home.field]: isColour === true ? colourOf(value) : whole });
  }
  return moved;
}
