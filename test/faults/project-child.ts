/**
 * A project that is edited in a process of its own, for tests that kill it: `node project-child.ts FOLDER POINT MANNER`. Opens the
 * project, makes edits 1, 2, 3 … and saves now and then, printing `accepted n` for each and `durable n` when the studio says so. At the
 * POINT-th step on the disk (counted from the opening) the process kills itself with SIGKILL: before the step, after it, or, where the
 * step writes, with half of it written. At the end it prints how many steps there were: `steps n`.
 */
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const [folder, point, manner] = process.argv.slice(2) as [string, string, "before" | "after" | "half"];
const killAt = Number(point);
let steps = 0;

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

type Step = (...args: unknown[]) => Promise<unknown>;

/** @param data index of the argument that holds what is written, if any is. */
function watch(object: object, name: string, data: number | null): void {
  const methods = object as Record<string, Step>;
  const original = methods[name]!;
  methods[name] = async function (this: unknown, ...args: unknown[]) {
    const mine = ++steps === killAt;
    if (mine && (manner === "before" || (manner === "half" && data === null))) die();
    if (mine && manner === "half" && data !== null) {
      const whole = Buffer.from(args[data] as string | Buffer);
      args[data] = whole.subarray(0, Math.floor(whole.length / 2));
    }
    const result = await original.apply(this, args);
    if (mine) die();
    return result;
  };
}

// Before anything of the studio is loaded, so that all of it goes through these.
const handle = await fs.open(process.execPath, "r");
const prototype = Object.getPrototypeOf(handle) as object;
await handle.close();
for (const name of ["rename", "link", "unlink", "rm", "mkdir", "copyFile"]) watch(fs, name, null);
watch(fs, "writeFile", 1);
for (const name of ["datasync", "sync", "truncate"]) watch(prototype, name, null);
watch(prototype, "appendFile", 0);
syncBuiltinESMExports();

const { newHistory, perform } = await import("../../core/history/index.ts");
const { placeOf } = await import("../../main/studio/projects/place.ts");
const { ProjectStore } = await import("../../main/studio/projects/store.ts");
const { EDITS, projectEdit } = await import("./project-edits.ts");

const say = (line: string): void => void process.stdout.write(`${line}\n`);
steps = 0;
const { store, loaded } = await ProjectStore.open(placeOf(folder), () => {});
store.onWritten = (durable, problem) => say(problem === null ? `durable ${durable}` : `problem ${problem.message}`);
let history = newHistory(loaded.timeline);
for (let n = loaded.revision + 1; n <= EDITS; n++) {
  const result = perform(history, projectEdit(n));
  if (!result.ok) throw new Error(result.error.message);
  history = result.value;
  say(`accepted ${store.accept(history.present, "edit")}`);
  // Some edits come in bursts, so that writes have company; others wait for the disk.
  if (n % 3 === 0) await store.written();
  if (n % 8 === 0) await store.save();
  else await new Promise((resolve) => setImmediate(resolve));
}
await store.close();
say(`steps ${steps}`);
