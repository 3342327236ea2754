/** `npm run pack -- …`: stages, then runs electron-builder with the given options, for example `--linux deb` or `--dir`. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { PackError, root, stage } from "./stage.ts";

try {
  await stage();
} catch (error) {
  if (!(error instanceof PackError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
const builder = join(root, "node_modules", "electron-builder", "cli.js");
const { status } = spawnSync(process.execPath, [builder, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
process.exitCode = status ?? 1;
