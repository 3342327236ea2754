import { writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { constants, setPriority } from "node:os";
import { Worker } from "node:worker_threads";
import { appScript } from "../app-files/app-files.ts";
import type { EngineBackend } from "./backend.ts";
import { Channel } from "./framing.ts";
import { serveEngine } from "./serve.ts";

/** File descriptors that the host opens for the engine. stdout and stderr stay free for whatever libraries print. */
export const CHANNEL_FD = 3;
export const HEARTBEAT_FD = 4;
export const HEARTBEAT_MS = 500;

/** Runs this process as an engine until the studio closes the channel, then ends it. */
export async function runEngine(backend: EngineBackend): Promise<void> {
  beModest();
  // Ctrl-C in a terminal reaches every process; when to stop is the studio's decision.
  process.on("SIGINT", () => {});
  startHeartbeat();
  const channel = new Channel(new Socket({ fd: CHANNEL_FD, readable: true, writable: true }));
  await serveEngine(channel, backend);
  // The model's native threads would keep the process alive; all state is in memory, so there is nothing to save.
  process.exit(0);
}

/** The engine is the process to slow down or to sacrifice, never the user's editor or desktop. */
export function beModest(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not allowed here: an ordinary priority works too.
  }
  if (process.platform !== "linux") return;
  try {
    writeFileSync("/proc/self/oom_score_adj", "800");
  } catch {
    // A sandbox without /proc: the kernel's own choice stands.
  }
}

export function startHeartbeat(): void {
  const lastTurn = new BigInt64Array(new SharedArrayBuffer(8));
  const turn = (): void => {
    Atomics.store(lastTurn, 0, process.hrtime.bigint());
  };
  turn();
  setInterval(turn, HEARTBEAT_MS).unref();
  const thread = new Worker(appScript("main/inference/heartbeat-thread.ts"), {
    workerData: { lastTurn, fd: HEARTBEAT_FD, intervalMs: HEARTBEAT_MS },
  });
  thread.unref();
}
