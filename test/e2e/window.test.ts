/**
 * The window in a real Chromium, over a studio in memory (main/shell-browser/testing), so that every state can be called up at
 * will: what it shows, what keys do, that it is accessible, and that nothing breaks the content security policy or leaves the machine.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  accessibilityProblems,
  fakeEntry,
  launchBrowser,
  openWindow,
  removeFolder,
  type RunningApp,
  startApp,
  temporaryFolder,
  type Window,
} from "./harness.ts";

vi.setConfig({ testTimeout: 180_000 });

let browser: Browser;
let home = "";
let app: RunningApp;
let window: Window;
let page: Page;

const environment = () => ({ PLUME_HOME: home, PLUME_FAKE_STEP_MS: "20", PLUME_FAKE_HOLD: join(home, "hold") });
/** From now on a running job stands still at half its steps, until `release`. */
const hold = () => writeFileSync(join(home, "hold"), "");
const release = () => rmSync(join(home, "hold"));

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  home = await temporaryFolder();
  app = await startApp(fakeEntry, environment());
  window = await openWindow(browser, app.url);
  page = window.page;
});
afterEach(async () => {
  await window.context.close();
  expect(await app.stop()).toBe(0);
  await removeFolder(home);
  expect(window.offences).toEqual([]);
});

const patience = { timeout: 60_000 };
const tiles = (state: string) => page.locator(`[data-tile][data-state="${state}"]`);
async function make(prompt: string): Promise<void> {
  const before = await tiles("done").count();
  await page.fill("#prompt", prompt);
  await page.press("#prompt", "Enter");
  await expect.poll(() => tiles("done").count(), patience).toBe(before + 1);
}
/** A number that changes when any pixel of the preview does. */
const pictureOf = () =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".tile__preview");
    const data = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data;
    return Array.from(data ?? []).reduce((sum, value, index) => (sum * 31 + value * (index % 7)) % 1_000_003, 7);
  });

test("a sentence becomes a clip: placeholder, moving preview, finished clip that loops", async () => {
  hold();
  await page.fill("#prompt", "blue bubbles rising slowly");
  await page.press("#prompt", "Enter");
  await page.waitForSelector('[data-state="running"] canvas[data-step]');
  const pictures = new Set<number>();
  for (let look = 0; look < 8; look++) {
    pictures.add(await pictureOf());
    await page.waitForTimeout(60);
  }
  expect(pictures.size, "the preview moves").toBeGreaterThan(2);
  release();
  await tiles("done").waitFor();
  const video = page.locator(".tile__video");
  await expect
    .poll(() => video.evaluate((element: HTMLVideoElement) => element.currentTime > 0.2), patience)
    .toBe(true);
  expect(await page.inputValue("#prompt"), "the prompt stays").toBe("blue bubbles rising slowly");
});

test("hover scrubs to the frame under the pointer", async () => {
  await make("teal waves");
  const video = page.locator(".tile__video");
  await expect.poll(() => video.evaluate((element: HTMLVideoElement) => element.readyState), patience).toBe(4);
  // The loop goes on as soon as the pointer rests, so what was sought is written down when it happens.
  await video.evaluate((element: HTMLVideoElement) => {
    element.addEventListener("seeking", () => {
      element.dataset["sought"] = `${element.dataset["sought"] ?? ""} ${element.currentTime.toFixed(4)}`;
    });
  });
  const box = await video.boundingBox();
  for (const [x, frame] of [
    [2, 0],
    [(box?.width ?? 0) / 2 + 2, 8],
    [(box?.width ?? 0) - 3, 15],
  ] as const) {
    await video.hover({ position: { x, y: 80 } });
    const sought = () => video.evaluate((element: HTMLVideoElement) => element.dataset["sought"] ?? "");
    await expect.poll(sought, patience).toContain(((frame + 0.5) / 8).toFixed(4));
  }
});

