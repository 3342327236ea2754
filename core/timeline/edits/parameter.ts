import { z } from "zod";
import { valueAt, withKeyframe, withoutKeyframe } from "../animation.ts";
import { Draft } from "../draft.ts";
import {
  type Easing,
  easingSchema,
  type Parameter,
  type ParameterName,
  parameterInfo,
  parameterNameSchema,
} from "../parameters.ts";
import { attempt, ok, Refusal, type Result } from "../result.ts";
import { type Clip, idSchema, type Timeline } from "../schema.ts";
import { parameterOf } from "../source.ts";
import { checkMedia } from "./place.ts";
import { bySchema } from "./trim.ts";

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
    for (const id of clips)
      changeParameter(draft, id, name, (old) =>
        at !== undefined && typeof old !== "number" ? withKeyframe(old, keyframe(old, at, value)) : value,
      );
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

export const setKeyframeArguments = z.strictObject({
  clip: idSchema,
  parameter: parameterNameSchema,
  /** After the clip's start. */
  time: bySchema,
  /** Absent: the value that the parameter has there. */
  value: z.number().optional(),
  easing: easingSchema.optional(),
  /** A keyframe at this time moves to `time`. */
  from: bySchema.optional(),
});

/** Sets, changes or moves one keyframe. */
export function setKeyframe(document: Timeline, args: z.infer<typeof setKeyframeArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    changeParameter(draft, args.clip, args.parameter, (old) => {
      const moved = typeof old === "number" ? undefined : old.keyframes.find(({ time }) => time === args.from);
      if (args.from !== undefined && moved === undefined)
        throw new Refusal("NOT_FOUND", "There is no keyframe at that time any more.");
      const rest = moved === undefined ? old : withoutKeyframe(old, moved.time);
      const next = keyframe(
        old,
        args.time,
        args.value ?? moved?.value ?? valueAt(old, args.time),
        args.easing ?? moved?.easing,
      );
      return withKeyframe(rest, next);
    });
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
    changeParameter(draft, args.clip, args.parameter, (old) => {
      if (typeof old === "number" || !old.keyframes.some(({ time }) => time === args.time))
        throw new Refusal("NOT_FOUND", "There is no keyframe at that time any more.");
      return withoutKeyframe(old, args.time);
    });
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

/** A keyframe with the easing of the one before it, so that a new one does not change the character of the movement. */
function keyframe(old: Parameter, time: number, value: number, easing?: Easing) {
  const before = typeof old === "number" ? undefined : old.keyframes.findLast((other) => other.time <= time);
  return { time, value, easing: easing ?? before?.easing ?? ({ type: "linear" } as const) };
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
  const { min, max, label, default: initial } = parameterInfo[name];
  const values = typeof parameter === "number" ? [parameter] : parameter.keyframes.map(({ value }) => value);
  if (values.some((value) => !(value >= min && value <= max)))
    throw new Refusal("BAD_ARGUMENT", `The ${label} must lie between ${min} and ${max}.`);
  // An overshooting curve would play the media backwards for a moment.
  if (name === "speed" && typeof parameter !== "number" && parameter.keyframes.some(({ easing }) => overshoots(easing)))
    throw new Refusal("BAD_ARGUMENT", "The speed cannot overshoot: choose another curve.");
  const { [name]: _, ...others } = clip.parameters;
  return { ...clip, parameters: parameter === initial ? others : { ...others, [name]: parameter } };
}

const overshoots = (easing: Easing): boolean =>
  easing.type === "bezier" && (easing.y1 < 0 || easing.y1 > 1 || easing.y2 < 0 || easing.y2 > 1);
