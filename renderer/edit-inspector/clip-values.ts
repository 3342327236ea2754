import type { Flicks } from "../../core/time/index.ts";
import {
  type Clip,
  type Easing,
  EASINGS,
  type Keyframe,
  type Parameter,
  parameterAt,
  parameterInfo,
  type ParameterName,
  parameterOf,
} from "../../core/timeline/index.ts";
import type { Found } from "../timeline/selection.ts";

/** The time of a clip at which its values are looked at and changed: that of the playhead, within the clip. */
export const momentOf = ({ item }: Found, playhead: Flicks): Flicks =>
  Math.min(item.clip.sourceRange.duration, Math.max(0, playhead - item.start));

/** What several clips have in common; null where they differ. */
export function common<T>(clips: readonly Clip[], read: (clip: Clip) => T): T | null {
  const [first, ...others] = clips.map(read);
  return first !== undefined && others.every((other) => other === first) ? first : null;
}

/** A parameter's value at the playhead; null where the clips differ. */
export function valueOf(found: readonly Found[], name: ParameterName, playhead: Flicks): number | null {
  const [first, ...others] = found.map((each) => parameterAt(each.item.clip, name, momentOf(each, playhead)));
  return first !== undefined && others.every((other) => Math.abs(other - first) < 1e-9) ? first : null;
}

export const isDefault = (found: readonly Found[], name: ParameterName): boolean =>
  found.every(({ item }) => parameterOf(item.clip, name) === parameterInfo[name].default);

/** Keyframes of a parameter in order; none where it stands still. */
export const keyframesOf = (clip: Clip, name: ParameterName): readonly Keyframe[] =>
  keyframesIn(parameterOf(clip, name));

export const keyframesIn = (parameter: Parameter): readonly Keyframe[] =>
  typeof parameter === "number" ? NONE : parameter.keyframes;
const NONE: readonly Keyframe[] = [];

export const easingNames = {
  linear: "Linear",
  easeIn: "Ease in",
  easeOut: "Ease out",
  easeInOut: "Ease in and out",
  hold: "Hold",
} as const satisfies Record<keyof typeof EASINGS, string>;

/** The name of an easing; null for a curve of its own. */
export function easingName(easing: Easing): keyof typeof EASINGS | null {
  const same = (other: Easing): boolean => JSON.stringify(other) === JSON.stringify(easing);
  return (Object.keys(EASINGS) as (keyof typeof EASINGS)[]).find((name) => same(EASINGS[name])) ?? null;
}
