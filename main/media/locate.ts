import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { StudioError } from "../../core/contract/index.ts";
import { resourcesFolder } from "../app-files/app-files.ts";

/** A usable ffmpeg: it was started, told its version, and has the H.264 encoder that we need. */
export interface MediaTools {
  /** Absolute path, or a name for the system to find. */
  readonly ffmpeg: string;
  /** Null where only ffmpeg came along (ffmpeg-static); probing then goes through ffmpeg itself. */
  readonly ffprobe: string | null;
  /** First word after "ffmpeg version", for example `5.1.9-0+deb12u1`. */
  readonly version: string;
}

export interface LocateOptions {
  /** Path that the user chose. When it is given and does not work, that is an error: no other one is used behind their back. */
  readonly setting?: string | undefined;
  /** Environment to look in; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Folder of a packaged app's resources; default: of the app that runs, where it is an installed one. */
  readonly resources?: string | undefined;
  /** Default: the platform we run on. */
  readonly platform?: NodeJS.Platform;
  /** Path of ffmpeg-static's binary, or null; default asks the optional package. */
  readonly packaged?: string | null;
}

const HOW_TO_INSTALL =
  "install it with `sudo apt install ffmpeg` (Debian, Ubuntu), `brew install ffmpeg` (macOS) or `winget install ffmpeg` (Windows), then try again.";

/**
 * Finds ffmpeg: the user's setting, PLUME_FFMPEG, the packaged app's `resources/bin`, ffmpeg-static when its download is really
 * there, then PATH (with Homebrew's folders on macOS, which apps started from the Finder do not have on PATH).
 * Errors: FFMPEG_MISSING with how to install it.
 */
export async function locateFfmpeg(options: LocateOptions = {}): Promise<MediaTools> {
  const env = options.env ?? process.env;
  const chosen = options.setting ?? (env["PLUME_FFMPEG"] || undefined);
  if (chosen !== undefined) {
    const tools = await tryTool(resolve(chosen), options);
    if (tools !== null) return tools;
    throw new StudioError(
      "FFMPEG_MISSING",
      `The ffmpeg that was chosen does not work or lacks the H.264 encoder libx264: correct its path (${options.setting === undefined ? "PLUME_FFMPEG" : "the ffmpeg setting"}), or leave it empty to use the system's.`,
      chosen,
    );
  }
  for (const candidate of candidates(options, env)) {
    if (!existsSync(candidate)) continue;
    const tools = await tryTool(candidate, options);
    if (tools !== null) return tools;
  }
  throw new StudioError(
    "FFMPEG_MISSING",
    `Writing video files needs ffmpeg with its H.264 encoder, which was not found: ${HOW_TO_INSTALL}`,
  );
}

function executable(name: string, options: LocateOptions): string {
  return (options.platform ?? process.platform) === "win32" ? `${name}.exe` : name;
}

function candidates(options: LocateOptions, env: NodeJS.ProcessEnv): string[] {
  const name = executable("ffmpeg", options);
  const found: string[] = [];
  const resources = options.resources ?? resourcesFolder;
  if (resources !== null) found.push(join(resources, "bin", name));
  const packaged = options.packaged === undefined ? ffmpegStaticPath() : options.packaged;
  if (packaged !== null) found.push(packaged);
  for (const folder of (env["PATH"] ?? "").split(delimiter)) if (folder !== "") found.push(join(folder, name));
  if ((options.platform ?? process.platform) === "darwin")
    found.push("/opt/homebrew/bin/ffmpeg", "/usr/local/bin/ffmpeg");
  return found;
}

/** ffmpeg-static answers a path even when its download was skipped, hence `existsSync` on everything it says. */
function ffmpegStaticPath(): string | null {
  try {
    const path: unknown = createRequire(import.meta.url)("ffmpeg-static");
    return typeof path === "string" && existsSync(path) ? path : null;
  } catch {
    // An optional dependency that was not installed: PATH is next.
    return null;
  }
}

async function tryTool(ffmpeg: string, options: LocateOptions): Promise<MediaTools | null> {
  const version = await versionOf(ffmpeg);
  if (version === null || !(await hasEncoder(ffmpeg))) return null;
  const sibling = join(dirname(ffmpeg), executable("ffprobe", options));
  return { ffmpeg, ffprobe: (await versionOf(sibling)) === null ? null : sibling, version };
}

async function versionOf(tool: string): Promise<string | null> {
  return /^ff(?:mpeg|probe) version (\S+)/.exec(await ask(tool, ["-version"]))?.[1] ?? null;
}

/** Some systems ship an ffmpeg without libx264; better to know before a clip was computed for it. */
async function hasEncoder(ffmpeg: string): Promise<boolean> {
  return (await ask(ffmpeg, ["-hide_banner", "-h", "encoder=libx264"])).startsWith("Encoder libx264");
}

/** What a tool prints; empty when it cannot be run. */
async function ask(tool: string, args: readonly string[]): Promise<string> {
  if (!existsSync(tool)) return "";
  try {
    return (await promisify(execFile)(tool, args, { timeout: 20_000, windowsHide: true })).stdout;
  } catch {
    // Not executable, or of another machine's architecture: not a candidate.
    return "";
  }
}
