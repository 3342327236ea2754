/**
 * What a model pack's folder holds: `pack.json` (this manifest), `weights.json` (what lies where) and `weights.bin`; later also what
 * is derived from them (`int8.json` and its weights, `preview-map.json`).
 *
 * The graphs are not in it. They are code: a graph has its shapes written in, so there is one for every size and length that a user
 * may ask for, and authoring one takes less than a tenth of a second (0.05 s of CPU for the U-Net of the official 0.7B). They are written beside the
 * weights while a session opens and are gone when it is open. So an installed model gets every improvement of the studio's graphs
 * with the studio's next version, and no file that is run lies on the disk where it could be exchanged.
 */
import { z } from "zod";
import { type ModelSummary, StudioError } from "../../core/contract/index.ts";
import { hummingbirdConfigSchema } from "../hummingbird/config.ts";
import { hummingbirdSummary } from "../hummingbird/summary.ts";
import { weightFormats } from "../onnx/weight-formats.ts";
import { keyvidConfigSchema } from "../keyvid/config.ts";
import { keyvidSummary } from "../keyvid/summary.ts";
import { patnetConfigSchema } from "../patnet/config.ts";
import { patnetSummary } from "../patnet/summary.ts";

/** Raised when packs of older studios can no longer be read; they are then installed anew from the checkpoint. */
export const PACK_FORMAT = 1;
export const MANIFEST_FILE = "pack.json";
export const INDEX_FILE = "weights.json";
export const WEIGHTS_FILE = "weights.bin";
/** Every weight begins at a multiple of this, so that it can be mapped and used in place. */
export const WEIGHT_ALIGNMENT = 64;

const whole = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);
const sizeSchema = z.object({ width: z.number().int().positive(), height: z.number().int().positive() });
const sourceSchema = z.object({ file: z.string(), bytes: whole, sha256 });

const measuredSchema = z.object({ likeness: z.number(), psnr: z.number().nullable() });

const anyManifest = z.object({
  format: z.literal(PACK_FORMAT),
  /** Version of the studio that converted it. */
  converter: z.string(),
  id: z.string().min(1),
  name: z.string().min(1),
  variant: z.string(),
  licence: z.string(),
  about: z.string(),
  examplePrompts: z.array(z.string()),
  /** Numbers in all networks together, every official tensor counted once. */
  parameters: whole,
  native: sizeSchema.extend({ frames: z.number().int().positive() }),
  sizes: z.array(sizeSchema.extend({ label: z.string() })),
  precisions: z.array(z.enum(["fp32", "int8"])).min(1),
  /**
   * The format that its weights are kept in, what that costs (probe.ts; null: nothing, they are as published), and smaller formats
   * that were asked for and did not hold up.
   */
  weights: z
    .object({
      format: z.enum(weightFormats),
      measured: measuredSchema.nullable(),
      refused: z.array(z.object({ format: z.enum(weightFormats), measured: measuredSchema })),
    })
    .default({ format: "fp32", measured: null, refused: [] }),
  /** The checkpoint that it was made from; where a model comes in several files, its main one. */
  source: sourceSchema,
  /** The other files that it was made from. */
  companions: z.array(sourceSchema).default([]),
  loras: z.array(z.object({ file: z.string(), sha256, scale: z.number() })),
  /** Every other file of the pack that must not change. */
  files: z.array(z.object({ name: z.string().regex(/^[\w.-]+$/u), bytes: whole, sha256 })),
});

export const packManifestSchema = z.discriminatedUnion("family", [
  anyManifest.extend({ family: z.literal("hummingbird"), config: hummingbirdConfigSchema }),
  anyManifest.extend({ family: z.literal("keyvid"), config: keyvidConfigSchema }),
  anyManifest.extend({ family: z.literal("patnet"), config: patnetConfigSchema }),
]);
export type PackManifest = z.infer<typeof packManifestSchema>;
/** The manifest of one family. */
export type ManifestOf<F extends PackManifest["family"]> = Extract<PackManifest, { family: F }>;

/** A pack's manifest, known to be of one family. Errors: MODEL_WRONG_KIND. */
export function manifestOf<F extends PackManifest["family"]>(family: F, manifest: PackManifest): ManifestOf<F> {
  if (manifest.family !== family)
    throw new StudioError(
      "MODEL_WRONG_KIND",
      `The model ${manifest.name} is of another kind: choose a ${family} model.`,
    );
  return manifest as ManifestOf<F>;
}

export const weightIndexSchema = z.record(
  z.string(),
  z.object({
    /** Absent: the weights file. */
    file: z
      .string()
      .regex(/^[\w.-]+$/u)
      .optional(),
    offset: whole,
    bytes: whole,
    dtype: z.enum(["float32", "float16", "int8", "uint8", "int32", "uint4"]),
    shape: z.array(whole),
    scales: whole.optional(),
  }),
);

/**
 * The manifest as the studio lists models.
 * @param bundled true for a model that ships with the app.
 */
export function packSummary(manifest: PackManifest, bundled = false): ModelSummary {
  const bytesOnDisk = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const { id, name, family, variant, licence, about, examplePrompts, parameters, precisions, sizes } = manifest;
  const shared = { id, name, family, variant, bundled, licence, about, examplePrompts, parameters, bytesOnDisk };
  return { ...shared, precisions, sizes, weights: manifest.weights, ...familySummary(manifest) };
}

function familySummary(manifest: PackManifest) {
  switch (manifest.family) {
    case "hummingbird":
      return hummingbirdSummary(manifest);
    case "keyvid":
      return keyvidSummary(manifest);
    case "patnet":
      return patnetSummary(manifest);
  }
}
