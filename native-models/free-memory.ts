/** How much memory there is, and how much of it could be had now: of this computer, or of the control group that this process lives in. */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";

type Read = (path: string) => string | null;

/** Bytes of this computer or container. */
export function totalMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/**
 * Bytes that could be had now. Node counts all that a control group uses as gone, also the pages of files that were read, which the
 * kernel gives up as soon as somebody asks: after a large file was read a container seems to be full. Those count as free here, as they do
 * in a whole computer's MemAvailable.
 */
export function freeMemory(read: Read = textOf): number {
  const group = groupMemory(read);
  const whole = Number(/^MemAvailable:\s+(\d+) kB/m.exec(read("/proc/meminfo") ?? "")?.[1] ?? Number.NaN) * 1024;
  if (group === null) return Number.isFinite(whole) ? whole : process.availableMemory();
  return Math.min(group, Number.isFinite(whole) ? whole : Number.POSITIVE_INFINITY);
}

/**
 * What the control group could still take: its limit less what it uses, and the pages of files among that. Null where there is no group,
 * or none with a limit. Sources: the kernel's admin guides, cgroup-v2 (memory.max, memory.current, memory.stat) and cgroup-v1/memory.
 */
function groupMemory(read: Read): number | null {
  const groups = (read("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  for (const [, controllers, path] of groups) {
    const isFirst = controllers?.split(",").includes("memory") === true;
    if (!isFirst && controllers !== "") continue;
    const root = isFirst ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    const [limitFile, usedFile, pages] = isFirst
      ? ["memory.limit_in_bytes", "memory.usage_in_bytes", /^total_(?:in)?active_file (\d+)$/gm]
      : ["memory.max", "memory.current", /^(?:in)?active_file (\d+)$/gm];
    // In a container the group's path may be the host's, while the mount shows the container's own group at its root.
    for (const at of [path, ""]) {
      const [limit, used] = [
        Number(read(`${root}${at}/${limitFile}`) ?? "x"),
        Number(read(`${root}${at}/${usedFile}`) ?? "x"),
      ];
      if (!Number.isFinite(used) || !(limit < UNLIMITED)) continue;
      const files = [...(read(`${root}${at}/memory.stat`) ?? "").matchAll(pages)];
      return Math.max(0, limit - used + files.reduce((sum, [, bytes]) => sum + Number(bytes), 0));
    }
  }
  return null;
}

/** Version 1 writes a number of this size where there is no limit. */
const UNLIMITED = 2 ** 60;

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
