/**
 * From two dropped files to a clip that plays with its sound, in a real Chromium over the real studio: uploads, ffmpeg, queue, approval
 * and muxing are the app's own; only the networks are the fake engine's.
 */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
  accessibilityProblems,
  dropBytes,
  launchBrowser,
  openWindow,
  removeFolder,
  type RunningApp,
  startApp,
  temporaryFolder,
  type Window,
} from "./harness.ts";

vi.setConfig({ testTimeout: 300_000 });

const entry = resolve(import.meta.dirname, "..", "..", "main", "shell-browser", "testing", "main-animation.ts");
const patience = { timeout: 120_000 };

let browser: Browser;
let files = "";
let home = "";
let app: RunningApp;
let window: Window;
let page: Page;

const file = (name: string) => join(files, name);
const ffmpeg = (...args: string[]) => execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);

/** A drum at two beats a second. */
const beat = (hertz: number) => `aevalsrc='0.9*sin(2*PI*${hertz}*t)*exp(-12*mod(t,0.5))':s=44100:d=2`;

beforeAll(async () => {
  files = await temporaryFolder();
  ffmpeg("-f", "lavfi", "-i", "testsrc=size=320x200:rate=1", "-frames:v", "1", file("logo.png"));
  ffmpeg("-f", "lavfi", "-i", beat(90), file("beat.wav"));
  ffmpeg("-f", "lavfi", "-i", beat(120), file("other.wav"));
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await removeFolder(files);
});
beforeEach(async () => {
  home = await temporaryFolder();
  app = await startApp(entry, { PLUME_HOME: join(home, "data"), PLUME_OUTPUT: join(home, "clips") });
  window = await openWindow(browser, app.url);
  page = window.page;
});
afterEach(async () => {
  await window.context.close();
  expect(await app.stop()).toBe(0);
  await removeFolder(home);
  expect(window.offences).toEqual([]);
});

const drop = (name: string, onto: string): Promise<void> => dropBytes(page, file(name), onto);

const diamonds = () => page.getByRole("slider", { name: /^Keyframe \d+/ });
const framesOf = () => diamonds().evaluateAll((all) => all.map((each) => Number(each.getAttribute("aria-valuenow"))));
/** The lane is there, and the model has said its word. */
async function laneIsReady(): Promise<void> {
  await expect.poll(() => diamonds().count(), patience).toBe(12);
  await page.waitForFunction(() => !document.querySelector(".lane-tools .spinner"), null, patience);
}
async function openLane(): Promise<void> {
  await drop("logo.png", ".workspace");
  await page.waitForSelector('[data-kind="picture"]', patience);
  await drop("beat.wav", '[data-kind="picture"]');
  await laneIsReady();
}
/** Keyframes whose picture is there: an empty canvas holds zeros only. */
const paintedKeyframes = () =>
  page.locator(".keyframe canvas").evaluateAll(
    (all) =>
      all.filter((each) => {
        const canvas = each as HTMLCanvasElement;
        const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        return new Set(pixels).size > 1;
      }).length,
  );
const picture = (place: number) =>
  page
    .locator(".keyframe canvas")
    .nth(place)
    .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
const button = (name: string | RegExp) => page.locator(".animate").getByRole("button", { name });

