/**
 * Media come in by a real drop of files and folders of this disk, appear with pictures and waveforms, are searched and dragged, go missing
 * and are found again: in a real Chromium over the real media services.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
  accessibilityProblems,
  fakeEntry,
  askStudio,
  dropFiles,
  launchBrowser,
  openWindow,
  removeFolder,
  type RunningApp,
  startApp,
  temporaryFolder,
  type Window,
} from "./harness.ts";

vi.setConfig({ testTimeout: 300_000 });
const patience = { timeout: 120_000 };

let browser: Browser;
let files = "";
let app: RunningApp;
let window: Window;
let page: Page;
const file = (name: string) => join(files, name);
const ffmpeg = (...args: string[]) => execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);
const shot = async (name: string): Promise<void> => {
  const folder = process.env["PLUME_SHOTS"];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
};

beforeAll(async () => {
  files = await temporaryFolder();
  const film = ["-f", "lavfi", "-i", "testsrc2=s=640x360:d=3:r=25", "-f", "lavfi", "-i", "sine=f=330:d=3"];
  ffmpeg(...film, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", file("harbour.mp4"));
  ffmpeg("-f", "lavfi", "-i", "aevalsrc='0.9*sin(2*PI*90*t)*exp(-8*mod(t,0.5))':s=44100:d=4", file("drum loop.wav"));
  ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=900x1200", "-frames:v", "1", file("poster.jpg"));
  ffmpeg("-f", "lavfi", "-i", "testsrc=s=320x180:d=1:r=10", "-c:v", "prores_ks", file("master.mov"));
  mkdirSync(file("shoot"));
  ffmpeg(
    "-f",
    "lavfi",
    "-i",
    "life=s=160x90:mold=10:r=24:ratio=0.1:death_color=#c83232:life_color=#00ff00",
    "-frames:v",
    "14",
    file("shoot/life_%04d.png"),
  );
  writeFileSync(file("shoot/notes.txt"), "Remember the milk.\n");
  writeFileSync(file("shoot/broken.mp4"), "not a film at all".repeat(500));
  writeFileSync(file("shoot/empty.wav"), "");
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await removeFolder(files);
});
beforeEach(async () => {
  app = await startApp(fakeEntry, {});
  window = await openWindow(browser, app.url);
  page = window.page;
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.waitForSelector(".bin");
});
afterEach(async () => {
  await window.context.close();
  expect(await app.stop()).toBe(0);
  expect(window.offences).toEqual([]);
});

const drop = (names: readonly string[], onto: string): Promise<void> =>
  dropFiles(page, names.map(file), onto, () => shot("over"));

/** Asks the studio as the window does. */
const call = <T>(method: string, input: unknown): Promise<T> => askStudio(page, method, input);
const items = () => page.locator(".bin").getByRole("option");
const names = () => page.locator(".bin-item__name").allTextContents();
const bytesOf = (selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((image: HTMLImageElement) => (image.complete ? image.naturalWidth : 0));

test("a drop of files and a folder: everything readable is there with its picture or waveform, the rest is named", async () => {
  await expect
    .poll(() => page.locator(".bin__empty").textContent(), patience)
    .toContain("Drop video, pictures or sound here");
  await shot("empty");
  await drop(["harbour.mp4", "drum loop.wav", "poster.jpg", "master.mov", "shoot"], ".bin");
  await expect.poll(() => items().count(), patience).toBe(5);
  expect(await names()).toEqual(["drum loop.wav", "harbour.mp4", "life_[0001-0014].png", "master.mov", "poster.jpg"]);
  const notice = page.locator(".notice, [data-notice]").first();
  await expect.poll(() => notice.textContent(), patience).toMatch(/“(broken\.mp4|empty\.wav|notes\.txt)”/);
  expect(await notice.textContent()).toContain("The other 5 files were added.");

  for (const name of ["harbour.mp4", "poster.jpg", "master.mov", "life_[0001-0014].png"])
    await expect.poll(() => bytesOf(`.bin-item:has-text("${name}") img`).catch(() => 0), patience).toBeGreaterThan(30);
  await page.locator('.bin-item:has-text("drum loop.wav") canvas').waitFor(patience);
  await page.waitForFunction(() => !document.querySelector(".bin__work"), null, patience);
  await shot("grid");

  // What is fetched is what was made, with ranges: mediabunny and <video> depend on it.
  const media = await call<{ id: string; name: string; bytes: number }[]>("media.list", {});
  const status = await call<{ id: string; version: string }[]>("media.status", { ids: media.map(({ id }) => id) });
  const urlOf = (name: string, part: string): string => {
    const { id } = media.find((each) => each.name === name)!;
    return `/source/${id}/${status.find((each) => each.id === id)!.version}/${part}`;
  };
  const told = await page.evaluate(
    async ([original = "", made = ""]) => {
      const part = await fetch(original, { headers: { Range: "bytes=4-7" } });
      const proxy = await fetch(made);
      return {
        range: [part.status, part.headers.get("content-range"), await part.text()],
        proxy: [proxy.status, proxy.headers.get("content-type")],
      };
    },
    [urlOf("harbour.mp4", "original"), urlOf("master.mov", "proxy")],
  );
  expect(told.range).toEqual([206, `bytes 4-7/${media.find(({ name }) => name === "harbour.mp4")!.bytes}`, "ftyp"]);
  expect(told.proxy).toEqual([200, "video/mp4"]);
  const paths = JSON.stringify([media, status]);
  expect(paths).not.toContain(files);
  expect(paths).not.toContain("/tmp/");

  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole("button", { name: "Show as a list" }).click();
  await shot("list");
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole("searchbox", { name: "Search media" }).fill("har");
  expect(await names()).toEqual(["harbour.mp4"]);
  await page.getByRole("searchbox", { name: "Search media" }).fill("");
  await page.getByRole("button", { name: /^Sort and filter/ }).click();
  await page.getByRole("menuitemradio", { name: "Length" }).click();
  expect((await names()).slice(-2)).toEqual(["harbour.mp4", "drum loop.wav"]);
});

test("media that is missing says so, and is found again by what it is, not by its name", async () => {
  await drop(["harbour.mp4", "poster.jpg"], ".bin");
  await expect.poll(() => items().count(), patience).toBe(2);
  for (const { id } of await call<{ id: string }[]>("media.list", {})) await call("media.remove", { id });
  await expect.poll(() => page.locator(".bin__missing").textContent(), patience).toContain("2 files are missing.");
  await shot("missing");
  expect(await accessibilityProblems(page)).toEqual([]);

  const choose = async (button: string | RegExp, chosen: string | string[]): Promise<void> => {
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: button }).click();
    await (await chooser).setFiles(chosen);
  };
  await choose("Locate …", [file("drum loop.wav")]);
  await expect.poll(() => page.locator("body").textContent(), patience).toContain("None of the chosen files is");
  expect(await page.locator(".bin__missing").count()).toBe(1);

  // Renamed and moved into a folder with others.
  mkdirSync(file("archive"));
  copyFileSync(file("harbour.mp4"), file("archive/other name.mp4"));
  copyFileSync(file("poster.jpg"), file("archive/IMG_1.jpg"));
  writeFileSync(file("archive/unrelated.txt"), "x");
  await choose("In a folder …", file("archive"));
  await expect.poll(() => page.locator(".bin__missing").count(), patience).toBe(0);
  await expect
    .poll(() => bytesOf('.bin-item:has-text("harbour.mp4") img').catch(() => 0), patience)
    .toBeGreaterThan(30);
});

test("by keyboard: select, open in the source viewer, remove from the project", async () => {
  await drop(["harbour.mp4", "drum loop.wav"], ".bin");
  await expect.poll(() => items().count(), patience).toBe(2);
  await items().first().focus();
  await page.keyboard.press("ArrowRight");
  expect(await items().nth(1).getAttribute("aria-selected")).toBe("true");
  await page.keyboard.press("Delete");
  await expect.poll(names, patience).toEqual(["drum loop.wav"]);
  await page.getByRole("radio", { name: "Studio" }).click();
  await expect.poll(names, patience).toEqual(["drum loop.wav", "harbour.mp4"]);
  await shot("studio");
});
