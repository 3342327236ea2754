/** The thread beside a program that may stand still: see watch.ts. It prints what every thread of the process waits for and ends the process. */
import { readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const { since, limit } = workerData as { since: Float64Array; limit: number };

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "?"; // no /proc here, or a thread that has just ended
  }
};

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "?";
  }
}

function end(): never {
  const lines = list("/proc/self/task").map((id) => {
    const at = `/proc/self/task/${id}`;
    return `thread ${id} ${read(`${at}/comm`)}: ${read(`${at}/wchan`)}, call ${read(`${at}/syscall`)}`;
  });
  const files = list("/proc/self/fd").map((fd) => `${fd} ${link(`/proc/self/fd/${fd}`)}`);
  writeSync(1, `${[...lines, `open: ${files.join(", ")}`].join("\n")}\n`);
  process.kill(process.pid, "SIGKILL");
  throw new Error("not reached");
}

setInterval(
  () => {
    if (since[2] === 1) end();
    if (Date.now() - since[0]! < limit) return;
    writeSync(1, `seed ${since[1]}: no answer, and the program does not come to its next turn\n`);
    end();
  },
  Math.min(5000, limit / 4),
);
