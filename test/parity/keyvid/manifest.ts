/** The manifest of a KeyVID golden folder: a list of files, each with its own tolerance. */
import { z } from "zod";
import { type FileRecord, GoldenFolderError } from "../golden-folder.ts";
import { type Tolerance, EXACT } from "../tolerance.ts";

const allowedSchema = z.object({ atol: z.number().nonnegative(), rtol: z.number().nonnegative().default(0) });

const fileSchema = z.looseObject({
  file: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/u),
  tensors: z.record(z.string(), z.tuple([z.string(), z.array(z.number().int())])).optional(),
  tolerance: z.union([z.literal("exact"), allowedSchema]).optional(),
});
export type GoldenEntry = z.infer<typeof fileSchema>;

const manifestSchema = z.looseObject({ title: z.string(), files: z.array(fileSchema).min(1) });
export type KeyvidManifest = z.infer<typeof manifestSchema>;

/** True for manifests that list files of this family's folders, whatever else may be wrong with them. */
export function isKeyvidManifest(manifest: unknown): boolean {
  const shape = z.object({ files: z.array(z.object({ file: z.string() })) }).safeParse(manifest);
  return (
    shape.success &&
    shape.data.files.some(({ file }) => /^(?:ckpt\/KeyVID|localizer|keyframes|imagebind|unet_keyframe)\//u.test(file))
  );
}

/** @throws GoldenFolderError naming the first field that is not as it should be */
export function parseManifest(manifest: unknown): KeyvidManifest {
  const parsed = manifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GoldenFolderError(`The manifest's ${issue?.path.join(".")} does not follow its form: ${issue?.message}.`);
}

export const namedFiles = (manifest: unknown): FileRecord[] =>
  parseManifest(manifest).files.map(({ file, sha256 }) => ({ path: file, sha256 }));

/**
 * What a file's tensors may be off by.
 * @throws Error when there is no bound: a case without one could not fail
 */
export function toleranceOf(entry: GoldenEntry): Tolerance {
  const { tolerance } = entry;
  if (tolerance === undefined) throw new Error(`the manifest gives no tolerance for ${entry.file}`);
  if (tolerance === "exact") return EXACT;
  if (tolerance.rtol !== 0) throw new Error(`the relative tolerance of ${entry.file} is not understood`);
  return { pass: { maxAbs: tolerance.atol }, tight: {} };
}

/**
 * Another number of a file's entry, e.g. `resample_atol`, as an absolute tolerance.
 * @throws Error when there is none
 */
export function absolute(entry: GoldenEntry, name: string): Tolerance {
  return { pass: { maxAbs: number(entry, name) }, tight: {} };
}

/** @throws Error when the entry has no such number */
export function number(entry: GoldenEntry, name: string): number {
  const value = entry[name];
  if (typeof value !== "number") throw new Error(`the manifest gives no ${name} for ${entry.file}`);
  return value;
}
