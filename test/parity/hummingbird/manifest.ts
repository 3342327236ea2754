/** The manifest of a Hummingbird golden folder. Unknown fields are ignored; what a check needs and misses fails that check. */
import { z } from "zod";
import { type FileRecord, GoldenFolderError } from "../golden-folder.ts";
import { tolerancesSchema } from "../tolerance.ts";

const whole = z.number().int();
const text = z.string();

const settingsSchema = z.object({
  unet: z.object({
    model_channels: whole,
    channel_mult: z.array(whole),
    num_head_channels: whole,
    context_dim: whole,
  }),
  vae: z.object({ ch: whole, ch_mult: z.array(whole), num_res_blocks: whole }),
  text: z.object({ width: whole, heads: whole, layers: whole, vocab_size: whole, context_length: whole }),
  time_cond_proj_dim: whole,
  scale_factor: z.number(),
  fps: whole,
  guidance_scale: z.number(),
  linear_start: z.number(),
  linear_end: z.number(),
  loop_prompt: text.optional(),
  /** A number, or a sentence such as "e2e_seed + number of steps". */
  loop_seed: z.union([whole, text]).optional(),
  e2e: z.object({ prompt: text, seed: whole, steps: whole }).optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

const fileSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/u),
  what: text.default(""),
  tensors: z.record(text, text).optional(),
});

const manifestSchema = z.object({
  variant: text,
  other_variant: text.optional(),
  settings: settingsSchema,
  checkpoints: z.record(text, z.unknown()),
  tolerances: tolerancesSchema,
  files: z.record(text, fileSchema),
});
export type HummingbirdManifest = z.infer<typeof manifestSchema>;

/** True for manifests with named checkpoints and a U-Net variant, whatever else may be wrong with them. */
export function isHummingbirdManifest(manifest: unknown): boolean {
  return z.object({ variant: text, checkpoints: z.object({}), files: z.object({}) }).safeParse(manifest).success;
}

/** @throws GoldenFolderError naming the first field that is not as it should be */
export function parseManifest(manifest: unknown): HummingbirdManifest {
  const parsed = manifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GoldenFolderError(`The manifest's ${issue?.path.join(".")} does not follow its form: ${issue?.message}.`);
}

/** Every file of the manifest; checkpoints are listed among the files, with their hash. */
export function namedFiles(manifest: unknown): FileRecord[] {
  const { files, checkpoints } = parseManifest(manifest);
  const unlisted = Object.keys(checkpoints).find((name) => !Object.hasOwn(files, name));
  if (unlisted !== undefined)
    throw new GoldenFolderError(`The manifest names the checkpoint ${unlisted} but does not list it among its files.`);
  return Object.entries(files).map(([path, { sha256 }]) => ({ path, sha256 }));
}

/** Whether a variant's name (07B, 0.9B …) is that of the layout with a middle block. */
export const hasMiddleBlock = (variant: string): boolean => /^0\.?9/u.test(variant);
