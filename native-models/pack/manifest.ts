/** What a model pack's folder holds: `pack.json` (this manifest), `weights.json` (what lies where) and `weights.bin`. */
import { z } from "zod";
import type { ModelSummary } from "../../core/contract/index.ts";
import { hummingbirdConfigSchema } from "../hummingbird/config.ts";

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

export const packManifestSchema = z.object({
  format: z.literal(PACK_FORMAT),
  /** Version of the studio that converted it. */
  converter: z.string(),
  id: z.string().min(1),
  name: z.string().min(1),
  family: z.literal("hummingbird"),
  variant: z.string(),
  config: hummingbirdConfigSchema,
  licence: z.string(),
  about: z.string(),
  examplePrompts: z.array(z.string()),
  /** Numbers in all networks together, every official tensor counted once. */
  parameters: whole,
  native: sizeSchema.extend({ frames: z.number().int().positive() }),
  sizes: z.array(sizeSchema.extend({ label: z.string() })),
  precisions: z.array(z.enum(["fp32", "int8"])).min(1),
  /** The checkpoint that it was made from. */
  source: z.object({ file: z.string(), bytes: whole, sha256 }),
  loras: z.array(z.object({ file: z.string(), sha256, scale: z.number() })),
  /** Every other file of the pack that must not change. */
  files: z.array(z.object({ name: z.string().regex(/^[\w.-]+$/u), bytes: whole, sha256 })),
});
export type PackManifest = z.infer<typeof packManifestSchema>;

export const weightIndexSchema = z.record(
  z.string(),
  z.object({
    offset: whole,
    bytes: whole,
    dtype: z.enum(["float32", "float16", "int8", "uint8", "int32"]),
    shape: z.array(whole),
  }),
);

/**
 * The manifest as the studio lists models.
 * @param bundled true for the model that ships with the app.
 */
export function packSummary(manifest: PackManifest, bundled = false): ModelSummary {
  const { config, native } = manifest;
  const { sampler } = config;
  return {
    id: manifest.id,
    name: manifest.name,
    family: manifest.family,
    variant: manifest.variant,
    bundled,
    licence: manifest.licence,
    about: manifest.about,
    examplePrompts: manifest.examplePrompts,
    parameters: manifest.parameters,
    bytesOnDisk: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
    guidanceKind: sampler.kind === "lcm" ? "embedded" : "classifier-free",
    precisions: manifest.precisions,
    defaults: {
      width: native.width,
      height: native.height,
      frames: native.frames,
      fps: config.fps,
      steps: sampler.defaultSteps,
      guidance: sampler.defaultGuidance,
      precision: "fp32",
    },
    sizes: manifest.sizes,
    maxSteps: 50,
  };
}
