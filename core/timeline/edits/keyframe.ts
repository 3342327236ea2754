import { z } from "zod";
import { withKeyframe, withoutKeyframe } from "../animation.ts";
import { type Easing, easingSchema, type Parameter } from "../parameters.ts";
import { Refusal } from "../result.ts";
import { bySchema } from "./by.ts";

/** What is said of one keyframe, whoever's it is. Times are after the clip's start, or the timeline's. */
export const keyframeArguments = z.strictObject({
  time: bySchema,
  /** Absent: the value that the parameter has there. */
  value: z.number().optional(),
  easing: easingSchema.optional(),
  /** A keyframe at this time moves to `time`. */
  from: bySchema.optional(),
});

/** A parameter with a value: where it moves and a time is given, a keyframe there; else it stands still from now on. */
export const withValue = (old: Parameter, value: number, at: number | undefined): Parameter =>
  at !== undefined && typeof old !== "number" ? withKeyframe(old, keyframe(old, at, value)) : value;

/** With a keyframe that is new, changed or moved. Refuses to move one that is not there. @param valueAt what the parameter has at a time */
export function withSetKeyframe(
  old: Parameter,
  { time, from, value, easing }: z.infer<typeof keyframeArguments>,
  valueAt: (time: number) => number,
): Parameter {
  const moved = typeof old === "number" ? undefined : old.keyframes.find((each) => each.time === from);
  if (from !== undefined && moved === undefined) throw gone();
  const rest = moved === undefined ? old : withoutKeyframe(old, moved.time);
  return withKeyframe(rest, keyframe(old, time, value ?? moved?.value ?? valueAt(time), easing ?? moved?.easing));
}

/** Without the keyframe at a time; the last one leaves its value behind. Refuses where there is none. */
export function withRemovedKeyframe(old: Parameter, time: number): Parameter {
  if (typeof old === "number" || !old.keyframes.some((each) => each.time === time)) throw gone();
  return withoutKeyframe(old, time);
}

const gone = (): Refusal => new Refusal("NOT_FOUND", "There is no keyframe at that time any more.");

/** A keyframe with the easing of the one before it, so that a new one does not change the character of the movement. */
function keyframe(old: Parameter, time: number, value: number, easing?: Easing) {
  const before = typeof old === "number" ? undefined : old.keyframes.findLast((other) => other.time <= time);
  return { time, value, easing: easing ?? before?.easing ?? ({ type: "linear" } as const) };
}
