import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Input, Method, Output } from "../../core/contract/index.ts";
import {
  accessibilityProblems,
  launchBrowser,
  openWindow,
  realEntry,
  removeFolder,
  type RunningApp,
  startApp,
  temporaryFolder,
  type Window,
} from "./harness.ts";

/** Set to a folder's name to look at the workspace. */
const KEEP = process.env["PLUME_PICTURES"];

let folder = "";
let app: RunningApp;
let browser: Browser;
let window: Window;

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, "out"));
  app = await startApp(realEntry, { PLUME_HOME: join(folder, "home"), PLUME_OUTPUT: join(folder, "out") });
  browser = await launchBrowser();
  window = await openWindow(browser, app.url);
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
  await removeFolder(folder);
});

/** Asks the studio as the page would. */
async function ask<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
  const reply = await window.page.evaluate(
    async ([name, body]) => {
      const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
      return (await fetch(`/api/${name}`, init)).json() as Promise<{ ok: boolean; value: unknown }>;
    },
    [method, JSON.stringify(input)] as const,
  );
  expect(reply.ok).toBe(true);
  return reply.value as Output<M>;
}

it("what is on the timeline is exported from the window, and the file is there", async () => {
  const { page, offences } = window;
  await page.getByRole("navigation", { name: "Workspace" }).getByRole("button", { name: "Export" }).click();
  await page.getByText(/There is nothing to export/).waitFor();
  if (KEEP) await page.screenshot({ path: join(KEEP, "export-empty.png") });
  expect(await page.getByRole("button", { name: "Export", exact: true }).last().isDisabled()).toBe(true);
  // A title is all that this film needs.
  const { id, document } = await ask("projects.create", { name: "Holiday", settings: { width: 640, height: 360 } });
  const track = document.tracks.find(({ kind }) => kind === "text")!.id;
  const clips = [{ track, clip: { text: { text: "Holiday" }, duration: 24 * 29_400_000 } }];
  await ask("projects.edit", { id, name: "append", arguments: { clips } });
  await page.reload();
  await page.getByRole("navigation", { name: "Workspace" }).waitFor();
  await page.keyboard.press("Control+e");
  await page.getByText("H.264", { exact: true }).first().click();
  await choosesSettings();
  await page.getByText(/ · \d+ frames · /).waitFor();
  await page.getByText(/Encoded by libx264/).waitFor();
  await page.getByLabel("Name").fill("My film");
  await page.getByRole("main").getByRole("button", { name: "Export", exact: true }).click();
  const jobs = page.getByRole("list", { name: "Exports" });
  await jobs.getByText("My film.mp4").waitFor();
  await jobs.getByText(/checked/).waitFor({ timeout: 300_000 });
  if (KEEP) await page.screenshot({ path: join(KEEP, "export-done.png") });
  expect(await readdir(join(folder, "out", "Exports"))).toEqual(["My film.mp4"]);
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.setViewportSize({ width: 1200, height: 720 });
  if (KEEP) await page.screenshot({ path: join(KEEP, "export-small.png") });
  await jobs.getByRole("button", { name: /Take off the list/ }).click();
  await page.getByText(/What you export appears here/).waitFor();
  expect(offences).toEqual([]);
}, 400_000);

/** Every setting is at hand, says what comes of it, and can be taken back. */
async function choosesSettings(): Promise<void> {
  const { page } = window;
  const form = page.getByRole("region", { name: "Settings" });
  await form.getByText("640 × 360 · 24 frames").waitFor();
  await form.getByLabel("Size", { exact: true }).selectOption("1280×720");
  await form.getByLabel("Rate", { exact: true }).selectOption("25");
  await form.getByText("1280 × 720 · 25 frames").waitFor();
  await form.getByLabel("Size by").selectOption("bitrate");
  await form.getByLabel("Bitrate of the pictures, kbit/s").fill("8000");
  await page.keyboard.press("Enter");
  await form.getByText("About 1.0 MB").waitFor();
  await form.getByLabel("File", { exact: true }).selectOption("webm");
  await form.getByText(".webm").waitFor();
  expect(await form.getByLabel("Codec", { exact: true }).first().inputValue()).toBe("vp9");
  await form.getByLabel("Layout").selectOption("mono");
  await form.getByLabel("Loudness").selectOption("-23");
  await form.getByRole("button", { name: /This frame/ }).click();
  await form.getByText("A PNG of 00:00:00:00").waitFor();
  await form.getByText("No clip in this range was generated").waitFor();
  if (KEEP) await page.screenshot({ path: join(KEEP, "export-form.png") });
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.setViewportSize({ width: 1200, height: 720 });
  if (KEEP) await page.screenshot({ path: join(KEEP, "export-form-small.png") });
  await page.setViewportSize({ width: 1440, height: 900 });
  await form.getByRole("button", { name: "Back to H.264 as it comes" }).click();
  await form.getByText("640 × 360 · 24 frames").waitFor();
  await form.getByRole("button", { name: "None", exact: true }).click();
}
