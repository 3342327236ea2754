import type { WeightIndex } from "../types.ts";

/** A pack's weights of one part (“keyframes”, “sound” …) under the official names, as that part's graphs ask for them. */
export function partIndex(index: WeightIndex, part: string): WeightIndex {
  const start = `${part}/`;
  const own = Object.entries(index).filter(([key]) => key.startsWith(start));
  return Object.fromEntries(own.map(([key, entry]) => [key.slice(start.length), entry]));
}
