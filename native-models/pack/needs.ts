/** How much memory converting takes, told beforehand. Loads no onnxruntime: the studio's own process asks too. */
import { StudioError } from "../../core/contract/errors.ts";
import { spokenMemory } from "../../core/planner/index.ts";
import { freeMemory } from "../free-memory.ts";

/** Of streaming a checkpoint, however large: two of its largest weights. Measured on the official 0.7B: 430 MB. */
const STREAMING_BYTES = 0.5e9;
/**
 * Of running a model in pieces beside that (see `PIECE_BYTES`), however large: to measure what smaller weights cost, or the ranges that
 * int8 needs. Measured from the official checkpoint: 0.7B 730 MB in fp16, 870 MB in int8 and in 4 bits; KeyVID
 * 1.1 GB in 4 bits.
 */
const MEASURING_BYTES = 1.3e9;
/** Of the process itself. */
const OWN_BYTES = 0.35e9;

/**
 * Bytes of memory that converting takes at its peak. Of small models that is little more than the process: the starter's 26 MB took
 * 220 MB, and 360 MB with measuring; those of the KeyVID that ships 400 MB.
 * @param checkpointBytes size of what it is made from
 */
export function conversionMemory(checkpointBytes: number, isMeasured: boolean): number {
  const most = isMeasured ? MEASURING_BYTES : STREAMING_BYTES;
  return Math.min(most, OWN_BYTES + (isMeasured ? 4 : 1) * checkpointBytes);
}

/**
 * Looks whether there is that much before the work begins, so that the system does not end it in the middle.
 * @param have bytes that this process may hold in all
 * Errors: MODEL_OUT_OF_MEMORY saying what is needed and what is there.
 */
export function demandMemory(need: number, have: number = freeMemory() + process.memoryUsage.rss()): void {
  if (need <= have) return;
  throw new StudioError(
    "MODEL_OUT_OF_MEMORY",
    `Measuring what smaller weights cost takes about ${spokenMemory(need)} of memory and ${spokenMemory(have)} are free: close other programs and try again, or install it in fp32.`,
  );
}
