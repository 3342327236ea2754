/**
 * A studio that is killed by its own journal: `node queue-child.ts HOME OUTPUT KILL HOW`. Runs on the fake engine; queues four clips where
 * there is no queue yet, goes on with what is paused, and at the KILLth write to the queue's journal kills itself, `before` it, `after`
 * it, or with half of it written (`torn`). KILL 0: works until nothing is left, then ends.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createStudio } from "../../main/studio/create-studio.ts";
import { formatBatch, Journal } from "../../main/studio/journal.ts";
import { fakeCosts, fakeEntry, fakeProbe, ownJobs, readFake } from "../../main/studio/testing.ts";

const [home, output, kill, how] = process.argv.slice(2) as [string, string, string, string];
const journal = join(home, "queue.jsonl");
let writes = 0;
const die = (): never => {
  process.kill(process.pid, "SIGKILL");
  throw new Error("dead");
};
// oxlint-disable-next-line typescript/unbound-method -- called with the journal that it belongs to
const { append } = Journal.prototype;
Journal.prototype.append = async function killing(...values: readonly unknown[]): Promise<void> {
  writes += 1;
  const isNow = writes === Number(kill);
  if (isNow && how === "before") die();
  if (isNow && how === "torn") {
    const text = formatBatch(values);
    appendFileSync(journal, text.slice(0, Math.floor(text.length * 0.6)));
    die();
  }
  await append.apply(this, [...values]);
  if (isNow) die();
};

const studio = await createStudio(
  { appVersion: "test", queue: "journal", home, output },
  { engineEntry: fakeEntry, readPack: readFake, bundled: [], readCosts: fakeCosts, probeEntry: fakeProbe },
);
const jobs = await ownJobs(studio);
if (jobs.length === 0) {
  const requests = [1, 2, 3, 4].map((seed) => ({ prompt: `clip ${seed}`, seed, steps: 4 }));
  await studio.call("jobs.batch", { requests });
}
for (const { id, state } of jobs) if (state === "paused") await studio.call("jobs.resume", { id });
for (const { id } of await ownJobs(studio)) await studio.ended(id);
await studio.close();
process.exit(0);
