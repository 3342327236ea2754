import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { unlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { assertWritable, partPath, publish, syncFile } from "../media/index.ts";

/** A file that is complete and on disk, under a temporary name in its final folder. */
export interface PendingFile {
  publish(path: string, overwrite: boolean): Promise<void>;
  discard(): Promise<void>;
}

/** Writes text or bytes to a temporary file in `folder` and forces it to disk, so that only a rename is left to do. */
export async function prepareFile(
  folder: string,
  text: string | Uint8Array,
  mode: number = 0o666,
): Promise<PendingFile> {
  const part = partPath(folder);
  const discard = (): Promise<void> => unlink(part).catch(() => {}); // published or never written: nothing to remove
  try {
    await writeFile(part, text, { flag: "wx", mode });
    await syncFile(part);
  } catch (error) {
    await discard();
    throw error;
  }
  return { publish: (path, overwrite) => publish(part, path, overwrite), discard };
}

/** Replaces a file in one step: readers see the old content or the new one, never a mixture. */
export async function replaceFile(path: string, text: string | Uint8Array): Promise<void> {
  const pending = await prepareFile(dirname(path), text);
  try {
    await pending.publish(path, true);
  } finally {
    await pending.discard();
  }
}

/** sha256 of a file, hex; reads in pieces, so that neither memory nor the event loop suffers. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Writes a file for the user in one step. Errors: FileExistsError, OUTPUT_UNWRITABLE, DISK_FULL. */
export async function writeText(
  { file, overwrite }: { readonly file: string; readonly overwrite: boolean },
  text: string,
): Promise<void> {
  await assertWritable(dirname(file));
  const pending = await prepareFile(dirname(file), text);
  try {
    await pending.publish(file, overwrite);
  } finally {
    await pending.discard();
  }
}
