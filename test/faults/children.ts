/** The processes that a process has started (Linux). */
import { readdir, readFile } from "node:fs/promises";

/** Process ids of the children of `pid`. */
export async function childrenOf(pid: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    if (Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]) === pid) found.push(Number(name));
  }
  return found;
}

/** This process's children whose command line holds `word`. */
export async function childrenNamed(word: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await childrenOf(process.pid)) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.includes(word)) found.push(pid);
  }
  return found;
}

/**
 * Why a job failed whose engine was killed from outside. Where memory happens to be short the studio rightly takes a SIGKILL for the
 * kernel's (main/inference/exit.test.ts holds it to the rule), so a test on somebody's machine must allow both.
 */
export const KILLED = /^(ENGINE_CRASHED|MODEL_OUT_OF_MEMORY)$/u;

/** Kills them as the kernel would: without a word. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, "SIGKILL");
}
