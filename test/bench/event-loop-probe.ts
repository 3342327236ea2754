/**
 * Loaded into the studio's own process with `--import`: watches how long its event loop does not turn, and writes what it saw to
 * the file named by PLUME_LOOP_REPORT when the process ends. What the loop itself worked is told apart from what it slept, and from
 * the wait for a processor that other programs held (Linux: /proc/self/schedstat), which says nothing about the studio.
 */
import { readFileSync, writeFileSync } from "node:fs";

/** One gap between two turns of the event loop. */
export interface Stall {
  /** Milliseconds since the epoch at which it ended. */
  readonly at: number;
  /** Milliseconds of the main thread's own processor time. */
  readonly workedMs: number;
  /** Milliseconds asleep in the middle of a turn: reading a file synchronously, or waiting until a child process has started. */
  readonly sleptMs: number;
  /** Milliseconds in which it was ready and other programs had the processors. null where the system does not tell. */
  readonly waitedMs: number | null;
}

export interface LoopReport {
  /** Longest own work first, then longest sleep. */
  readonly stalls: readonly Stall[];
}

const EVERY_MS = 2;
/** Enough that phases with next to nothing to tell are in it beside the worst. */
const KEPT = 400;

/** Milliseconds that this process's main thread has spent waiting for a processor, or null. */
function queueMs(): number | null {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e6;
  } catch {
    return null;
  }
}

const busyNow = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

function watch(reportFile: string): void {
  let [last, queued, busy] = [performance.now(), queueMs(), busyNow()];
  let stalls: Stall[] = [];
  const timer = setInterval(() => {
    const [now, queuedNow, busyAt] = [performance.now(), queueMs(), busyNow()];
    const waitedMs = queuedNow === null || queued === null ? null : queuedNow - queued;
    const workedMs = busyAt - busy;
    const sleptMs = Math.max(0, now - last - EVERY_MS - (waitedMs ?? 0) - workedMs);
    stalls.push({ at: performance.timeOrigin + now, workedMs, sleptMs, waitedMs });
    if (stalls.length > 4 * KEPT) stalls = worst(stalls);
    [last, queued, busy] = [performance.now(), queuedNow, busyAt];
  }, EVERY_MS);
  timer.unref();
  process.on("exit", () => writeFileSync(reportFile, JSON.stringify({ stalls: worst(stalls) } satisfies LoopReport)));
}

/** The longest of both kinds. */
function worst(stalls: readonly Stall[]): Stall[] {
  const worked = stalls.toSorted((a, b) => b.workedMs - a.workedMs).slice(0, KEPT);
  const slept = stalls.toSorted((a, b) => b.sleptMs - a.sleptMs).slice(0, KEPT);
  return [...new Set([...worked, ...slept])];
}

const reportFile = process.env["PLUME_LOOP_REPORT"];
// The engine and every other child inherit the variable's absence: only the process that was started with it is watched.
delete process.env["PLUME_LOOP_REPORT"];
if (reportFile !== undefined) watch(reportFile);
