/**
 * The browser shell over the real studio with the real engine, and of the models that ship only the one that looks at pictures: for tests
 * of what it sees. PLUME_NO_EYES leaves out that one too.
 */
import { bundledModels } from "../../studio/bundled-models.ts";
import { createStudio } from "../../studio/create-studio.ts";
import { chooseFolders } from "../../studio/folders.ts";
import { runBrowserShell } from "../run.ts";

const { home } = await chooseFolders();
const bundled = process.env["PLUME_NO_EYES"] ? [] : bundledModels().filter(({ work }) => work === "vision");
const log = process.env["PLUME_DEBUG"] ? (line: string) => void process.stderr.write(`${line}\n`) : undefined;
const code = await runBrowserShell(
  process.argv.slice(2),
  () => createStudio({ appVersion: "test", queue: "journal", ...(log === undefined ? {} : { log }) }, { bundled }),
  home,
);
process.exit(code);
