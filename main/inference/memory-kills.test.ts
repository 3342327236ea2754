import { describe, expect, it } from "vitest";
import { kernelMemoryKills } from "./memory-kills.ts";

const host = { "/proc/vmstat": "nr_free_pages 1\noom_kill 7\noom_kill_x 9\n" };
const count = (files: Record<string, string>) => kernelMemoryKills((path) => files[path] ?? null);

describe("the kernel's out-of-memory kills", () => {
  it.each<[string, number, Record<string, string>]>([
    [
      "of the group (version 2)",
      3,
      { ...host, "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.events": "oom 4\noom_kill 3\n" },
    ],
    [
      "of the group (version 1)",
      2,
      {
        ...host,
        "/proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/a\n0::/\n",
        "/sys/fs/cgroup/memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
      },
    ],
    [
      "of a container that sees its own group at the root",
      1,
      {
        ...host,
        "/proc/self/cgroup": "4:memory:/docker/8f\n",
        "/sys/fs/cgroup/memory/memory.oom_control": "oom_kill 1\n",
      },
    ],
    [
      "of nobody in this group, whatever happened to others",
      0,
      { ...host, "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.events": "oom_kill 0\n" },
    ],
    ["of the computer where no group counts", 7, { ...host, "/proc/self/cgroup": "0::/\n" }],
    ["unknown", 0, {}],
  ])("%s", (_, expected, files) => {
    expect(count(files)).toBe(expected);
  });
});
