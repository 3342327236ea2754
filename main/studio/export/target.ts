import { mkdir, rename, rm, stat, access } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import { containerInfo, type ExportSettings, isSequence } from "../../../core/export/index.ts";
import { assertWritable, FileExistsError, partPath, publish, syncFile, syncFolder } from "../../media/index.ts";
import { folderName } from "../projects/place.ts";
import type { Destination } from "../studio.ts";

/** Refuses a destination before any work is done for it. Errors: BAD_REQUEST, OUTPUT_UNWRITABLE, DISK_FULL. */
export async function checkTarget({ file, overwrite }: Destination, settings: ExportSettings): Promise<void> {
  const { extension } = containerInfo[settings.container];
  if (extname(file).toLowerCase() !== extension && !(extension === "" && extname(file) === ""))
    throw new StudioError(
      "BAD_REQUEST",
      extension === ""
        ? "Numbered pictures go into a folder: give a name without an extension."
        : `The output file's name must end in ${extension}.`,
      file,
    );
  const info = await stat(file).catch(() => null);
  if (info !== null && !overwrite) throw new FileExistsError(file);
  if (info !== null && info.isDirectory() !== isSequence(settings))
    throw new StudioError(
      "OUTPUT_UNWRITABLE",
      `${basename(file)} is something else and is not replaced: choose another name.`,
    );
  await assertWritable(dirname(file));
}

/** A name in the folder of exports that nobody has yet. @param extension with its dot */
export async function freeTarget(folder: string, name: string, extension: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (let n = 1; n < 10_000; n += 1) {
    const file = join(folder, `${folderName(name)}${n === 1 ? "" : ` ${n}`}${extension}`);
    const taken = await access(file).then(
      () => true,
      () => false,
    );
    if (!taken) return file;
  }
  throw new StudioError("OUTPUT_UNWRITABLE", "Too many exports have this name: choose another.");
}

/** Where the export is written until it is whole: beside its place, so that naming it is one step. */
export const partOf = (file: string): string => partPath(dirname(file));

export const FOLDER_GONE = "The folder of the export was removed meanwhile: choose another one and export again.";

/** Errors: OUTPUT_UNWRITABLE when the folder is not there any more. */
export async function assertFolder(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => null);
  if (info === null) throw new StudioError("OUTPUT_UNWRITABLE", FOLDER_GONE, folder);
}

/** Gives the finished export its name. What was there before is replaced in one step, or wins. */
export async function publishTarget(
  part: string,
  { file, overwrite }: Destination,
  settings: ExportSettings,
): Promise<void> {
  const folder = dirname(file);
  await assertFolder(folder);
  if (!isSequence(settings)) {
    await syncFile(part);
    await publish(part, file, overwrite);
    return;
  }
  // A folder cannot be replaced in one step: the old one stands aside until the new one has its name.
  const aside = partPath(folder);
  const isReplacing = overwrite && (await stat(file).catch(() => null)) !== null;
  if (isReplacing) await rename(file, aside);
  try {
    await rename(part, file);
  } catch (error) {
    if (isReplacing) await rename(aside, file);
    const known = StudioError.from(error);
    throw known.code === "INTERNAL" ? new FileExistsError(file) : known;
  }
  if (isReplacing) await rm(aside, { recursive: true, force: true });
  await syncFolder(folder);
}

export async function removeTarget(part: string): Promise<void> {
  await rm(part, { recursive: true, force: true }).catch(() => {}); // its folder is gone, and it with it
}
