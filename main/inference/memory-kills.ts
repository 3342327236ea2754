import { readFileSync } from "node:fs";

/**
 * How many processes the kernel's out-of-memory killer has taken from the control group that this process lives in (Linux; the
 * engine inherits the group). The whole computer's count, /proc/vmstat, is the last resort: it also rises for other people's
 * containers. 0 where there is no count at all. Sources: the kernel's admin guides, cgroup-v2 (memory.events, `oom_kill`) and
 * cgroup-v1/memory (memory.oom_control, `oom_kill`).
 *
 * @param read Text of a file, or null where there is none.
 */
export function kernelMemoryKills(read: (path: string) => string | null = textOf): number {
  const groups = (read("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  // In a container the group's path may be the host's, while the mount shows the container's own group at its root.
  const candidates = groups.flatMap(([, controllers, path]) => {
    if (controllers?.split(",").includes("memory"))
      return [path, ""].map((at) => `/sys/fs/cgroup/memory${at}/memory.oom_control`);
    return controllers === "" ? [path, ""].map((at) => `/sys/fs/cgroup${at}/memory.events`) : [];
  });
  for (const path of [...candidates, "/proc/vmstat"]) {
    const count = /^oom_kill (\d+)$/m.exec(read(path) ?? "")?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
