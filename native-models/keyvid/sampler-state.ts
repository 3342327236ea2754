/** A sampler's state as bytes: the sample and the clean clip of each answer, with the angles at which they were given. */
import { readState, writeState } from "../diffusion/saved-state.ts";
import type { SamplerState } from "./sample.ts";

/** @param of names the run, e.g. a hash of its inputs */
export function writeSampler({ done, sample, answers }: SamplerState, of: string): Uint8Array {
  const arrays = [sample, ...answers.map(({ clean }) => clean)];
  return writeState({ done, numbers: answers.map(({ angle }) => angle), arrays }, of);
}

/** The state that was written, or null for one that is torn, of another version, or of another run. */
export function readSampler(bytes: Uint8Array, of: string): SamplerState | null {
  const state = readState(bytes, of);
  const [sample, ...clean] = state?.arrays ?? [];
  if (!state || !sample || clean.length !== state.numbers.length) return null;
  return { done: state.done, sample, answers: state.numbers.map((angle, i) => ({ angle, clean: clean[i]! })) };
}
