import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { StudioError, type SystemInfo } from "../../core/contract/index.ts";
import { freeMemory, totalMemory } from "../inference/index.ts";
import type { MediaTools } from "../media/index.ts";
import { displayName, type Folders } from "./folders.ts";

/** Facts about this computer for the window and `plume doctor`. */
export async function systemInfo(
  appVersion: string,
  folders: Folders,
  tools: () => Promise<MediaTools>,
): Promise<SystemInfo> {
  const ffmpeg = await tools().then(
    ({ version }) => ({ ffmpegVersion: version, ffmpegProblem: null }),
    (error: unknown) => ({ ffmpegVersion: null, ffmpegProblem: StudioError.from(error).message }),
  );
  return {
    appVersion,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    totalMemoryBytes: totalMemory(),
    freeMemoryBytes: freeMemory(),
    ...ffmpeg,
    outputFolderName: displayName(folders.output),
  };
}

/** Opens the system's file manager at a file. Errors: NOT_FOUND when there is none (a server without a desktop). */
export async function revealInFileManager(path: string): Promise<void> {
  const [command, args] = fileManager(path);
  await launch(command, args, "No file manager was found on this computer: the clip is in the output folder.");
}

/** Starts a program of the desktop's and lets it go. Errors: NOT_FOUND with this sentence. */
async function launch(command: string, args: readonly string[], sentence: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { stdio: "ignore", detached: true });
    child.once("error", (cause) => reject(new StudioError("NOT_FOUND", sentence, cause.message, { cause })));
    child.once("spawn", () => {
      child.unref();
      resolve();
    });
  });
}

/** Opens an address in the user's own browser. Errors: NOT_FOUND when there is none. */
export async function openInBrowser(address: string): Promise<void> {
  const [command, args]: [string, string[]] =
    process.platform === "darwin"
      ? ["open", [address]]
      : process.platform === "win32"
        ? ["rundll32.exe", ["url.dll,FileProtocolHandler", address]]
        : ["xdg-open", [address]];
  await launch(command, args, `No browser was found on this computer: the address is ${address}`);
}

function fileManager(path: string): [command: string, args: string[]] {
  if (process.platform === "darwin") return ["open", ["-R", path]];
  if (process.platform === "win32") return ["explorer.exe", [`/select,${path}`]];
  return ["xdg-open", [dirname(path)]];
}
