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

/** Kills this process's children whose command line holds `word`, as the kernel would: without a word. */
export async function killChildren(word: string): Promise<number> {
  let killed = 0;
  for (const pid of await childrenOf(process.pid)) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!command.includes(word)) continue;
    process.kill(pid, "SIGKILL");
    killed += 1;
  }
  return killed;
}