test("drop a picture, drop a sound on it, see the lane, move a diamond, approve: the clip plays in step with its sound", async () => {
  await openLane();
  expect(await page.locator(".wave__onset").count()).toBeGreaterThan(2);
  expect(await page.locator(".wave__beat").count()).toBeGreaterThan(2);
  expect((await page.locator(".curve__line").getAttribute("d"))?.length).toBeGreaterThan(200);
  const problems: Record<string, string[]> = { lane: await accessibilityProblems(page) };

  // With the pointer, to the beat at one second: what is near enough sticks to it.
  const before = await framesOf();
  const fifth = await diamonds().nth(4).boundingBox();
  const track = await page.locator(".track__line").boundingBox();
  const perFrame = (track?.width ?? 0) / 48;
  const target = (before[4] ?? 0) + 2;
  await page.mouse.move((fifth?.x ?? 0) + 14, (fifth?.y ?? 0) + 14);
  await page.mouse.down();
  await page.mouse.move((track?.x ?? 0) + target * perFrame, (fifth?.y ?? 0) + 14, { steps: 6 });
  await page.mouse.up();
  const moved = (await framesOf()).find((frame) => !before.includes(frame));
  expect(Math.abs((moved ?? 0) - target)).toBeLessThanOrEqual(2);
  const placed = () => page.locator('.diamond[data-fixed="true"]').count();
  expect(await placed()).toBe(2);
  // Past its neighbour and back: it keeps the focus.
  const focused = () =>
    page.evaluate(() => Number(document.activeElement?.getAttribute("aria-valuenow") ?? Number.NaN));
  const own = await diamonds()
    .nth((await framesOf()).indexOf(moved ?? 0))
    .boundingBox();
  await page.mouse.move((own?.x ?? 0) + 14, (own?.y ?? 0) + 14);
  await page.mouse.down();
  await page.mouse.move((own?.x ?? 0) + 14 + 7 * perFrame, (own?.y ?? 0) + 14, { steps: 8 });
  await expect.poll(focused, patience).toBeGreaterThan((moved ?? 0) + 4);
  await page.keyboard.press("Escape");
  await page.mouse.up();
  expect(await framesOf()).toContain(moved);
  // A double click on the line places one more; on the diamond it frees it again.
  const free = [...Array(46).keys()].findLast((frame) => frame > 2 && !before.includes(frame) && frame !== moved) ?? 0;
  await page.mouse.dblclick((track?.x ?? 0) + free * perFrame, (track?.y ?? 0) + 12);
  await expect.poll(placed, patience).toBe(3);
  expect(await diamonds().count()).toBe(12);
  // It stands last of the placed ones: the free frame was the last.
  await page.locator('.diamond[data-fixed="true"]').last().dblclick();
  await expect.poll(placed, patience).toBe(2);

  // With the keyboard: one frame on, then away; twelve stay twelve.
  const place = (await framesOf()).indexOf(moved ?? 0);
  await diamonds().nth(place).focus();
  await page.keyboard.press("ArrowRight");
  expect(await framesOf()).toContain((moved ?? 0) + 1);
  await page.keyboard.press("Delete");
  expect(await diamonds().count()).toBe(12);
  expect(await framesOf()).not.toContain((moved ?? 0) + 1);
  await diamonds().nth(3).focus();
  await page.keyboard.press("Enter");
  expect(await diamonds().nth(3).getAttribute("aria-label")).toContain("placed by you");
  const wanted = await framesOf();

  await button(/^Animate/).click();
  await page.waitForSelector(".keyframe__roll", patience);
  expect(await page.locator(".keyframe canvas").count()).toBe(12);
  problems["approval"] = await accessibilityProblems(page);
  await expect.poll(() => paintedKeyframes(), patience).toBe(12);
  const third = await picture(2);
  await page.getByRole("button", { name: "Draw keyframe 3 again" }).click();
  // Only then is the roll over: before it began, all twelve could be rolled too.
  await expect.poll(() => picture(2), patience).not.toBe(third);
  await expect.poll(() => page.locator(".keyframe__roll").count(), patience).toBe(12);
  await button("Accept all").click();

  const video = page.locator(".stage__video");
  await video.waitFor(patience);
  // The keyframes can still be looked at: they are the clip's own pictures now.
  await expect.poll(() => paintedKeyframes(), patience).toBe(12);
  await page.keyboard.press("Escape"); // from the button's focus: the lane closes, the clip stands among the others
  await page.waitForSelector('[data-tile][data-state="done"]', patience);
  await page.getByRole("button", { name: "Open in the motion lane", exact: true }).click();
  await laneIsReady();
  expect(await framesOf()).toEqual(wanted);
  await page.keyboard.press("Escape");

  await page.locator('[data-tile][data-state="done"]').focus();
  await page.keyboard.press("Enter");
  const player = page.locator(".player__video");
  const played = () =>
    player.evaluate((element: HTMLVideoElement) => {
      const { webkitAudioDecodedByteCount: sound = 0 } = element as unknown as { webkitAudioDecodedByteCount?: number };
      return { time: element.currentTime, sound };
    });
  await expect.poll(async () => (await played()).time, patience).toBeGreaterThan(0);
  await expect.poll(async () => (await played()).sound, patience).toBeGreaterThan(0);
  const { muted, seconds } = await player.evaluate((element: HTMLVideoElement) => ({
    muted: element.muted,
    seconds: element.duration,
  }));
  expect(muted).toBe(false);
  expect(seconds).toBeCloseTo(2, 1);
  expect(Object.fromEntries(Object.entries(problems).filter(([, each]) => each.length > 0))).toEqual({});
});