test("the keyboard alone is enough", async () => {
  await make("red rain");
  await make("green stripes");
  await page.press("#prompt", "Escape");
  const first = await page.evaluate(() => document.activeElement?.getAttribute("data-tile"));
  expect(first).toMatch(/^job:/);
  await page.keyboard.press("ArrowRight");
  const second = await page.evaluate(() => document.activeElement?.getAttribute("data-tile"));
  expect(second).not.toBe(first);
  await page.keyboard.press("Enter");
  const frame = page.getByRole("slider", { name: "Frame" });
  await frame.waitFor();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  expect(await frame.inputValue()).toBe("2");
  await expect
    .poll(() => page.locator(".player__video").evaluate((element: HTMLVideoElement) => element.currentTime), patience)
    .toBeCloseTo(2.5 / 8, 3);
  await page.keyboard.press("Space");
  const isPaused = () => page.locator(".player__video").evaluate((element: HTMLVideoElement) => element.paused);
  await expect.poll(isPaused, patience).toBe(false);
  await page.keyboard.press("Escape");
  await page.locator(".player").waitFor({ state: "detached" });
  await page.keyboard.press("Delete");
  await expect.poll(() => tiles("done").count(), patience).toBe(1);
  await page.keyboard.press("Control+z");
  await expect.poll(() => tiles("done").count(), patience).toBe(2);
  await page.keyboard.press("g");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("prompt");
  await page.press("#prompt", "Escape");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
});

test("variations queue at once, can be stopped one by one, and the rest goes on", async () => {
  hold();
  await page.fill("#prompt", "purple pulse");
  await page.getByRole("radio", { name: "4 variations" }).click();
  await page.press("#prompt", "Control+Enter");
  await expect.poll(() => page.locator("[data-tile]").count(), patience).toBe(4);
  const seeds = await page.locator(".tile__seed").allTextContents();
  const numbers = seeds.map((text) => Number(text.replace("seed ", "")));
  expect(numbers.map((seed) => seed - (numbers[0] ?? 0))).toEqual([0, 1, 2, 3]);
  await tiles("queued")
    .last()
    .getByRole("button", { name: /Take out/ })
    .click();
  await tiles("running").getByRole("button", { name: /Stop/ }).click();
  await expect.poll(() => tiles("cancelled").count(), patience).toBe(2);
  release();
  await expect.poll(() => tiles("done").count(), patience).toBe(2);
});

test("a failure is told in its tile, and Retry makes the clip after all", async () => {
  hold();
  await page.fill("#prompt", "green bokeh");
  await page.press("#prompt", "Enter");
  await tiles("running").waitFor();
  process.kill(app.pid, "SIGUSR2");
  await tiles("failed").waitFor();
  expect(await tiles("failed").innerText()).toContain("The engine stopped in the middle of this clip");
  release();
  await tiles("failed").getByRole("button", { name: "Retry" }).click();
  await tiles("done").waitFor();
  expect(await page.locator("[data-tile]").count()).toBe(1);
});

test("a reload keeps prompt, settings and jobs", async () => {
  hold();
  await page.fill("#prompt", "a golden star spinning");
  await page.getByRole("radio", { name: "2 variations" }).click();
  await page.getByRole("button", { name: "Keep this seed" }).click();
  const seed = await page.getByLabel("Seed", { exact: true }).inputValue();
  await page.press("#prompt", "Enter");
  await tiles("running").waitFor();
  await page.reload();
  await page.waitForSelector("[data-tile]");
  expect(await page.inputValue("#prompt")).toBe("a golden star spinning");
  expect(await page.getByLabel("Seed", { exact: true }).inputValue()).toBe(seed);
  expect(await page.getByRole("radio", { name: "2 variations" }).getAttribute("aria-checked")).toBe("true");
  expect(await page.locator("[data-tile]").count()).toBe(2);
  release();
  await expect.poll(() => tiles("done").count(), patience).toBe(2);
});

