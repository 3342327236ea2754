/**
 * An animated clip on the timeline, in a real Chromium over the real studio with the fake engine's networks: its motion lane under its
 * track, a keyframe moved with the keyboard, and a new take made of it.
 */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { dropBytes, launchBrowser, openWindow, removeFolder, startApp, temporaryFolder } from "./harness.ts";

vi.setConfig({ testTimeout: 300_000 });

const entry = resolve(import.meta.dirname, "..", "..", "main", "shell-browser", "testing", "main-animation.ts");
const patience = { timeout: 120_000 };
const ffmpeg = (...args: string[]) => execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

test("the motion lane lies under its clip, and moved keyframes become another take", async () => {
  const home = await temporaryFolder();
  const file = (name: string) => join(home, name);
  ffmpeg("-f", "lavfi", "-i", "testsrc=size=320x200:rate=1", "-frames:v", "1", file("logo.png"));
  ffmpeg("-f", "lavfi", "-i", "aevalsrc='0.9*sin(2*PI*90*t)*exp(-12*mod(t,0.5))':s=44100:d=2", file("beat.wav"));
  ffmpeg("-f", "lavfi", "-i", "aevalsrc='0.9*sin(2*PI*60*t)*exp(-9*mod(t,0.4))':s=44100:d=2", file("other.wav"));
  const app = await startApp(entry, { PLUME_HOME: file("data"), PLUME_OUTPUT: file("clips") });
  const { page, context, offences } = await openWindow(browser, app.url);
  const drop = (name: string, onto: string): Promise<void> => dropBytes(page, file(name), onto);
  const diamonds = page.getByRole("slider", { name: /^Keyframe \d+/ });

  await drop("logo.png", ".workspace");
  await page.waitForSelector('[data-kind="picture"]', patience);
  await drop("beat.wav", '[data-kind="picture"]');
  await expect.poll(() => diamonds.count(), patience).toBe(12);
  await page.getByRole("checkbox", { name: /straight through/ }).check();
  await page
    .locator(".animate")
    .getByRole("button", { name: /^Animate/ })
    .click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();

  // From the studio's media onto the timeline.
  await page.getByRole("radio", { name: "Studio" }).click();
  const item = page.locator(".bin [draggable='true'][data-kind='video']").first();
  await item.waitFor(patience);
  await item.dragTo(page.locator(".timeline__stage"), { targetPosition: { x: 14, y: 170 } });
  const clip = page.getByRole("gridcell", { name: /^logo.*, video/ });
  await clip.waitFor({ state: "attached", ...patience });
  await clip.focus();
  await page.keyboard.press("Backslash");
  await page.keyboard.press("Shift+G");
  const lane = page.getByRole("region", { name: "Motion" });
  await expect.poll(() => lane.getByRole("slider").count(), patience).toBe(12);
  const [under, over] = [await lane.boundingBox(), await clip.boundingBox()];
  expect(Math.abs(under!.x - over!.x)).toBeLessThan(2);
  expect(Math.abs(under!.width - over!.width)).toBeLessThan(3);
  expect(under!.y).toBeGreaterThanOrEqual(over!.y + over!.height - 1);

  const fifth = lane.getByRole("slider").nth(4);
  const frame = async () => Number(await fifth.getAttribute("aria-valuenow"));
  const before = await frame();
  await fifth.focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(frame, patience).toBe(before + 1);
  await lane.getByRole("button", { name: "Animate again" }).click();
  await expect.poll(() => clip.getAttribute("aria-label"), patience).toMatch(/2 takes/);
  // When it is made, the take is shown in its place.
  await expect.poll(() => page.locator(".queue__idle").count(), patience).toBe(1);
  await clip.focus();
  await page.keyboard.press("BracketRight");
  await expect.poll(() => clip.getAttribute("aria-label"), patience).toMatch(/generated, 2 takes/);
  // The lane shows how this take moves.
  await expect
    .poll(() => lane.getByRole("slider").nth(4).getAttribute("aria-valuenow"), patience)
    .toBe(String(before + 1));

  // Another sound in the place of the one that moved it: the clip says that it is stale, and nothing is made by itself.
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.setInputFiles('input[aria-label="Replacement for beat.wav"]', file("other.wav"));
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await expect.poll(() => clip.getAttribute("aria-label"), patience).toMatch(/stale: its picture or sound was changed/);
  expect(await page.locator(".queue__idle").count()).toBe(1);

  expect(offences).toEqual([]);
  await context.close();
  expect(await app.stop()).toBe(0);
  await removeFolder(home);
});
