/** The manifest of a PATNet golden folder: files by path, each with its configuration and tolerance. */
import { z } from "zod";
import { type FileRecord, GoldenFolderError } from "../golden-folder.ts";

const fileSchema = z.looseObject({
  description: z.string().default(""),
  config: z.looseObject({}).optional(),
  tolerance: z.union([z.string(), z.record(z.string(), z.union([z.string(), z.number()]))]).optional(),
  tensors: z.record(z.string(), z.unknown()).optional(),
});
export type GoldenEntry = z.infer<typeof fileSchema>;

const manifestSchema = z.looseObject({ reference: z.string(), files: z.record(z.string(), fileSchema) });
export type PatnetManifest = z.infer<typeof manifestSchema>;

/** True for manifests whose files lie in this family's folders, whatever else may be wrong with them. */
export function isPatnetManifest(manifest: unknown): boolean {
  const shape = z.object({ reference: z.string(), files: z.record(z.string(), z.unknown()) }).safeParse(manifest);
  return shape.success && Object.keys(shape.data.files).some((path) => /^(?:cls|blocks|det|procgen)\//u.test(path));
}

/** @throws GoldenFolderError naming the first field that is not as it should be */
export function parseManifest(manifest: unknown): PatnetManifest {
  const parsed = manifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GoldenFolderError(`The manifest's ${issue?.path.join(".")} does not follow its form: ${issue?.message}.`);
}

/** This family's manifests carry no hashes: only that every file is there can be checked. */
export const namedFiles = (manifest: unknown): FileRecord[] =>
  Object.keys(parseManifest(manifest).files).map((path) => ({ path }));

/**
 * A number of a file's tolerance.
 * @throws Error when there is none: a case without a bound could not fail
 */
export function bound(entry: GoldenEntry, name: string): number {
  const value = typeof entry.tolerance === "object" ? entry.tolerance[name] : undefined;
  if (typeof value !== "number") throw new Error(`the manifest gives no tolerance ${name}`);
  return value;
}