test("settings reach the request and the clip", async () => {
  await page.getByRole("button", { name: /^Size/ }).click();
  await page.getByText("Wide").click();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Length/ }).click();
  await page.getByRole("spinbutton", { name: /^Frames ·/ }).fill("8");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^More/ }).click();
  await page.getByRole("spinbutton", { name: "Steps" }).fill("2");
  await page.getByRole("radio", { name: /int8/ }).click();
  await page.keyboard.press("Escape");
  await make("snow");
  const inspector = await page.locator(".inspector").innerText();
  for (const fact of ["192×128", "8 frames at 8", "int8"]) expect(inspector).toContain(fact);
  // Known only once the browser has read the file's head.
  const width = () => page.locator(".tile__video").evaluate((element: HTMLVideoElement) => element.videoWidth);
  await expect.poll(width, patience).toBe(192);
});

describe("accessibility", () => {
  test("axe finds nothing in any state", { timeout: 300_000 }, async () => {
    const states: Record<string, string[]> = { empty: await accessibilityProblems(page) };
    for (const control of ["Model", "Length", "Size", "More"]) {
      await page.getByRole("button", { name: new RegExp(`^${control}\\b`) }).click();
      states[control] = await accessibilityProblems(page);
      await page.keyboard.press("Escape");
    }
    await page.fill("#prompt", " ");
    await page.press("#prompt", "Enter");
    states["problem"] = await accessibilityProblems(page);
    hold();
    await page.fill("#prompt", "blue bubbles");
    await page.getByRole("radio", { name: "2 variations" }).click();
    await page.press("#prompt", "Enter");
    await page.waitForSelector("canvas[data-step]");
    states["generating"] = await accessibilityProblems(page);
    process.kill(app.pid, "SIGUSR2");
    await tiles("failed").waitFor();
    release();
    await tiles("done").waitFor();
    states["failed and done"] = await accessibilityProblems(page);
    await tiles("done").focus();
    await page.keyboard.press("Enter");
    await page.locator(".player").waitFor();
    states["player"] = await accessibilityProblems(page);
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    states["shortcuts"] = await accessibilityProblems(page);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Delete");
    await page.getByText("Undo").waitFor();
    states["undo"] = await accessibilityProblems(page);
    expect(Object.fromEntries(Object.entries(states).filter(([, problems]) => problems.length > 0))).toEqual({});
  });

  test("with reduced motion clips rest, with forced colours the selection still shows", async () => {
    await window.context.close();
    await app.stop();
    app = await startApp(fakeEntry, environment());
    window = await openWindow(browser, app.url, { reducedMotion: "reduce", forcedColors: "active" });
    page = window.page;
    await make("blue bubbles");
    await page.waitForTimeout(300);
    expect(await page.locator(".tile__video").evaluate((element: HTMLVideoElement) => element.paused)).toBe(true);
    const outline = await tiles("done").evaluate((element) => getComputedStyle(element).outlineStyle);
    expect(outline).toBe("solid");
    // axe reads our own colours, not those that the system forces over them.
    expect(await accessibilityProblems(page, ["color-contrast"])).toEqual([]);
  });

  test.each([
    ["the smallest window", 1200, 720],
    ["a laptop", 1440, 900],
    ["a laptop at 200 % zoom", 720, 450],
  ])("%s: nothing is cut off", async (_, width, height) => {
    await page.setViewportSize({ width, height });
    await make("blue bubbles");
    const boxes = await page
      .locator(".dock button, .dock input, .dock textarea")
      .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON() as DOMRect));
    for (const box of boxes) {
      expect(box.right).toBeLessThanOrEqual(width);
      expect(box.bottom).toBeLessThanOrEqual(height);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    // What is not in sight can be scrolled to.
    const remove = page.locator(".inspector").getByRole("button", { name: "Remove" });
    await remove.scrollIntoViewIfNeeded();
    const box = await remove.boundingBox();
    expect((box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 0) <= width).toBe(true);
    await remove.click();
    await expect.poll(() => tiles("done").count(), patience).toBe(0);
  });
});

test("a studio that ends is told, and the window keeps the prompt", async () => {
  await page.fill("#prompt", "kept");
  await app.stop();
  await page.getByRole("alert").waitFor();
  expect(await page.inputValue("#prompt")).toBe("kept");
  // The browser itself reports the broken connection, again and again.
  window = { ...window, offences: [] };
});