test("the playhead of the lane is where the sound and the picture are", async () => {
  await openLane();
  await page.getByLabel(/Run straight through/).check();
  await button(/^Animate/).click();
  const video = page.locator(".stage__video");
  await video.waitFor(patience);
  await page.locator(".lane-tools__play").click();
  await expect
    .poll(() => video.evaluate((element: HTMLVideoElement) => element.currentTime), patience)
    .toBeGreaterThan(0.2);
  await page.locator(".lane-tools__play").click();
  const apart = () =>
    page.evaluate(() => {
      const element = document.querySelector<HTMLVideoElement>(".stage__video");
      const line = document.querySelector(".track__line")?.getBoundingClientRect();
      const head = document.querySelector(".lane__playhead")?.getBoundingClientRect();
      const share = ((head?.x ?? 0) - (line?.x ?? 0)) / (line?.width ?? 1);
      return element?.paused ? Math.abs(element.currentTime - share * 2) : 1;
    });
  // The window draws what the paused element tells, once it has told it.
  await expect.poll(apart, patience).toBeLessThan(1 / 24);
});

test("a reload loses nothing of the lane: keyframes, words and quality are as they were left", async () => {
  await openLane();
  await diamonds().nth(4).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByPlaceholder("Picture and sound say enough").fill("a logo that jumps");
  await page.getByRole("radio", { name: "Draft" }).click();
  const placed = () => page.locator('.diamond[data-fixed="true"]').count();
  const [before, fixed] = [await framesOf(), await placed()];
  await page.reload();
  await laneIsReady();
  expect(await framesOf()).toEqual(before);
  expect(await placed()).toBe(fixed);
  expect(await page.getByPlaceholder("Picture and sound say enough").inputValue()).toBe("a logo that jumps");
  expect(await page.getByRole("radio", { name: "Draft" }).getAttribute("aria-checked")).toBe("true");
});

test("drawing a keyframe anew from which the next two seconds begin marks those, and draws them only when asked", async () => {
  ffmpeg("-f", "lavfi", "-i", beat(90).replace(":d=2", ":d=3.5"), file("long.wav"));
  await drop("logo.png", ".workspace");
  await page.waitForSelector('[data-kind="picture"]', patience);
  await drop("long.wav", '[data-kind="picture"]');
  await expect.poll(() => diamonds().count(), patience).toBe(24);
  await page.waitForFunction(() => !document.querySelector(".lane-tools .spinner"), null, patience);
  const frames = await framesOf();
  // The keyframe of the first two seconds that stands where the second ones begin.
  const seed = frames.slice(0, 12).indexOf(frames[12] ?? -1);
  expect(seed).toBeGreaterThan(0);
  await button(/^Animate/).click();
  await expect.poll(() => page.locator(".keyframe__roll").count(), patience).toBe(24);
  const stale = () => page.locator('.keyframe[data-stale="true"]').count();
  const isQuiet = () => expect.poll(() => page.locator(".keyframe__roll").count(), patience).toBe(24);
  await expect.poll(() => paintedKeyframes(), patience).toBe(24);
  const [own, next] = [await picture(seed), await picture(15)];
  await page.getByRole("button", { name: `Draw keyframe ${seed + 1} again` }).click();
  await expect.poll(() => picture(seed), patience).not.toBe(own);
  await isQuiet();
  expect(await stale()).toBe(12);
  expect(await picture(15)).toBe(next);
  await button("Draw the 12 marked again").click();
  await expect.poll(() => picture(15), patience).not.toBe(next);
  await isQuiet();
  expect(await stale()).toBe(0);
});

