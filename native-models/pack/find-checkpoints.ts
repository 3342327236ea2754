/** Looks for checkpoint files in a folder and the folders below it. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

const ENDING = /\.(?:ckpt|pt|pth|bin|safetensors)$/iu;
/** A repository of checkpoints is shallow and small; a home folder given by mistake must not be searched through. */
const DEEPEST = 4;
const MOST_FILES = 32;
const MOST_ENTRIES = 5000;

/** Paths of the files that are called like checkpoints, those higher up first, in the order of their names. */
export async function findCheckpoints(folder: string, deepest = DEEPEST): Promise<string[]> {
  const found: string[] = [];
  let level = [folder];
  let entries = 0;
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const place of level) {
      const listed = await readdir(place, { withFileTypes: true }).catch(() => []);
      for (const entry of listed.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        if (++entries > MOST_ENTRIES || found.length >= MOST_FILES) return found;
        const path = join(place, entry.name);
        if (entry.isDirectory() && !entry.name.startsWith(".")) next.push(path);
        else if ((entry.isFile() || entry.isSymbolicLink()) && ENDING.test(entry.name)) found.push(path);
      }
    }
    level = next;
  }
  return found;
}
