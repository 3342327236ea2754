/**
 * A studio in a process of its own, for the test that kills it: `node animation-child.ts HOME OUTPUT REQUEST`. Runs the bundled starter's
 * own networks, queues the animation, prints its job's id as one line when the motion stage has made its third step, then waits to be killed.
 */
import { join, resolve } from "node:path";
import { createStudio } from "../../main/studio/create-studio.ts";

const [home, output, request] = process.argv.slice(2) as [string, string, string];
const studio = await createStudio(
  { appVersion: "test", queue: "journal", home, output },
  {
    engineEntry: join(import.meta.dirname, "starter-engine.ts"),
    bundled: [
      {
        id: "starter-motion",
        work: "animate",
        file: resolve(import.meta.dirname, "..", "..", "assets", "models", "keyvid"),
      },
    ],
  },
);
studio.subscribe((event) => {
  if (event.type !== "job" || event.job.kind !== "animate") return;
  const { id, stage, progress, error } = event.job;
  if (error !== null) console.log(`failed: ${error.message}`);
  if (stage === "motion" && progress.phase === "denoise" && progress.done >= 3) console.log(id);
});
await studio.call("jobs.animate", { request: JSON.parse(request) });
