import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import envPaths from "env-paths";
import { StudioError } from "../../core/contract/index.ts";
import { isAlive } from "../media/index.ts";

/** Where the studio keeps things. All absolute. */
export interface Folders {
  /** Application data: models, queue, lock. */
  readonly home: string;
  readonly models: string;
  /** Finished clips and their records. */
  readonly output: string;
  /** Clips that were thrown away; inside the output folder, so that moving one is a rename and never a copy. */
  readonly trash: string;
  readonly journal: string;
  /** The list of pictures and sounds, and copies of those that came as bytes. */
  readonly media: string;
  /** Posters, strips, waveforms and proxies: can be made again. */
  readonly prepared: string;
  /** What was seen in media, a small file for each version: can be looked at again. */
  readonly facts: string;
  /** Where subjects are in media: can be looked for again. */
  readonly masks: string;
  /** What animations keep while they are made, a folder each. */
  readonly work: string;
  /** Films that were exported. */
  readonly exports: string;
  /** One folder for each project. */
  readonly projects: string;
  /** Notes which projects were used lately. */
  readonly recent: string;
  /** Notes how jobs ended that projects may wait for. */
  readonly endings: string;
  /** How long clips took on this computer. */
  readonly timings: string;
  /** What of this computer can compute, as it was tried. */
  readonly devices: string;
  /** Where models run and how much memory they may take. */
  readonly planner: string;
  /** Who signs Content Credentials: a private key and its certificates. */
  readonly identity: string;
}

export interface FolderOptions {
  readonly home?: string | undefined;
  readonly output?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/** Decides the folders without touching the disk, except for reading where this desktop keeps videos. */
export async function chooseFolders(options: FolderOptions = {}): Promise<Folders> {
  const env = options.env ?? process.env;
  const home = resolve(options.home ?? (env["PLUME_HOME"] || envPaths("Plume Studio", { suffix: "" }).data));
  const output = resolve(options.output ?? (env["PLUME_OUTPUT"] || join(await videosFolder(env), "Plume Studio")));
  return {
    home,
    output,
    models: join(home, "models"),
    trash: join(output, ".plume-trash"),
    journal: join(home, "queue.jsonl"),
    media: join(home, "media"),
    prepared: join(home, "cache", "media"),
    facts: join(home, "cache", "facts"),
    masks: join(home, "cache", "masks"),
    work: join(home, "work"),
    exports: join(output, "Exports"),
    projects: join(output, "Projects"),
    recent: join(home, "recent-projects.json"),
    endings: join(home, "ended-jobs.json"),
    timings: join(home, "timings.json"),
    devices: join(home, "devices.json"),
    planner: join(home, "planner.json"),
    identity: join(home, "credentials", "signer.pem"),
  };
}

/** Folders of one command's own, which share nothing of what a window keeps of media and work. */
export function scratchFolders(folders: Folders): Folders & { readonly scratch: string } {
  const scratch = join(folders.home, "scratch", `${process.pid}-${randomBytes(4).toString("hex")}`);
  return {
    ...folders,
    scratch,
    media: join(scratch, "media"),
    prepared: join(scratch, "cache"),
    facts: join(scratch, "facts"),
    work: join(scratch, "work"),
  };
}

/** Removes what commands left that were killed. */
export async function sweepScratch({ home }: Folders): Promise<void> {
  const folder = join(home, "scratch");
  for (const name of await readdir(folder).catch(() => [] as string[]))
    if (!isAlive(Number(/^(\d+)-/.exec(name)?.[1] ?? Number.NaN)))
      await rm(join(folder, name), { recursive: true, force: true });
}

/** Makes the data folders. Errors: OUTPUT_UNWRITABLE, DISK_FULL. */
export async function makeDataFolders(folders: Folders): Promise<void> {
  await makeFolder(folders.models, "The studio's data folder cannot be made: set PLUME_HOME to a folder of yours.");
}

/** Makes a folder and those above it. `sentence` is what the user reads when that is not possible. */
export async function makeFolder(path: string, sentence: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const known = StudioError.from(cause);
    if (known.code === "DISK_FULL") throw known;
    throw new StudioError("OUTPUT_UNWRITABLE", sentence, known.detail, { cause });
  }
}

/** For display: the last two parts of a path, with slashes. */
export function displayName(path: string): string {
  return `${basename(dirname(path))}/${basename(path)}`;
}

/** The desktop's folder for videos; Linux desktops translate its name and note it in user-dirs.dirs. */
async function videosFolder(env: NodeJS.ProcessEnv): Promise<string> {
  if (process.platform === "darwin") return join(homedir(), "Movies");
  if (process.platform === "win32") return join(homedir(), "Videos");
  const config = env["XDG_CONFIG_HOME"] || join(homedir(), ".config");
  const text = await readFile(join(config, "user-dirs.dirs"), "utf8").catch(() => "");
  const noted = /^XDG_VIDEOS_DIR="\$HOME\/([^"]+)"/m.exec(text)?.[1];
  return join(homedir(), noted ?? "Videos");
}
