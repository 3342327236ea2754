/** The queue under SIGKILL: whatever write to its journal is the last, nothing queued is lost, made twice or left half made. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isMediaJob } from "../../core/contract/index.ts";
import { parseJournal } from "../../main/studio/journal.ts";
import { restore } from "../../main/studio/jobs/queue.ts";
import { testBench } from "../../main/studio/testing.ts";

const script = fileURLToPath(new URL("queue-child.ts", import.meta.url));

async function run(home: string, output: string, kill: number, how: string): Promise<NodeJS.Signals | number | null> {
  const child = spawn(process.execPath, [script, home, output, String(kill), how], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return signal ?? code;
}

describe.skipIf(process.platform === "win32")("a queue whose studio is killed again and again", () => {
  it("loses nothing and makes nothing twice, whatever write was the last", { timeout: 600_000 }, async () => {
    await using bench = await testBench();
    const { home, output } = bench;
    const queue = async () => {
      const bytes = await readFile(join(home, "queue.jsonl")).catch(() => Buffer.alloc(0));
      // The clips that are made are looked at too, which is no business of this test.
      const { queue: jobs } = restore(parseJournal(bytes).values, new Date().toISOString());
      return jobs.filter((job) => !isMediaJob(job));
    };
    let known: string[] = [];
    const done = new Set<string>();
    // The first write queues all four; then each life gets a little further, or not at all.
    const kills = [
      [1, "before"],
      [1, "torn"],
      [1, "after"],
      [1, "before"],
      [1, "after"],
      [2, "torn"],
      [2, "after"],
      [3, "before"],
      [2, "before"],
      [3, "torn"],
      [4, "after"],
    ] as const;
    for (const [kill, how] of kills) {
      const end = await run(home, output, kill, how);
      if (end === 0) break; // everything was made before that write came
      expect(end).toBe("SIGKILL");
      const jobs = await queue();
      if (known.length > 0) expect(jobs.map(({ id }) => id)).toEqual(known);
      known = jobs.map(({ id }) => id);
      expect([0, 4]).toContain(known.length);
      for (const { id, state } of jobs) {
        if (done.has(id)) expect(state).toBe("done");
        if (state === "done") done.add(id);
        expect(["queued", "paused", "done"]).toContain(state);
      }
    }
    expect(known).toHaveLength(4);
    expect(await run(home, output, 0, "never")).toBe(0);
    const jobs = await queue();
    expect(jobs.map(({ id, state }) => [id, state])).toEqual(known.map((id) => [id, "done"]));
    const names = (await readdir(output)).toSorted();
    expect(names).toEqual([1, 2, 3, 4].flatMap((n) => [`clip-${n}-s${n}.json`, `clip-${n}-s${n}.mp4`]));
    expect((await readdir(join(home, "work")).catch(() => [])).filter((name) => known.includes(name))).toEqual([]);
  });
});
