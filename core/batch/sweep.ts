import { type GenerationRequest, limits, StudioError } from "../contract/index.ts";

/** Fields whose values can be gone through, with the words for them. */
export const sweepFields = ["seed", "steps", "guidance", "frames", "fps", "width", "height"] as const;
export type SweepField = (typeof sweepFields)[number];

/** One field and the values that it takes in turn. */
export interface SweepAxis {
  readonly field: SweepField;
  readonly values: readonly number[];
}

/** Digits after the point that a step of a range may have; without this, sums of tenths end in …0000004. */
const PLACES = 6;

/**
 * Values as typed: `2,4,8`, `1..4` (1, 2, 3, 4), `1..9/2` (every second), `0.5..2/0.5`, and several of these with commas.
 * Errors: BAD_REQUEST.
 */
export function parseValues(text: string): number[] {
  const values: number[] = [];
  for (const part of text.split(",")) {
    const range = /^\s*(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)\s*(?:\/\s*([\d.]+))?\s*$/.exec(part);
    if (range === null) {
      if (part.trim() === "" || !Number.isFinite(Number(part))) throw notUnderstood(part);
      values.push(Number(part));
      continue;
    }
    const [from, to, step] = [Number(range[1]), Number(range[2]), Number(range[3] ?? "1")];
    if (![from, to, step].every(Number.isFinite) || step <= 0) throw notUnderstood(part);
    const count = Math.floor((to - from) / step + 1e-9) + 1;
    if (count < 1) throw bad(`The values ${part.trim()} go backwards: write the smaller one first.`);
    if (values.length + count > limits.batch.max) throw tooMany(values.length + count);
    for (let n = 0; n < count; n++) values.push(Number((from + n * step).toFixed(PLACES)));
  }
  return [...new Set(values)];
}

/** `seed=1..4` as a field and its values. Errors: BAD_REQUEST. */
export function parseAxis(text: string): SweepAxis {
  const [name = "", values = ""] = text.split(/=(.*)/s);
  const field = sweepFields.find((each) => each === name.trim());
  if (field === undefined)
    throw bad(
      `“${name.trim()}” cannot be gone through: choose one of ${sweepFields.join(", ")}, for example steps=4,8,16.`,
    );
  return { field, values: parseValues(values) };
}

/**
 * Every combination of the values, the last axis running fastest. Where the seed is not gone through, all clips share one, so that they
 * differ by nothing else. Errors: BAD_REQUEST. @param seed used where the request has none
 */
export function sweep(base: GenerationRequest, axes: readonly SweepAxis[], seed: number): GenerationRequest[] {
  const fields = axes.map(({ field }) => field);
  const twice = fields.find((field, i) => fields.indexOf(field) !== i);
  if (twice !== undefined) throw bad(`The ${twice} is gone through twice: put all its values together.`);
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > limits.batch.max) throw tooMany(count);
  let requests: GenerationRequest[] = [{ ...base, seed: base.seed ?? seed }];
  for (const { field, values } of axes)
    requests = requests.flatMap((request) => values.map((value) => ({ ...request, [field]: value })));
  return requests;
}

const bad = (sentence: string): StudioError => new StudioError("BAD_REQUEST", sentence);
const notUnderstood = (part: string): StudioError =>
  bad(`“${part.trim()}” is not understood: write values like 2,4,8 or ranges like 1..4 or 1..9/2.`);
const tooMany = (count: number): StudioError =>
  bad(`That would be ${count} clips, and a list may hold ${limits.batch.max}: take fewer values.`);
