/**
 * The int8 form of a pack's U-Net on disk: `int8.json` (ranges, index, size and hash of the weights) and the weights file that it
 * names. Both are derived from the float32 weights beside them, so whatever is wrong with them (half-written, another version's,
 * damaged) they count for nothing and are made anew.
 */
import { randomUUID } from "node:crypto";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ConvRange, Int8Weight } from "../onnx/graph.ts";
import { writeInt8Weights } from "../onnx/quantise.ts";
import type { Weights } from "../onnx/session.ts";
import { HashedWriter, sha256File, syncFolder, writeDurably } from "./files.ts";

const DESCRIPTION = "int8.json";
/** Each attempt writes a file of its own name; only the one that the description names counts. */
const isAttempt = (name: string): boolean => /^(?:int8-.*\.bin|int8\.json-.*)$/u.test(name);

const pair = z.tuple([z.number(), z.number()]);
const whole = z.number().int().nonnegative();
const descriptionSchema = z.object({
  schema: z.literal("plume.int8/2"),
  weights: z.object({ name: z.string().regex(/^[\w.-]+$/u), bytes: whole, sha256: z.string() }),
  /** By path of the convolution in the checkpoint. */
  ranges: z.record(z.string(), z.object({ input: pair, output: pair })),
  index: z.record(
    z.string(),
    z.object({
      offset: whole,
      bytes: whole,
      dtype: z.enum(["float32", "int8", "int32"]),
      shape: z.array(z.number()),
    }),
  ),
});
type Description = z.infer<typeof descriptionSchema>;

/** What an int8 U-Net needs besides the pack. */
export interface Int8Data {
  readonly ranges: ReadonlyMap<string, ConvRange>;
  readonly weights: Weights;
}

/** The pack's int8 data, or null where there is none that is complete. Compares sizes, not contents: see `verifyInt8`. */
export async function readInt8(weights: Weights): Promise<Int8Data | null> {
  const description = await readDescription(weights.folder);
  return description === null ? null : withIndex(weights, description);
}

/**
 * Quantises the weights that an int8 graph wants and puts the pair in place, the description last.
 * Errors: MODEL_DAMAGED when the float32 weights are not there, DISK_FULL, OUTPUT_UNWRITABLE.
 */
export async function writeInt8(
  weights: Weights,
  wanted: readonly Int8Weight[],
  ranges: ReadonlyMap<string, ConvRange>,
): Promise<Int8Data> {
  const { folder } = weights;
  // What a killed attempt left behind.
  await discardInt8(folder);
  const name = `int8-${randomUUID()}.bin`;
  const draft = join(folder, `${DESCRIPTION}-${randomUUID()}`);
  const writer = await HashedWriter.create(join(folder, name));
  try {
    const index = await writeInt8Weights(weights, wanted, ranges, writer);
    const file = { name, ...(await writer.finish()) };
    const made = { schema: "plume.int8/2", weights: file, ranges: Object.fromEntries(ranges), index };
    const description = descriptionSchema.parse(made);
    await writeDurably(draft, JSON.stringify(description));
    await rename(draft, join(folder, DESCRIPTION));
    await syncFolder(folder);
    return withIndex(weights, description);
  } catch (error) {
    await writer.abandon();
    for (const path of [join(folder, name), draft]) await rm(path, { force: true });
    throw error;
  }
}

/** Bytes of the pack's int8 weights; 0 where there are none. */
export async function int8Bytes(folder: string): Promise<number> {
  return (await readDescription(folder))?.weights.bytes ?? 0;
}

/**
 * Reads every byte of the int8 weights. True when there is nothing that is damaged.
 * @param onBytes is told the number of bytes after each piece.
 * Errors: CANCELLED.
 */
export async function verifyInt8(
  folder: string,
  onBytes: (bytes: number) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<boolean> {
  const description = await readDescription(folder);
  if (description === null) return !(await readdir(folder)).some((name) => name === DESCRIPTION || isAttempt(name));
  const { name, sha256 } = description.weights;
  return (await sha256File(join(folder, name), onBytes, signal)) === sha256;
}

/** Takes the int8 data away, attempts that were never finished included. */
export async function discardInt8(folder: string): Promise<void> {
  await rm(join(folder, DESCRIPTION), { force: true });
  for (const name of await readdir(folder)) if (isAttempt(name)) await rm(join(folder, name), { force: true });
}

async function readDescription(folder: string): Promise<Description | null> {
  try {
    const description = descriptionSchema.parse(JSON.parse(await readFile(join(folder, DESCRIPTION), "utf8")));
    const { name, bytes } = description.weights;
    const isInside = Object.values(description.index).every((entry) => entry.offset + entry.bytes <= bytes);
    return isInside && (await stat(join(folder, name))).size === bytes ? description : null;
  } catch {
    return null;
  }
}

function withIndex(weights: Weights, { ranges, index, weights: { name } }: Description): Int8Data {
  const entries = Object.entries(index).map(([key, entry]) => [key, { ...entry, file: name }] as const);
  return {
    ranges: new Map(Object.entries(ranges)),
    weights: { ...weights, index: { ...weights.index, ...Object.fromEntries(entries) } },
  };
}
