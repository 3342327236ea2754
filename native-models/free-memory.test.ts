import { describe, expect, it } from "vitest";
import { freeMemory } from "./free-memory.ts";

const meminfo = "MemTotal: 16000000 kB\nMemFree: 100 kB\nMemAvailable:    8000000 kB\n";
const machine =
  (files: Readonly<Record<string, string>>) =>
  (path: string): string | null =>
    files[path] ?? null;

describe("free memory", () => {
  it("of a whole computer is what its kernel could give", () => {
    expect(freeMemory(machine({ "/proc/meminfo": meminfo, "/proc/self/cgroup": "0::/\n" }))).toBe(8_192_000_000);
    expect(freeMemory(machine({}))).toBe(process.availableMemory());
  });

  it("of a container counts the pages of files that it has read as free, and never more than the computer has", () => {
    const second = {
      "/proc/meminfo": meminfo,
      "/proc/self/cgroup": "0::/a/b\n",
      "/sys/fs/cgroup/a/b/memory.max": "4000000000\n",
      "/sys/fs/cgroup/a/b/memory.current": "3900000000\n",
      "/sys/fs/cgroup/a/b/memory.stat":
        "anon 900000000\ninactive_file 2500000000\nactive_file 400000000\nfile 3000000000\n",
    };
    expect(freeMemory(machine(second))).toBe(3_000_000_000);
    expect(freeMemory(machine({ ...second, "/sys/fs/cgroup/a/b/memory.max": "max\n" }))).toBe(8_192_000_000);
    const large = { ...second, "/sys/fs/cgroup/a/b/memory.max": "40000000000\n" };
    expect(freeMemory(machine(large))).toBe(8_192_000_000);
  });

  it("of an older kind of container is found at the mount's root", () => {
    const first = {
      "/proc/self/cgroup": "5:cpu:/\n4:memory:/docker/abc\n0::/\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000000\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1500000000\n",
      "/sys/fs/cgroup/memory/memory.stat":
        "inactive_file 1\ntotal_inactive_file 300000000\ntotal_active_file 100000000\n",
    };
    expect(freeMemory(machine(first))).toBe(900_000_000);
    const unlimited = { ...first, "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n" };
    expect(freeMemory(machine({ ...unlimited, "/proc/meminfo": meminfo }))).toBe(8_192_000_000);
  });
});
