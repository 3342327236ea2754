/**
 * What `npm start` runs once everything is installed: the studio in Electron where its runtime is there, otherwise the same
 * app behind a loopback server in a browser window of its own.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Path of Electron's program if its runtime was downloaded beside the npm package, else null. */
export function electronProgram(packageFolder: string): string | null {
  const pathFile = join(packageFolder, "path.txt");
  if (!existsSync(pathFile)) return null;
  const program = join(packageFolder, "dist", readFileSync(pathFile, "utf8").trim());
  return existsSync(program) ? program : null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Why not Electron, as far as the set-up knows (scripts/bootstrap/electron.mjs).
  const because = process.env["PLUME_NOT_ELECTRON"] ?? "";
  const electron = because === "" ? electronProgram(join(root, "node_modules", "electron")) : null;
  process.stderr.write(
    electron
      ? "Plume Studio opens in Electron.\n"
      : `Plume Studio opens in a browser window: ${because || "Electron's runtime is not installed"}.\n`,
  );
  const [program, args] = electron
    ? [electron, [join(root, "dist", "shell-electron", "main.js")]]
    : [process.execPath, [join(root, "main", "shell-browser", "main.ts")]];
  const child = spawn(program, [...args, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}
