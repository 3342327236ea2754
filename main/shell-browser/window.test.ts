import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startBrowserShell } from "./shell.ts";
import { createFakeStudio } from "./testing/fake-studio.ts";
import { findBrowser, hasDisplay, openWindow, windowArguments } from "./window.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-window-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A program that writes its arguments down and stays open like a window, or ends at once. */
async function fakeBrowser(stays: boolean): Promise<string> {
  const file = join(folder, "chromium");
  await writeFile(file, `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/args\n${stays ? "exec sleep 60" : ""}\n`);
  await chmod(file, 0o755);
  return file;
}

test("the window is an app of its own with its own profile; only root goes without the sandbox", () => {
  const args = windowArguments("http://127.0.0.1:1/?token=x", "/profile", false);
  expect(args).toContain("--app=http://127.0.0.1:1/?token=x");
  expect(args).toContain("--user-data-dir=/profile");
  expect(args).not.toContain("--no-sandbox");
  expect(windowArguments("u", "p", true)).toContain("--no-sandbox");
});

test("a browser is found on PATH, or where PLUME_BROWSER says, or not at all", async () => {
  const file = await fakeBrowser(false);
  expect(findBrowser({ PATH: `/nowhere:${folder}` })).toBe(file);
  expect(findBrowser({ PATH: folder, PLUME_BROWSER: "/nowhere/browser" })).toBeNull();
  expect(findBrowser({ PATH: "", PLUME_BROWSER: file })).toBe(file);
});

test("no window is tried without a display", () => {
  expect(hasDisplay({}, "linux")).toBe(false);
  expect(hasDisplay({ DISPLAY: ":0" }, "linux")).toBe(true);
  expect(hasDisplay({ WAYLAND_DISPLAY: "wayland-0" }, "linux")).toBe(true);
  expect(hasDisplay({}, "darwin")).toBe(true);
});

test("closing the window is noticed, and we can close it", async () => {
  const gone = await openWindow(await fakeBrowser(false), "http://127.0.0.1:1/", folder);
  await gone.closed;
  expect(await readFile(join(folder, "args"), "utf8")).toContain("--app=http://127.0.0.1:1/");
  const open = await openWindow(await fakeBrowser(true), "http://127.0.0.1:1/", folder);
  open.close();
  await open.closed;
});

test("a browser that cannot start leaves the address to open by hand", async () => {
  await expect(openWindow(join(folder, "none"), "http://127.0.0.1:1/", folder)).rejects.toThrow();
});

test("the shell keeps its port, so that the page's memory survives a restart", async () => {
  const studio = await createFakeStudio();
  const options = { studio, rendererFolder: folder, profileFolder: join(folder, "profile"), openWindow: false };
  const first = await startBrowserShell(options);
  await first.close();
  const second = await startBrowserShell(options);
  expect(new URL(second.url).port).toBe(new URL(first.url).port);
  const beside = await startBrowserShell({ ...options, profileFolder: join(folder, "other") });
  expect(new URL(beside.url).port).not.toBe(new URL(first.url).port);
  await second.close();
  await beside.close();
  await studio.close();
});
