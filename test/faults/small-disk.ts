import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../main/media/testing.ts";

/** A disk of its own, in memory: tiny or read-only. */
export async function mountDisk(options: string): Promise<{ path: string } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const path = join(folder.path, "disk");
  await mkdir(path);
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      spawnSync("umount", ["-l", path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Mounting needs root on Linux. */
export const canMount: boolean = await mountDisk("size=64k").then(
  async (disk) => (await disk[Symbol.asyncDispose](), true),
  () => false,
);
