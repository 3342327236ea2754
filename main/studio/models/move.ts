import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import { displayName } from "../folders.ts";
import { isDownloading } from "../lock.ts";
import { duplicate, placeOf, point } from "./place.ts";
import { freeBytes } from "./room.ts";
import { STYLES } from "./style-service.ts";

/** Folder of what is on its way, inside the models' folder: it moves with them. */
export const DOWNLOADS = ".downloads";
/** What moves along without being a model. */
const HIDDEN: readonly string[] = [DOWNLOADS, STYLES];

export interface MoveTask {
  /** The data folder's own folder for models, which names where they lie if not here. */
  readonly root: string;
  /** Absolute. */
  readonly to: string;
  /** Reads a pack's every byte. Errors: MODEL_DAMAGED. */
  readonly verify: (pack: string) => Promise<unknown>;
  readonly onProgress: (step: string, fraction: number) => void;
  readonly signal: AbortSignal;
}

/** With the models' lock held. See `ModelAdministration.move`. */
export async function movePlace({ root, to, verify, onProgress, signal }: MoveTask): Promise<void> {
  const from = placeOf(root);
  refuseNested(from, to);
  await mkdir(to, { recursive: true }).catch((cause: unknown) => {
    throw new StudioError("OUTPUT_UNWRITABLE", `The folder ${to} cannot be made: choose another.`, String(cause));
  });
  const names = await packsIn(from);
  const strangers = (await packsIn(to)).filter((name) => !names.includes(name));
  if (to !== resolve(root) && strangers.length > 0)
    throw new StudioError(
      "BAD_REQUEST",
      `The folder ${displayName(to)} is not empty (${strangers.slice(0, 3).join(", ")}): choose an empty or a new one.`,
    );
  await demandRoomFor(from, to);
  await refuseWhileDownloading(join(from, DOWNLOADS));
  for (const [n, name] of names.entries()) {
    if (signal.aborted) throw new StudioError("CANCELLED", "Stopped; the models are where they were.");
    onProgress(`moving ${name}`, n / Math.max(1, names.length));
    await duplicate(join(from, name), join(to, name));
    await verify(join(to, name));
  }
  for (const name of HIDDEN)
    if ((await stat(join(from, name)).catch(() => null))?.isDirectory() === true)
      await duplicate(join(from, name), join(to, name));
  // From here on they are there; what is left here is rubbish, whenever it goes.
  await point(root, to === resolve(root) ? root : to);
  for (const name of [...names, ...HIDDEN]) await rm(join(from, name), { recursive: true, force: true });
  onProgress("moved", 1);
}

/** What arrives must not be pulled away from under whoever fetches it. */
async function refuseWhileDownloading(folder: string): Promise<void> {
  for (const name of (await readdir(folder).catch(() => [])).filter((each) => !each.startsWith(".")))
    if (await isDownloading(join(folder, name)))
      throw new StudioError(
        "ALREADY_RUNNING",
        `${name} is being downloaded: pause or stop that first, then move the models.`,
      );
}

async function packsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith(".") ? [entry.name] : []));
}

function refuseNested(from: string, to: string): void {
  if (resolve(from) === to) throw new StudioError("BAD_REQUEST", "The models lie there already.");
  for (const [outer, inner] of [
    [from, to],
    [to, from],
  ] as const) {
    const way = relative(outer, inner);
    if (
      way !== "" &&
      !way.startsWith(`..${sep}`) &&
      way !== ".." &&
      resolve(outer, way) === resolve(inner) &&
      !/^[A-Za-z]:/.test(way)
    )
      throw new StudioError("BAD_REQUEST", "One folder lies inside the other: choose one that stands apart.");
  }
}

/** Nothing is needed where both are on one disk: files then share their bytes for a moment. */
async function demandRoomFor(from: string, to: string): Promise<void> {
  if ((await stat(from)).dev === (await stat(to)).dev) return;
  const bytes = await folderBytes(from);
  const free = await freeBytes(to);
  if (free === null || free > bytes + 64 * 2 ** 20) return;
  throw new StudioError(
    "DISK_FULL",
    `The models take ${(bytes / 1e9).toFixed(1)} GB, and ${(free / 1e9).toFixed(1)} GB are free there: make room, or choose another disk.`,
  );
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}
