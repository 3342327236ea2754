#!/usr/bin/env node
/**
 * One command from a fresh clone to a running studio or a finished test run. Plain Node, no dependencies, runs on Node 18+:
 * it is the only file that may run before anything is installed.
 *
 *   node scripts/bootstrap.mjs start          set up what is missing, then open the studio
 *   node scripts/bootstrap.mjs test           set up what is missing, then lint, types and every test
 *   node scripts/bootstrap.mjs run TASK …     set up Node and packages, then one task of scripts/bootstrap/tasks.mjs
 *   node scripts/bootstrap.mjs ensure         set up Node and packages only
 *
 * Steps, each skipped in milliseconds when already done: a new enough Node (fetched into .tools/ from the npm registry),
 * system programs (ffmpeg, a browser), npm packages, the renderer's build.
 */
import { join } from "node:path";
import { ensureElectron } from "./bootstrap/electron.mjs";
import { ensureNode, nodeIsRecent } from "./bootstrap/node.mjs";
import { ensurePackages } from "./bootstrap/packages.mjs";
import { fail, root, run } from "./bootstrap/process.mjs";
import { ensureSystem, offerWitnesses } from "./bootstrap/system.mjs";
import { tasks } from "./bootstrap/tasks.mjs";

const [command = "start", ...rest] = process.argv.slice(2);

if (!nodeIsRecent(process.version)) {
  const node = ensureNode();
  process.exit(await run(node, [process.argv[1], command, ...rest]));
}

// What every Node started from here compiled and stripped of types: a process of the studio starts in less than half the time.
process.env.NODE_COMPILE_CACHE ??= join(root, ".cache", "compiled");

await ensurePackages();
switch (command) {
  case "ensure":
    break;
  case "start": {
    const notElectron = await ensureElectron();
    ensureSystem(notElectron === null ? ["ffmpeg"] : ["ffmpeg", "browser"]);
    process.exit(await tasks.start(rest, notElectron));
    break;
  }
  case "test":
    ensureSystem(["ffmpeg", "browser", "display"]);
    offerWitnesses();
    process.exit(await tasks.test(rest));
    break;
  case "run": {
    const [name, ...args] = rest;
    const task = Object.hasOwn(tasks, name ?? "") ? tasks[name] : undefined;
    if (!task) fail(`There is no task "${name}"; choose one of ${Object.keys(tasks).join(", ")}.`);
    process.exit(await task(args));
    break;
  }
  default:
    fail(`Unknown command "${command}"; use start, test, run or ensure.`);
}
