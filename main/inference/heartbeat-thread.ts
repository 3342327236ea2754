import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { freeMemory } from "../../native-models/free-memory.ts";
import type { Heartbeat } from "./protocol.ts";

/**
 * A thread that tells the studio once in a while that the engine lives, how much memory it holds, and for how long its main thread
 * has been inside one model call. It writes to the pipe directly: anything that goes through the main thread's event loop would wait.
 */
const { lastTurn, fd, intervalMs } = workerData as { lastTurn: BigInt64Array; fd: number; intervalMs: number };

// Absent from the oldest Node that runs the command line; the heartbeat's own time then counts as work.
const canTellOwn = "threadCpuUsage" in process;

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  const own = canTellOwn ? process.threadCpuUsage() : { user: 0, system: 0 };
  return (user + system - own.user - own.system) / 1000;
}

function beat(): void {
  const heartbeat: Heartbeat = {
    rss: process.memoryUsage.rss(),
    available: freeMemory(),
    cpuMs: cpuMilliseconds(),
    busyMs: Math.max(0, Number(process.hrtime.bigint() - Atomics.load(lastTurn, 0)) / 1e6),
  };
  try {
    writeSync(fd, `${JSON.stringify(heartbeat)}\n`);
  } catch (error) {
    // EAGAIN: the studio is slow to read; skip this beat. Anything else: the studio is gone, and nobody else would end this
    // process while its main thread computes a clip that nobody will see.
    if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) process.kill(process.pid, "SIGKILL");
  }
}

beat();
setInterval(beat, intervalMs);
