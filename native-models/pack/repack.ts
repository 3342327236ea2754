/**
 * A pack with smaller weights: made from one in float32, measured against it, and kept only where it holds up. A format that does not
 * gives way to the next larger one.
 */
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";
import type { Weights } from "../onnx/session.ts";
import { StoredWeights } from "../onnx/stored-weights.ts";
import { packWeight, storedBytes, type WeightFormat, weightFormats } from "../onnx/weight-formats.ts";
import type { ParameterSpec, WeightEntry, WeightIndex } from "../types.ts";
import { HashedWriter, throwIfAborted, writeDurably } from "./files.ts";
import {
  INDEX_FILE,
  MANIFEST_FILE,
  type PackManifest,
  packManifestSchema,
  WEIGHT_ALIGNMENT,
  WEIGHTS_FILE,
} from "./manifest.ts";
import { compareProbes, HOLDS_UP, type Measured, type Probe, type ProbeOptions } from "./probe.ts";
import type { Pack } from "./read-pack.ts";

export interface RepackOptions {
  /** In float32. May be the very folder that the new pack goes to. */
  readonly base: Pack;
  /** Every weight of the model, with what its graphs use it for. */
  readonly specs: readonly ParameterSpec[];
  readonly format: Exclude<WeightFormat, "fp32">;
  /** Runs the model's probe on weights. */
  readonly probe: (weights: Weights, options: ProbeOptions) => Promise<Probe>;
  readonly threads: number;
  /** `fraction`, 0 to 1, of all of it. */
  readonly onProgress: (step: string, fraction: number) => void | Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

const DRAFT = "weights-packed.bin";
/** Shares of the progress: the exact run, packing, the packed run. */
const [EXACT, PACKING] = [0.4, 0.2];

/** Bytes of a pack's weights in a format, about: alignment and what is stored once are left out. */
export const packedBytes = (specs: readonly ParameterSpec[], format: WeightFormat): number =>
  specs.reduce((sum, spec) => sum + storedBytes(spec, format), 0);

/**
 * Writes the smaller pack into `folder` and returns its manifest, which it has written too. Where nothing smaller holds up, a pack that is
 * its own base stays in float32 and says so.
 * Errors: CHECKPOINT_MISMATCH (nothing smaller holds up), MODEL_DAMAGED (the base), DISK_FULL, CANCELLED, those of running the model.
 */
export async function repack(folder: string, options: RepackOptions): Promise<PackManifest> {
  const { base, format, threads, signal, onProgress } = options;
  if (base.manifest.weights.format !== "fp32")
    throw new StudioError(
      "BAD_REQUEST",
      `${base.manifest.name} is in smaller weights already: install it from its checkpoint to have it in others.`,
    );
  const run = (weights: Weights, from: number, share: number) =>
    options.probe(weights, {
      threads,
      signal,
      onProgress: (fraction) => onProgress("Measuring what smaller weights cost", from + share * fraction),
    });
  const exactWeights: Weights = { folder: base.folder, file: base.weightsFile, index: base.index };
  const exact = await run(exactWeights, 0, EXACT);
  const refused: PackManifest["weights"]["refused"] = [];
  // From the one asked for to larger ones.
  for (let at = weightFormats.indexOf(format); at > 0; at--) {
    const tried = weightFormats[at] as Exclude<WeightFormat, "fp32">;
    const writer = await HashedWriter.create(
      join(folder, DRAFT),
      (await stat(join(base.folder, base.weightsFile))).size > 2 ** 28,
    );
    try {
      const index = await writePacked({ ...options, format: tried }, exactWeights, writer);
      const written = await writer.finish();
      const measured = compareProbes(
        exact,
        await run({ folder, file: DRAFT, index }, EXACT + PACKING, 1 - EXACT - PACKING),
      );
      if (measured.likeness >= HOLDS_UP)
        return await finish(folder, base, index, written, { format: tried, measured, refused });
      refused.push({ format: tried, measured });
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    await rm(join(folder, DRAFT));
  }
  // A model that was converted just now stays as it is: nobody wants to fetch it again for this.
  if (base.folder === folder) return await keep(folder, base, refused);
  throw new StudioError(
    "CHECKPOINT_MISMATCH",
    `${base.manifest.name} does not hold up in smaller weights: keep it in fp32.`,
    refused.map((each) => `${each.format} ${each.measured.likeness.toFixed(3)}`).join(", "),
  );
}

/** The pack in float32, which says what did not hold up. */
async function keep(folder: string, base: Pack, refused: PackManifest["weights"]["refused"]): Promise<PackManifest> {
  const manifest = { ...base.manifest, weights: { format: "fp32" as const, measured: null, refused } };
  await rm(join(folder, MANIFEST_FILE));
  await writeDurably(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** Packs every weight; those that share their bytes go on sharing them. */
async function writePacked(
  { specs, format, signal, onProgress, base }: RepackOptions,
  exact: Weights,
  writer: HashedWriter,
): Promise<WeightIndex> {
  const index: Record<string, WeightEntry> = {};
  const known = new Map<string, WeightEntry>();
  const stored = new StoredWeights(exact);
  try {
    for (const [n, spec] of specs.entries()) {
      throwIfAborted(signal);
      const from = base.index[spec.key];
      if (from === undefined)
        throw new StudioError("MODEL_DAMAGED", `The model lacks the weight ${spec.key}: install it again.`);
      // What a graph does with it decides how it is kept: shared bytes are shared among equal uses.
      const place = `${from.file ?? ""} ${from.offset} ${spec.use ?? ""} ${from.shape.join()}`;
      let entry = known.get(place);
      if (entry === undefined) {
        const packed = packWeight(await stored.read(spec.key), spec, format);
        await writer.align(WEIGHT_ALIGNMENT);
        const offset = writer.position;
        await writer.write(packed.data, signal);
        entry = { offset, bytes: packed.data.length, dtype: packed.dtype, shape: spec.shape };
        if (packed.scales !== null) {
          await writer.align(WEIGHT_ALIGNMENT);
          entry = { ...entry, scales: writer.position };
          await writer.write(new Uint8Array(packed.scales.buffer), signal);
        }
        known.set(place, entry);
      }
      index[spec.key] = entry;
      await onProgress("Packing the weights", EXACT + (PACKING * (n + 1)) / specs.length);
    }
    return index;
  } finally {
    await stored.close();
  }
}

async function finish(
  folder: string,
  base: Pack,
  index: WeightIndex,
  written: { bytes: number; sha256: string },
  weights: { format: WeightFormat; measured: Measured; refused: PackManifest["weights"]["refused"] },
): Promise<PackManifest> {
  await rename(join(folder, DRAFT), join(folder, WEIGHTS_FILE));
  for (const name of [INDEX_FILE, MANIFEST_FILE]) await rm(join(folder, name), { force: true });
  const indexFile = await writeDurably(join(folder, INDEX_FILE), JSON.stringify(index));
  const manifest = packManifestSchema.parse({
    ...base.manifest,
    weights,
    files: [
      { name: WEIGHTS_FILE, ...written },
      { name: INDEX_FILE, ...indexFile },
    ],
  } satisfies PackManifest);
  await writeDurably(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}
