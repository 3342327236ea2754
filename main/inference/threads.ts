import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * Threads for the engine's matrix products: one per physical core. Two threads on one core's two hyper-threads share its
 * multipliers and were measured slower (4 threads on 2 cores: 5.2 ms against 2.6 ms). PLUME_THREADS overrides.
 */
export function engineThreads(env: NodeJS.ProcessEnv = process.env, cpuinfo = readCpuinfo()): number {
  const chosen = Number(env["PLUME_THREADS"]);
  if (Number.isInteger(chosen) && chosen >= 1) return chosen;
  return Math.max(1, Math.min(availableParallelism(), physicalCores(cpuinfo) ?? availableParallelism()));
}

/** Distinct (physical id, core id) pairs of Linux's /proc/cpuinfo; null where it does not name them (ARM, other systems). */
export function physicalCores(cpuinfo: string): number | null {
  const cores = new Set<string>();
  for (const block of cpuinfo.split("\n\n")) {
    const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
    if (core !== undefined) cores.add(`${/^physical id\s*:\s*(\d+)/m.exec(block)?.[1] ?? 0}/${core}`);
  }
  return cores.size === 0 ? null : cores.size;
}

function readCpuinfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
