import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/**
 * Where the parts of a project lie. A project is a folder, so that media can lie beside its file and the whole be carried elsewhere;
 * what is not for people to read lies in a hidden folder within.
 */
export interface ProjectPlace {
  readonly folder: string;
  /** The project file. */
  readonly file: string;
  readonly hidden: string;
  readonly journal: string;
  readonly backups: string;
}

/** What projects' files were called once. They are still read, and get their new name when they are opened for changing. */
export const OLD_NAME = "project.json";

/** The file has the folder's name, so that the desktop shows it and opens it with the studio; a folder that was renamed keeps its file. */
export function placeOf(folder: string): ProjectPlace {
  const hidden = join(folder, ".plume");
  return {
    folder,
    file: join(folder, fileIn(folder)),
    hidden,
    journal: join(hidden, "journal.jsonl"),
    backups: join(hidden, "backups"),
  };
}

/** The name that a project's file in this folder has from now on. */
export const newNameIn = (folder: string): string => `${basename(resolve(folder))}.plume`;

function fileIn(folder: string): string {
  const own = newNameIn(folder);
  const names = namesIn(folder);
  if (names.includes(own)) return own;
  const other = names
    .filter((name) => name.endsWith(".plume") && !name.startsWith("."))
    .sort((a, b) => (a < b ? -1 : 1))[0];
  return other ?? (names.includes(OLD_NAME) ? OLD_NAME : own);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no folder yet, or none that can be read: whoever opens the file says so
  }
}

/** The folder that a path of a user's means: itself, or the folder of the project file that it names. */
export function projectFolder(path: string): string {
  const [at, above] = [resolve(path), dirname(resolve(path))];
  return placeOf(above).file === at ? above : at;
}

/** Names a project to a page, which must not see paths: the same for as long as the folder stays where it is. */
export async function projectId(folder: string): Promise<string> {
  const path = await realpath(folder).catch(() => resolve(folder));
  return createHash("sha256").update(path.normalize("NFC")).digest("hex").slice(0, 24);
}

/** A folder name from a title: letters and digits of every script, spaces; never empty, hidden, or reserved on Windows. */
export function folderName(title: string): string {
  const words = title
    .normalize("NFKC")
    .replace(/[^\p{L}\p{N}\p{M} _-]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  const short = Array.from(words).slice(0, 60).join("").trim();
  if (!/[\p{L}\p{N}]/u.test(short)) return "Untitled";
  return /^(?:con|prn|aux|nul|com\d|lpt\d)$/i.test(short) ? `${short} project` : short;
}

/** Names in the backup folder, the newest first. */
export async function backupNames(backups: string): Promise<string[]> {
  const names = (await readdir(backups).catch(() => [] as string[])).filter((name) => /^project-\d+\.json$/.test(name));
  return names.sort((a, b) => revisionOf(b) - revisionOf(a));
}

export const revisionOf = (name: string): number => Number(/\d+/.exec(name)![0]);
