/**
 * A studio that is killed while it works for media: `node media-child.ts HOME OUTPUT KIND FILES`. Imports the files where they are not known
 * yet, and kills itself as soon as a job of that kind has a process of its own at work. KIND none: works until nothing is left, then says
 * in one line of JSON which jobs it has done.
 */
import { isMediaJob, type MediaJob } from "../../core/contract/index.ts";
import { createStudio } from "../../main/studio/create-studio.ts";
import { fakeCosts, fakeEntry, fakeProbe, readFake } from "../../main/studio/testing.ts";
import { childrenOf } from "./children.ts";

const [home, output, kind, ...files] = process.argv.slice(2) as [string, string, string, ...string[]];
const studio = await createStudio(
  { appVersion: "test", queue: "journal", home, output },
  { engineEntry: fakeEntry, readPack: readFake, bundled: [], readCosts: fakeCosts, probeEntry: fakeProbe },
);
let running: MediaJob["kind"] | null = null;
const done: string[] = [];
studio.subscribe((event) => {
  if (event.type !== "job" || !isMediaJob(event.job)) return;
  running = event.job.state === "running" ? event.job.kind : null;
  if (event.job.state === "done") done.push(event.job.id);
  if (event.job.state === "failed") console.error(event.job.error);
});
const known = await studio.call("media.list", {});
for (const file of files) if (!known.some(({ name }) => file.endsWith(name))) await studio.importMedia(file);
for (;;) {
  if (running === kind && (await childrenOf(process.pid)).length > 0 && running === kind)
    process.kill(process.pid, "SIGKILL");
  const left = await studio.call("jobs.list", {});
  const ids = (await studio.call("media.list", {})).map(({ id }) => id);
  const facts = await studio.call("analysis.facts", { ids });
  if (left.length === 0 && facts.every((each) => each.facts !== null)) break;
  await new Promise((resolve) => setTimeout(resolve, 5));
}
await studio.close();
console.log(JSON.stringify(done));
process.exit(0);
