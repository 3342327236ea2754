/** The browser shell over the fake studio: `node main/shell-browser/testing/main-fake.ts [--no-window]`, to work on the window. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBrowserShell } from "../run.ts";
import { createFakeStudio } from "./fake-studio.ts";

const stepMs = Number(process.env["PLUME_FAKE_STEP_MS"] ?? 400);
const holdFile = process.env["PLUME_FAKE_HOLD"];
const projects = process.env["PLUME_FAKE_PROJECTS"];
process.exitCode = await runBrowserShell(
  process.argv.slice(2),
  async () => {
    const studio = await createFakeStudio({
      stepMs,
      ...(holdFile ? { holdFile } : {}),
      ...(projects ? { projects } : {}),
    });
    // `kill -USR2` makes the job that runs fail, as when the engine dies.
    process.on("SIGUSR2", () => {
      studio.failNext({
        code: "ENGINE_CRASHED",
        message:
          "The engine stopped in the middle of this clip: try again, and choose a smaller size if it happens twice.",
        detail: "The engine's process ended with signal SIGKILL.",
      });
    });
    return studio;
  },
  process.env["PLUME_HOME"] ?? join(tmpdir(), "plume-fake-home"),
);
