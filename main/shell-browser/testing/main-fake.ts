/** The browser shell over the fake studio: `node main/shell-browser/testing/main-fake.ts [--no-window]`, to work on the window. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBrowserShell } from "../run.ts";
import { createFakeStudio } from "./fake-studio.ts";

const stepMs = Number(process.env["PLUME_FAKE_STEP_MS"] ?? 400);
process.exitCode = await runBrowserShell(
  process.argv.slice(2),
  () => createFakeStudio({ stepMs }),
  process.env["PLUME_HOME"] ?? join(tmpdir(), "plume-fake-home"),
);
