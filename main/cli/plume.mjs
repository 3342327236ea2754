#!/usr/bin/env node
// The launcher of `plume`: plain JavaScript without dependencies, so that it runs on a fresh clone and on an old Node. It sees to it
// that the packages are there and that a Node which reads TypeScript runs the real program, cli.ts.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import * as modules from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const program = join(here, "cli.ts");

function fail(sentence) {
  if (process.argv.includes("--json"))
    process.stdout.write(`${JSON.stringify({ ok: false, error: { code: "INTERNAL", message: sentence } })}\n`);
  else process.stderr.write(`plume: ${sentence}\n`);
  process.exit(1);
}

function newEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** The newest Node that the set-up put into `.tools`, or null. */
function ownNode() {
  const tools = join(root, ".tools");
  if (!existsSync(tools)) return null;
  const name = process.platform === "win32" ? "node.exe" : join("bin", "node");
  const found = readdirSync(tools)
    .filter((entry) => entry.startsWith("node-") && newEnough(entry.slice("node-".length)))
    .map((entry) => join(tools, entry, name))
    .filter((path) => existsSync(path));
  return found.length > 0 ? found[found.length - 1] : null;
}

function ready() {
  return (
    existsSync(join(root, "node_modules", "commander")) && (newEnough(process.versions.node) || ownNode() !== null)
  );
}

if (!ready()) {
  const bootstrap = join(root, "scripts", "bootstrap.mjs");
  if (!existsSync(bootstrap)) fail("this installation is incomplete: install Plume Studio again.");
  // What the set-up says goes to stderr: stdout belongs to the command's own answer.
  const setUp = spawnSync(process.execPath, [bootstrap, "ensure"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (setUp.status !== 0 || !ready()) fail("the set-up did not succeed: see above, then try again.");
}

// The types of hundreds of files are stripped once, not at each start; this process, and those that it starts.
const compiled = (process.env.NODE_COMPILE_CACHE ??= join(root, ".cache", "compiled"));
modules.enableCompileCache?.(compiled);

if (newEnough(process.versions.node)) await import(pathToFileURL(program).href);
else {
  const child = spawn(ownNode(), [program, ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl-C reaches both of us through the terminal; a signal to this process alone must be passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => fail(`Node could not be started: ${error.message}.`));
  child.on("close", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
