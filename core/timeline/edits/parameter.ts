import { z } from "zod";
import { Draft } from "../draft.ts";
import { hasOwnPlace, hasPartFor, withStillValue } from "../homes.ts";
import {
  type Easing,
  type Parameter,
  type ParameterName,
  parameterInfo,
  parameterNameSchema,
  valuesOf,
} from "../parameters.ts";
import { attempt, ok, Refusal, type Result } from "../result.ts";
import { type Clip, idSchema, type Timeline } from "../schema.ts";
import { parameterOf, valueIn } from "../source.ts";
import { checkMedia } from "./place.ts";
import { bySchema } from "./by.ts";
import { keyframeArguments, withRemovedKeyframe, withSetKeyframe, withValue } from "./keyframe.ts";

export const setParameterArguments = z.strictObject({
  clips: z.array(idSchema).min(1),
  parameter: parameterNameSchema,
  value: z.number(),
  /** Time after the clip's start: where the parameter moves, this becomes a keyframe. Absent: the parameter stands still from now on. */
  at: bySchema.optional(),
});

/** Gives a parameter a value. The speed has an edit of its own, because it changes the clip's length. */
export function setParameter(document: Timeline, args: z.infer<typeof setParameterArguments>): Result<Timeline> {
  return attempt(() => {
    const { clips, parameter: name, value, at } = args;
    if (name === "speed")
      throw new Refusal("BAD_ARGUMENT", "Set the speed with the speed command: it changes the clip's length.");
    const draft = new Draft(document);
    for (const id of clips) changeParameter(draft, id, name, (old) => withValue(old, value, at));
    return draft.finish();
  });
}

export const setParametersArguments = z.strictObject({
  changes: z
    .array(z.strictObject({ clip: idSchema, ...setParameterArguments.omit({ clips: true }).shape }))
    .min(1)
    .max(10_000),
});

/** Gives several parameters values at once, of one clip or of many: what a hand on the picture moves together. */
export function setParameters(
  document: Timeline,
  { changes }: z.infer<typeof setParametersArguments>,
): Result<Timeline> {
  let result: Result<Timeline> = ok(document);
  for (const { clip, ...change } of changes) {
    if (!result.ok) return result;
    result = setParameter(result.value, { clips: [clip], ...change });
  }
  return result;
}

export const setKeyframeArguments = keyframeArguments.extend({ clip: idSchema, parameter: parameterNameSchema });

/** Sets, changes or moves one keyframe. */
export function setKeyframe(document: Timeline, args: z.infer<typeof setKeyframeArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    changeParameter(draft, args.clip, args.parameter, (old) =>
      withSetKeyframe(old, args, (time) => valueIn(args.parameter, old, time)),
    );
    return draft.finish();
  });
}

export const removeKeyframeArguments = z.strictObject({
  clip: idSchema,
  parameter: parameterNameSchema,
  time: bySchema,
});

/** Takes one keyframe away; with the last one the parameter stands still. */
export function removeKeyframe(document: Timeline, args: z.infer<typeof removeKeyframeArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    changeParameter(draft, args.clip, args.parameter, (old) => withRemovedKeyframe(old, args.time));
    return draft.finish();
  });
}

export const resetParameterArguments = z.strictObject({
  clips: z.array(idSchema).min(1),
  parameters: z.array(parameterNameSchema).min(1),
});

/** Gives parameters back their defaults, without keyframes. */
export function resetParameter(document: Timeline, args: z.infer<typeof resetParameterArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    for (const clip of args.clips)
      for (const name of args.parameters) changeParameter(draft, clip, name, () => parameterInfo[name].default);
    return draft.finish();
  });
}

function changeParameter(draft: Draft, id: string, name: ParameterName, change: (old: Parameter) => Parameter): void {
  draft.replaceClip(id, (clip) => {
    const next = withParameter(clip, name, change(parameterOf(clip, name)));
    if (name === "speed") checkMedia(draft.document, next);
    return next;
  });
}

/** The clip with this parameter; a default is not written down. Refuses values outside the parameter's limits. */
export function withParameter(clip: Clip, name: ParameterName, parameter: Parameter): Clip {
  const { min, max, label, default: initial, isColour } = parameterInfo[name];
  const isWhole = isColour === true || name === "textWeight";
  if (valuesOf(parameter).some((value) => !(value >= min && value <= max) || (isWhole && !Number.isInteger(value))))
    throw new Refusal(
      "BAD_ARGUMENT",
      `The ${label} must ${isWhole ? "be a whole number" : "lie"} between ${min} and ${max}.`,
    );
  // An overshooting curve would play the media backwards for a moment.
  if (name === "speed" && typeof parameter !== "number" && parameter.keyframes.some(({ easing }) => overshoots(easing)))
    throw new Refusal("BAD_ARGUMENT", "The speed cannot overshoot: choose another curve.");
  if (!hasPartFor(clip, name) && clip.parameters[name] === undefined)
    throw new Refusal("BAD_ARGUMENT", `“${clip.name}” has nothing with a ${label}: switch it on first.`);
  const { [name]: _, ...others } = clip.parameters;
  if (hasOwnPlace(name) && typeof parameter === "number")
    return hasPartFor(clip, name)
      ? withStillValue({ ...clip, parameters: others }, name, parameter)
      : { ...clip, parameters: others };
  return { ...clip, parameters: parameter === initial ? others : { ...others, [name]: parameter } };
}

const overshoots = (easing: Easing): boolean =>
  easing.type === "bezier" && (easing.y1 < 0 || easing.y1 > 1 || easing.y2 < 0 || easing.y2 > 1);
