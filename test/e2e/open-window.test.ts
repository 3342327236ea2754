/** The app opens its own window in the browser that it finds, and ends when that window is closed. Needs a display, or xvfb. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findBrowser } from "../../main/shell-browser/window.ts";
import { fakeEntry, removeFolder, temporaryFolder } from "./harness.ts";

const hasDisplay = Boolean(process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"]);
const xvfb = (process.env["PATH"] ?? "").split(":").some((folder) => {
  try {
    return readdirSync(folder).includes("xvfb-run");
  } catch {
    return false;
  }
});
const can = process.platform === "linux" && findBrowser() !== null && (hasDisplay || xvfb);

/** Process id of the window's browser, found by its profile folder; children of it are not meant. */
function windowOf(home: string): number | undefined {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return args.includes(`--user-data-dir=${home}`) && args.includes("--app=http") && !args.includes("--type=");
      } catch {
        return false;
      }
    });
}

test.skipIf(!can)(
  can ? "closing the window ends the app" : "closing the window ends the app (skipped: no display and no xvfb-run)",
  async () => {
    const home = await temporaryFolder();
    const command = hasDisplay ? [process.execPath, fakeEntry] : ["xvfb-run", "-a", process.execPath, fakeEntry];
    const child = spawn(command[0] ?? "", command.slice(1), {
      env: { ...process.env, PLUME_HOME: home },
      stdio: "ignore",
    });
    const ended = new Promise<number | null>((done) => child.once("exit", done));
    await expect.poll(() => windowOf(home), { timeout: 30_000 }).toBeGreaterThan(0);
    // The page has fetched its fonts by then, so it is really there.
    await expect
      .poll(() => readdirSync(join(home, "browser-shell", "window")).includes("Default"), { timeout: 30_000 })
      .toBe(true);
    process.kill(windowOf(home) ?? 0, "SIGTERM");
    expect(await ended).toBe(0);
    await removeFolder(home);
  },
);
