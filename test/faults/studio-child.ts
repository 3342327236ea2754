/**
 * A studio in a process of its own, for tests that kill it: `node studio-child.ts HOME OUTPUT PROMPT`. Runs on the fake engine,
 * queues a clip, prints one JSON line when its second frame is written, then waits to be killed.
 */
import { createStudio } from "../../main/studio/create-studio.ts";
import { fakeEntry, readFake } from "../../main/studio/testing.ts";

const [home, output, prompt] = process.argv.slice(2) as [string, string, string];
try {
  const studio = await createStudio(
    { appVersion: "test", queue: "journal", home, output },
    { engineEntry: fakeEntry, readPack: readFake, bundled: [] },
  );
  await studio.call("jobs.generate", { request: { prompt, frames: 26 }, variations: 2 });
  studio.subscribe((event) => {
    if (event.type === "job" && event.job.progress.phase === "decode" && event.job.progress.done === 2)
      console.log(JSON.stringify({ ok: true }));
  });
} catch (error) {
  console.log(JSON.stringify({ ok: false, error }));
  process.exitCode = 1;
}