test("following a part of the sound, drawing, and the beats move the automatic keyframes and none that was placed", async () => {
  await openLane();
  await diamonds().nth(5).focus();
  await page.keyboard.press("Enter");
  const fixed = Number(await diamonds().nth(5).getAttribute("aria-valuenow"));
  for (const name of ["Kick", "Loudness"]) {
    await page.getByRole("radio", { name }).click();
    await laneIsReady();
    expect(await framesOf()).toContain(fixed);
  }
  await page.getByRole("button", { name: "Draw", exact: true }).click();
  const curve = page.getByRole("slider", { name: /^Motion curve/ });
  const box = await curve.boundingBox();
  const before = await page.locator(".curve__line").getAttribute("d");
  await page.mouse.move((box?.x ?? 0) + 200, (box?.y ?? 0) + 120);
  await page.mouse.down();
  for (const [x, y] of [
    [260, 20],
    [320, 120],
    [400, 20],
    [480, 125],
  ] as const)
    await page.mouse.move((box?.x ?? 0) + x, (box?.y ?? 0) + y, { steps: 4 });
  await page.mouse.up();
  await laneIsReady();
  expect(await page.locator(".curve__line").getAttribute("d")).not.toBe(before);
  expect(await framesOf()).toContain(fixed);
  await curve.focus();
  await page.keyboard.press("ArrowUp");
  expect(await curve.getAttribute("aria-valuetext")).toMatch(/% at 0\.00 s/);
  await page.getByRole("button", { name: "Lock to beats" }).click();
  expect(await page.locator('.diamond[data-fixed="true"]').count()).toBeGreaterThan(3);
});

test("select both and press Shift+G; a replaced sound marks the clip, and nothing is made anew until it is asked for", async () => {
  await drop("logo.png", ".workspace");
  await drop("beat.wav", ".workspace");
  await expect.poll(() => page.locator(".card").count(), patience).toBe(2);
  await page.locator('.card[data-kind="picture"] .card__body').click();
  await page.locator('.card[data-kind="sound"] .card__body').click();
  await page.keyboard.press("Shift+G");
  await laneIsReady();
  await page.getByLabel(/Run straight through/).check();
  await page.keyboard.press("Control+Enter");
  await page.locator(".stage__video").waitFor(patience);
  await page.keyboard.press("Escape");
  await page.setInputFiles('input[aria-label="Replacement for beat.wav"]', file("other.wav"));
  const mark = page.locator(".tile__stale").getByRole("button", { name: "Re-animate" });
  await mark.waitFor(patience);
  expect(await page.locator("[data-tile]").count()).toBe(1);
  expect(await page.locator(".queue__idle").count()).toBe(1);
  await mark.click();
  await laneIsReady();
  expect(await page.locator(".queue__idle").count()).toBe(1);
  await button(/^Animate/).click();
  await page.locator(".stage__video").waitFor(patience);
  await page.keyboard.press("Escape");
  await expect.poll(() => page.locator("[data-tile]").count(), patience).toBe(2);
  await expect.poll(() => page.locator(".tile__stale").count(), patience).toBe(1);
});

test("a file that is none gets one sentence, and what was there stays", async () => {
  await drop("logo.png", ".workspace");
  await page.waitForSelector('[data-kind="picture"]', patience);
  execFileSync("sh", ["-c", `yes "this is text" | head -200 > "${file("notes.wav")}"`]);
  await drop("notes.wav", '[data-kind="picture"]');
  const notice = page.getByRole("region", { name: "Notice" });
  await notice.waitFor(patience);
  expect(await notice.innerText()).toContain("“notes.wav” is no picture, sound or film that can be read");
  expect(await page.locator(".card").count()).toBe(1);
  await page.keyboard.press("Shift+G");
  await expect.poll(() => notice.innerText(), patience).toContain("Drop a sound here first.");
});

test.each([
  ["the smallest window", 1200, 720],
  ["a laptop", 1440, 900],
])("%s: the lane and its buttons are all in sight", async (_, width, height) => {
  await page.setViewportSize({ width, height });
  await openLane();
  await button(/^Animate/).click();
  await page.waitForSelector(".keyframe__roll", patience);
  const boxes = await page
    .locator(".animate button, .diamond, .lane, .stage__frame")
    .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON() as DOMRect));
  for (const box of boxes) {
    expect(box.right).toBeLessThanOrEqual(width);
    expect(box.bottom).toBeLessThanOrEqual(height);
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
});
