/** Small questions about checkpoints and packs on the disk. */
import { access, readdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";

/** An id from a file's name: `09B_merged_all.pt` → `09B_merged_all`. */
export function idFromFile(file: string): string {
  const id = basename(file, extname(file))
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
    .slice(0, 64);
  return id === "" ? "model" : id;
}

/** Models that come in several files may be given as the folder that they lie in. */
export async function assertReadable(file: string, what: string, allow: { folders?: boolean } = {}): Promise<void> {
  const info = await stat(file).catch(() => null);
  if (info === null)
    throw new StudioError("CHECKPOINT_UNREADABLE", `The ${what} file does not exist: check its path.`, file);
  if (!info.isFile() && !(allow.folders && info.isDirectory()))
    throw new StudioError(
      "CHECKPOINT_UNREADABLE",
      `This is a folder, not a ${what} file: choose the file inside it.`,
      file,
    );
  await access(file, 4 /* R_OK */).catch(() => {
    throw new StudioError("CHECKPOINT_UNREADABLE", `The ${what} file may not be read: check its permissions.`, file);
  });
}

/** The checkpoint itself, or all that lie in a folder and below it. */
export async function checkpointFiles(path: string): Promise<string[]> {
  if (!(await isFolder(path))) return [path];
  const names = await readdir(path, { recursive: true });
  return names.filter((name) => /\.(ckpt|pth|pt|safetensors)$/.test(name)).map((name) => join(path, name));
}

/** Bytes of all files in a folder and below it; links count as what they lead to. 0 where nothing is there. */
export async function bytesBelow(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const infos = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => null)));
  return infos.reduce((sum, info) => sum + (info?.isFile() === true ? info.size : 0), 0);
}

export function notInstalled(id: string): StudioError {
  return new StudioError(
    "MODEL_NOT_FOUND",
    "This model is not installed: `plume models list` shows those that are.",
    id.slice(0, 100),
  );
}

export async function isFolder(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  return info?.isDirectory() === true;
}
