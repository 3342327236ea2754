import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's top folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Prints one sentence and ends the process with exit code 1. */
export function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

/** Says on stderr what the set-up is doing, so that stdout stays the task's own. */
export function say(sentence) {
  process.stderr.write(`[set-up] ${sentence}\n`);
}

/**
 * Runs a program in the checkout with this terminal, resolves with its exit code. SIGTERM and SIGINT are passed on:
 * npm would swallow them, and a studio that outlives its launcher keeps its data folder locked.
 */
export function run(program, args, options = {}) {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd: root, stdio: "inherit", ...options });
    const pass = (signal) => child.kill(signal);
    process.on("SIGTERM", pass);
    process.on("SIGINT", pass);
    child.on("error", (error) => fail(`Could not start ${program}: ${error.message}.`));
    child.on("exit", (code, signal) => {
      process.off("SIGTERM", pass);
      process.off("SIGINT", pass);
      done(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

/** Runs quietly and returns whether it succeeded; on failure the output is shown. */
export function quietly(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26, ...options });
  if (result.status !== 0)
    process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? result.error?.message ?? ""}\n`);
  return result.status === 0;
}

/** True when a program of this name is on PATH. */
export function onPath(name) {
  const suffix = process.platform === "win32" ? ".exe" : "";
  return (process.env.PATH ?? "")
    .split(process.platform === "win32" ? ";" : ":")
    .some((folder) => folder !== "" && existsSync(join(folder, name + suffix)));
}

/** sha256 over names and contents of files and folders (recursive, sorted), plus extra text; hex. */
export function hashOf(paths, extra = "") {
  const hash = createHash("sha256").update(extra);
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const entry of readdirSync(path).sort()) visit(join(path, entry));
    } else {
      hash.update(path.slice(root.length)).update(readFileSync(path));
    }
  };
  for (const path of paths) visit(join(root, path));
  return hash.digest("hex");
}

/** Runs `work` only when `value` differs from what the stamp file holds; the stamp is written after success. */
export async function whenChanged(stampFile, value, work) {
  const stamp = join(root, stampFile);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === value) return;
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, value);
}
