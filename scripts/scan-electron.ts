/**
 * Runs Doyensec's electronegativity over the Electron shell (fetched by npx: it is too large, and too old, to be a dependency) and fails
 * on every finding that is not answered here. It reads one file at a time, so that what is decided elsewhere looks like an omission.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Findings that are none, by check and file, and why. */
const ANSWERED: Readonly<Record<string, string>> = {
  "CSP_GLOBAL_CHECK N/A":
    "the policy is a header of app://studio (shell-common/headers.ts), tested in shell-electron/app.test.ts",
  "PROTOCOL_HANDLER_JS_CHECK app.ts":
    "what a link may ask for is decided in open.ts, tested in shell-electron/menu.test.ts",
  "AUXCLICK_JS_CHECK app.ts": "every new window is denied (confine), tested in shell-electron/app.test.ts",
  "CONTEXT_ISOLATION_JS_CHECK app.ts": "set in window-options.ts, tested in shell-electron/app.test.ts",
  "SANDBOX_JS_CHECK app.ts": "set in window-options.ts, tested in shell-electron/app.test.ts",
};

/** What the scanner's CSV complains of, as "CHECK file", without what is answered. */
export function unanswered(csv: string): string[] {
  return csv
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [check, , , file] = line.split(",").map((cell) => cell.replaceAll('"', "").trim());
      return check && file ? [`${check} ${file}`] : [];
    })
    .filter((finding) => !Object.hasOwn(ANSWERED, finding));
}

if (process.argv[1] === import.meta.filename) {
  const folder = mkdtempSync(join(tmpdir(), "plume-scan-"));
  const report = join(folder, "findings.csv");
  const scanner = ["--yes", "--ignore-scripts", "@doyensec/electronegativity@1.10.3"];
  const electron = readFileSync(join(root, "node_modules", "electron", "package.json"), "utf8");
  const { version } = JSON.parse(electron) as { version: string };
  const shell = process.platform === "win32";
  const { status } = spawnSync("npx", [...scanner, "-i", "main/shell-electron", "-r", "-e", version, "-o", report], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell,
  });
  if (status !== 0) {
    process.stderr.write(
      "The scanner did not run: it needs the network, for itself and for the list of Electron's releases.\n",
    );
    process.exit(1);
  }
  const findings = unanswered(readFileSync(report, "utf8"));
  rmSync(folder, { recursive: true, force: true });
  for (const finding of findings) process.stderr.write(`${finding}\n`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
