/** The studio in a browser window of its own: `node main/shell-browser/main.ts [--no-window] [--port NUMBER]`. */
import { readFile } from "node:fs/promises";
import { createStudio } from "../studio/create-studio.ts";
import { chooseFolders } from "../studio/folders.ts";
import { runBrowserShell } from "./run.ts";

const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const folders = await chooseFolders();
const code = await runBrowserShell(
  process.argv.slice(2),
  () =>
    createStudio({
      appVersion: version,
      queue: "journal",
      ...(process.env["PLUME_DEBUG"] ? { log: (line: string) => void process.stderr.write(`${line}\n`) } : {}),
    }),
  folders.home,
);
// Whatever a library still holds open must not keep a closed studio alive.
process.exit(code);
