import { spawn } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { dirname } from "node:path";
import { StudioError, type SystemInfo } from "../../core/contract/index.ts";
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
  const limit = process.constrainedMemory();
  return {
    appVersion,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    totalMemoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    freeMemoryBytes: process.availableMemory(),
    ...ffmpeg,
    outputFolderName: displayName(folders.output),
  };
}

/** Opens the system's file manager at a file. Errors: NOT_FOUND when there is none (a server without a desktop). */
export async function revealInFileManager(path: string): Promise<void> {
  const [command, args] = fileManager(path);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { stdio: "ignore", detached: true });
    child.once("error", (cause) =>
      reject(
        new StudioError(
          "NOT_FOUND",
          "No file manager was found on this computer: the clip is in the output folder.",
          cause.message,
          {
            cause,
          },
        ),
      ),
    );
    child.once("spawn", () => {
      child.unref();
      resolve();
    });
  });
}

function fileManager(path: string): [command: string, args: string[]] {
  if (process.platform === "darwin") return ["open", ["-R", path]];
  if (process.platform === "win32") return ["explorer.exe", [`/select,${path}`]];
  return ["xdg-open", [dirname(path)]];
}
