import { describe, expect, it } from "vitest";
import { explainDeath } from "./exit.ts";
import { engineThreads, physicalCores } from "./threads.ts";

const gib = 2 ** 30;
const calm = { code: null, signal: null, output: "", rss: gib, available: 8 * gib, total: 16 * gib, memoryKills: 0 };

describe("why an engine died", () => {
  it.each([
    ["ended from outside", { ...calm, signal: "SIGKILL" }, "ENGINE_CRASHED"],
    ["SIGKILL while holding most of the memory", { ...calm, signal: "SIGKILL", rss: 9 * gib }, "MODEL_OUT_OF_MEMORY"],
    ["SIGKILL while little was left", { ...calm, signal: "SIGKILL", available: 0.5 * gib }, "MODEL_OUT_OF_MEMORY"],
    ["SIGKILL that the kernel counted", { ...calm, signal: "SIGKILL", memoryKills: 1 }, "MODEL_OUT_OF_MEMORY"],
    ["another death while the kernel counted", { ...calm, code: 9, memoryKills: 1 }, "ENGINE_CRASHED"],
    ["abort with bad_alloc", { ...calm, signal: "SIGABRT", output: "what(): std::bad_alloc" }, "MODEL_OUT_OF_MEMORY"],
    ["V8's own limit", { ...calm, code: 134, output: "JavaScript heap out of memory" }, "MODEL_OUT_OF_MEMORY"],
    ["abort for another reason", { ...calm, signal: "SIGABRT" }, "ENGINE_CRASHED"],
    ["segmentation fault with high memory", { ...calm, signal: "SIGSEGV", rss: 15 * gib }, "ENGINE_CRASHED"],
    ["an exit code", { ...calm, code: 9 }, "ENGINE_CRASHED"],
  ] as const)("%s", (_, death, code) => {
    const error = explainDeath(death);
    expect(error.code).toBe(code);
    expect(error.detail).toContain(death.signal ?? `exit code ${death.code}`);
  });
});

const cpu = (physical: number, core: number): string =>
  `processor : 0\nphysical id\t: ${physical}\ncore id\t\t: ${core}\n`;

describe("threads", () => {
  it("counts physical cores, not hyper-threads", () => {
    expect(physicalCores([cpu(0, 0), cpu(0, 1), cpu(0, 0), cpu(0, 1), cpu(1, 0)].join("\n"))).toBe(3);
    expect(physicalCores("processor : 0\nBogoMIPS : 50\n")).toBeNull();
    expect(engineThreads({ PLUME_THREADS: "3" })).toBe(3);
    expect(engineThreads({ PLUME_THREADS: "many" }, cpu(0, 0))).toBe(1);
  });
});
