/** The desktop app under the real Electron, where its runtime is there (npm installs it without; BUILD notes in the README). */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { _electron } from "playwright-core";
import { expect, test } from "vitest";
import { electronProgram } from "../../main/start.ts";
import { removeFolder, temporaryFolder } from "./harness.ts";

const root = resolve(import.meta.dirname, "..", "..");
const program = electronProgram(join(root, "node_modules", "electron"));
const hasDisplay = process.platform !== "linux" || Boolean(process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"]);
const reason = program === null ? "Electron's runtime is not installed" : "there is no display";

test("what Electron would run was built: main as a module, preload as CommonJS without any other import", async () => {
  const { readFileSync } = await import("node:fs");
  const built = join(root, "dist", "shell-electron");
  expect(existsSync(join(built, "main.js")), "run `npm run build` first").toBe(true);
  const preload = readFileSync(join(built, "preload.cjs"), "utf8");
  expect([...preload.matchAll(/require\("([^"]+)"\)/g)].map((match) => match[1])).toEqual(["electron"]);
  expect(preload).toContain("exposeInMainWorld");
  expect(preload).not.toMatch(/^import /m);
});

test.skipIf(program === null || !hasDisplay)(
  program !== null && hasDisplay ? "the window opens under real Electron" : `under real Electron (skipped: ${reason})`,
  async () => {
    const home = await temporaryFolder();
    const app = await _electron.launch({
      executablePath: program ?? "",
      args: [join(root, "dist", "shell-electron", "main.js"), ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
      env: { ...(process.env as Record<string, string>), PLUME_HOME: home, PLUME_OUTPUT: join(home, "clips") },
    });
    const page = await app.firstWindow();
    await page.waitForSelector("#prompt");
    expect(
      await page.evaluate(() => [typeof window.studio, typeof (globalThis as { require?: unknown }).require]),
    ).toEqual(["object", "undefined"]);
    await app.close();
    await removeFolder(home);
  },
);
