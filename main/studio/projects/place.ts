import { createHash } from "node:crypto";
import { readdir, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";

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

export const PROJECT_FILE = "project.json";

export function placeOf(folder: string): ProjectPlace {
  const hidden = join(folder, ".plume");
  return {
    folder,
    file: join(folder, PROJECT_FILE),
    hidden,
    journal: join(hidden, "journal.jsonl"),
    backups: join(hidden, "backups"),
  };
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
