import { randomBytes } from "node:crypto";
import { link, open, readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { StudioError } from "../../core/contract/index.ts";

/** Temporary files are hidden, lie in the target's own folder (so that a rename is atomic) and carry the writer's process id. */
const PART = /^\.plume-(\d+)-[0-9a-f]{12}\.part$/;

export function partPath(folder: string): string {
  return join(folder, `.plume-${process.pid}-${randomBytes(6).toString("hex")}.part`);
}

/** Forces a file's bytes to the disk. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Forces a folder's entries to the disk, so that a rename survives a power cut. Windows cannot open folders and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Gives a finished temporary file its name. With `overwrite` it replaces what is there in one step; without, an existing file
 * wins and `FileExistsError` is thrown: a hard link cannot overwrite, unlike a rename. Both files must be in one file system.
 */
export async function publish(part: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) await rename(part, path);
  else {
    try {
      await link(part, path);
    } catch (error) {
      if (codeOf(error) === "EEXIST") throw new FileExistsError(path);
      // File systems without hard links (FAT, some network shares): claim the name with an empty file, then rename over it.
      await claim(path);
      await rename(part, path);
      await syncFolder(dirname(path));
      return;
    }
    await unlink(part);
  }
  await syncFolder(dirname(path));
}

async function claim(path: string): Promise<void> {
  try {
    await (await open(path, "wx")).close();
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw new FileExistsError(path);
    throw error;
  }
}

/** The name is taken. */
export class FileExistsError extends StudioError {
  constructor(path: string) {
    super(
      "OUTPUT_UNWRITABLE",
      `A file named ${basename(path)} exists already: choose another name, or ask to replace it.`,
    );
  }
}

/** Removes temporary files whose writer died (a power cut, a kill); those of living processes stay. Returns how many. */
export async function sweepParts(folder: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(PART.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    await unlink(join(folder, name)).then(
      () => (removed += 1),
      () => {}, // another instance swept it first
    );
  }
  return removed;
}

/** True while a process of this id runs. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return codeOf(error) === "EPERM";
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
