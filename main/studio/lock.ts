import { mkdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import lockfile from "proper-lockfile";
import { z } from "zod";
import { StudioError } from "../../core/contract/index.ts";
import { replaceFile } from "./files.ts";
import { parseJson } from "./parse-json.ts";

/** A held lock; `release` is safe to call twice. */
export interface Lock {
  release(): Promise<void>;
}

const ownerSchema = z.object({ pid: z.number().int().positive(), host: z.string() });

/** Lock files held by this process; a dead holder may have had our own process id (the first process of a container often does). */
const heldHere = new Set<string>();

/** Another process holds the lock and lives. */
export class LockedError extends Error {
  override readonly name = "LockedError";
}

/**
 * Takes the lock `name` in `folder`, or throws LockedError. A holder that was killed on this computer is recognised by its process
 * id and its lock taken over at once; one on another computer (a shared home folder) after its lock has not been renewed for 20 s.
 */
async function takeLock(folder: string, name: string, log: (line: string) => void): Promise<Lock> {
  const path = join(folder, `${name}.lock`);
  const ownerFile = join(folder, `${name}.owner.json`);
  const acquire = (): Promise<() => Promise<void>> =>
    lockfile.lock(folder, {
      lockfilePath: path,
      realpath: false,
      stale: 20_000,
      update: 5000,
      // The default throws out of a timer and would end the studio. Losing the lock means that this computer slept for long and
      // another instance started meanwhile; all shared files are written atomically, so the only harm is a mixed queue.
      onCompromised: (error) => log(`lock ${name} was taken over: ${error.message}`),
    });
  let release: () => Promise<void>;
  try {
    release = await acquire();
  } catch (error) {
    if (!isLocked(error)) throw error;
    if (heldHere.has(path) || !(await ownerIsDead(ownerFile))) throw new LockedError(name);
    log(`lock ${name}: its holder is gone, taking over`);
    await rm(path, { recursive: true, force: true });
    release = await acquire().catch((again: unknown) => {
      throw isLocked(again) ? new LockedError(name) : again;
    });
  }
  heldHere.add(path);
  await replaceFile(ownerFile, JSON.stringify({ pid: process.pid, host: hostname() }));
  let held = true;
  return {
    async release() {
      if (!held) return;
      held = false;
      heldHere.delete(path);
      await release().catch((error: unknown) => log(`lock ${name}: ${String(error)}`));
    },
  };
}

/** One studio with a queue at a time on a data folder. Errors: ALREADY_RUNNING. */
export async function lockStudio(home: string, log: (line: string) => void): Promise<Lock> {
  try {
    return await takeLock(home, "studio", log);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new StudioError(
      "ALREADY_RUNNING",
      "Plume Studio is already open on this data folder: use that window, or close it first.",
    );
  }
}

/** Who may change a project; null while another studio holds it. Errors: the file system's. */
export async function lockProject(folder: string, log: (line: string) => void): Promise<Lock | null> {
  try {
    return await takeLock(folder, "project", log);
  } catch (error) {
    if (error instanceof LockedError) return null;
    throw error;
  }
}

/**
 * Who may fetch a model's files; whoever comes second waits, and then finds them there. The folder above is made if need be.
 * Errors: CANCELLED, the file system's.
 */
export async function lockDownload(folder: string, log: (line: string) => void, signal: AbortSignal): Promise<Lock> {
  const place = dirname(folder);
  await mkdir(place, { recursive: true });
  for (;;) {
    try {
      // Beside the folder, which goes when its model is installed.
      return await takeLock(place, `.${basename(folder)}`, log);
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
    }
    if (signal.aborted) throw new StudioError("CANCELLED", "The work was cancelled.");
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Whether somebody fetches a model's files right now. */
export async function isDownloading(folder: string): Promise<boolean> {
  try {
    await (await takeLock(dirname(folder), `.${basename(folder)}`, () => {})).release();
    return false;
  } catch (error) {
    if (error instanceof LockedError) return true;
    throw error;
  }
}

const MODELS_WAIT_MS = 10 * 60_000;

/** Changes to the models folder wait for each other, in all processes. Errors: ALREADY_RUNNING after ten minutes, CANCELLED. */
export async function lockModels(models: string, log: (line: string) => void, signal?: AbortSignal): Promise<Lock> {
  const until = performance.now() + MODELS_WAIT_MS;
  for (;;) {
    try {
      return await takeLock(models, ".models", log);
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
    }
    if (signal?.aborted === true) throw new StudioError("CANCELLED", "The work was cancelled.");
    if (performance.now() > until)
      throw new StudioError(
        "ALREADY_RUNNING",
        "Another Plume Studio is still installing a model: wait until it has finished, then try again.",
      );
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ELOCKED";
}

async function ownerIsDead(ownerFile: string): Promise<boolean> {
  // Half-written by a dying holder: staleness decides.
  const owner = ownerSchema.safeParse(parseJson(await readFile(ownerFile, "utf8").catch(() => "")));
  if (!owner.success || owner.data.host !== hostname()) return false;
  if (owner.data.pid === process.pid) return true;
  try {
    process.kill(owner.data.pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
