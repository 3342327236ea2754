/**
 * Where models lie. The data folder's `models` is the place, unless it holds `.moved.json`, which names another: so every studio and
 * every command on this data folder finds the same place at any time, also while it is moved under their eyes.
 */
import { constants, existsSync, readFileSync } from "node:fs";
import { copyFile, link, mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { StudioError } from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";

const POINTER = ".moved.json";
const pointerSchema = z.object({ to: z.string().min(1) });

/** The folder that models lie in. Errors: MODEL_NOT_FOUND when they were moved to a disk that is not there. */
export function placeOf(root: string): string {
  let text: string;
  try {
    text = readFileSync(join(root, POINTER), "utf8");
  } catch {
    return root;
  }
  const pointer = pointerSchema.safeParse(JSON.parse(text));
  const to = pointer.success ? pointer.data.to : root;
  if (existsSync(to)) return to;
  throw new StudioError(
    "MODEL_NOT_FOUND",
    `The models lie in ${to}, which is not there: connect that disk, or name another place with \`plume models move\`.`,
  );
}

/** From now on models lie there. In one step. */
export async function point(root: string, to: string): Promise<void> {
  if (to === root) await rm(join(root, POINTER), { force: true });
  else await replaceFile(join(root, POINTER), `${JSON.stringify({ to }, null, 2)}\n`);
}

/**
 * Puts a folder's files elsewhere, and leaves the originals. On the same disk they share their bytes (hard links), which takes no room
 * and no time. The copy appears whole or not at all. @param onFile is told each file's path
 */
export async function duplicate(from: string, to: string, onFile: (path: string) => void = () => {}): Promise<void> {
  const draft = join(dirname(to), `.moving-${process.pid}`);
  await rm(draft, { recursive: true, force: true });
  await copyInto(from, draft, onFile);
  await rm(to, { recursive: true, force: true });
  await rename(draft, to);
}

async function copyInto(from: string, to: string, onFile: (path: string) => void): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyInto(source, target, onFile);
    else await share(source, target);
    onFile(source);
  }
}

/** A file under a second name: linked where the disk can, copied elsewhere. */
export async function share(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE));
}
