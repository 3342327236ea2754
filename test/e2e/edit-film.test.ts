/** A film from the files of a disk to the reload, as somebody makes it who knows other editors: in a real Chromium over the whole studio. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { ProjectState, ProjectSummary } from "../../core/contract/index.ts";
import { flicksToFrame } from "../../core/time/index.ts";
import { laneOf, type Timeline } from "../../core/timeline/index.ts";
import { eventually } from "./edit-page.ts";
import {
  askStudio,
  dropFiles,
  launchBrowser,
  openWindow,
  realEntry,
  removeFolder,
  type RunningApp,
  startApp,
  temporaryFolder,
  type Window,
} from "./harness.ts";

vi.setConfig({ testTimeout: 480_000 });

let browser: Browser;
let files = "";
let home = "";
let app: RunningApp;
let window: Window;
let page: Page;
const file = (name: string): string => join(files, name);
const ffmpeg = (...args: string[]) => execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);

beforeAll(async () => {
  files = await temporaryFolder();
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"];
  for (const [name, picture, tone] of [
    ["harbour.mp4", "testsrc2=s=320x180:r=24:d=4", 330],
    // Its left edge goes from black to white: each moment has a look of its own.
    ["dawn.mp4", "color=white:s=320x180:r=24:d=4,fade=in:st=0:d=4", 440],
  ] as const)
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", `sine=f=${tone}:d=4`, ...codecs, file(name));
  ffmpeg("-f", "lavfi", "-i", "color=#3366cc:s=64x48", "-frames:v", "1", file("card.png"));
  browser = await launchBrowser(["--autoplay-policy=no-user-gesture-required"]);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await removeFolder(files);
});
beforeEach(async () => {
  home = await temporaryFolder();
  app = await startApp(realEntry, { PLUME_HOME: join(home, "home"), PLUME_OUTPUT: join(home, "clips") });
  window = await openWindow(browser, app.url);
  page = window.page;
  await page.getByRole("navigation", { name: "Workspace" }).getByRole("button", { name: "Edit", exact: true }).click();
  await page.waitForSelector(".bin");
}, 240_000);
afterEach(async () => {
  const { offences } = window;
  await window.context.close();
  await app.stop();
  await removeFolder(home);
  expect(offences).toEqual([]);
});

const call = <T>(method: string, input: unknown): Promise<T> => askStudio(page, method, input);
const last = async (): Promise<ProjectSummary> => (await call<ProjectSummary[]>("projects.list", {}))[0]!;
const timeline = async (): Promise<Timeline> =>
  (await call<ProjectState>("projects.open", { id: (await last()).id })).document;
/** Clips of a track by name, in order. */
const track = async (name: string): Promise<string[]> =>
  laneOf((await timeline()).tracks.find((each) => each.name === name)!).placed.map(({ clip }) => clip.name);
/** Lengths of its clips in frames. */
async function lengths(name: string): Promise<number[]> {
  const { settings, tracks } = await timeline();
  return laneOf(tracks.find((each) => each.name === name)!).placed.map(({ clip }) =>
    Math.round(flicksToFrame(clip.sourceRange.duration, settings.rate)),
  );
}
async function goTo(timecode: string): Promise<void> {
  const field = page.getByLabel("Timecode of the playhead");
  await field.fill(timecode);
  await field.press("Enter");
  await page.getByRole("slider", { name: "Playhead" }).focus();
}
const cell = (name: string) => page.getByRole("gridcell", { name: new RegExp(`^${name}, video`) });
const item = (name: string) => page.locator(".bin").getByRole("option", { name });
const names = () => page.locator(".bin-item__name").allTextContents();
const keys = async (...presses: readonly string[]): Promise<void> => {
  for (const press of presses) await page.keyboard.press(press);
};

/** Lets go of a media of the bin over a track, at a place of the timeline in parts of its width. */
async function put(name: string, on: string, at: number): Promise<void> {
  const stage = (await page.locator(".timeline__stage").boundingBox())!;
  const row = (await page.getByRole("group", { name: `Track ${on}` }).boundingBox())!;
  const targetPosition = { x: 2 + at * stage.width, y: row.y + row.height / 2 - stage.y };
  await item(name).dragTo(page.locator(".timeline__stage"), { targetPosition });
}

test("from a drop of files over cuts, a transition and a title to a reload that shows the same", async () => {
  // In: by drop, by dialog, by paste.
  await dropFiles(page, [file("harbour.mp4")], ".bin");
  await eventually(names).toEqual(["harbour.mp4"]);
  const chooser = page.waitForEvent("filechooser");
  await keys("Control+i");
  await (await chooser).setFiles(file("dawn.mp4"));
  await eventually(names).toEqual(["dawn.mp4", "harbour.mp4"]);
  await window.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(40, 30);
    canvas.getContext("2d")!.fillRect(0, 0, 20, 30);
    await navigator.clipboard.write([new ClipboardItem({ "image/png": await canvas.convertToBlob() })]);
  });
  await keys("Control+v");
  await eventually(names).toEqual(["dawn.mp4", "harbour.mp4", "image.png"]);

  // The bin shows a poster, and the film under the pointer from left to right.
  const picture = item("dawn.mp4").locator(".bin-item__picture");
  await eventually(() =>
    picture.locator("img").evaluate((image: HTMLImageElement) => image.naturalWidth),
  ).toBeGreaterThan(0);
  await eventually(() => page.locator(".bin__work").count()).toBe(0);
  const place = async (share: number): Promise<string | undefined> => {
    const { x, y, width, height } = (await picture.boundingBox())!;
    await page.mouse.move(x + share * width, y + height / 2);
    await picture.locator(".bin-item__scrub").waitFor();
    return picture.locator(".bin-item__frame").evaluate((frame) => getComputedStyle(frame).backgroundPosition);
  };
  expect(new Set([await place(0.1), await place(0.5), await place(0.9)]).size).toBe(3);
  await page.mouse.move(2, 2);
  await eventually(() => picture.locator(".bin-item__scrub").count()).toBe(0);

  // Arranged: one behind the other, sound with its picture.
  await put("harbour.mp4", "V1", 0);
  await eventually(() => track("V1")).toEqual(["harbour.mp4"]);
  await keys("Backslash");
  const first = (await cell("harbour.mp4").boundingBox())!;
  const stage = (await page.locator(".timeline__stage").boundingBox())!;
  await put("dawn.mp4", "V1", (first.x + first.width - stage.x) / stage.width);
  await eventually(() => track("V1")).toEqual(["harbour.mp4", "dawn.mp4"]);
  expect(await track("A1")).toEqual(["harbour.mp4", "dawn.mp4"]);
  await page.getByRole("button", { name: /^Sort and filter/ }).click();
  await page.getByRole("menuitemradio", { name: "Not used" }).click();
  await eventually(names).toEqual(["image.png"]);

  // Trimmed on both sides of the cut, so that both have something to spare for a dissolve; then a title over them.
  await goTo("00:00:03:00");
  await cell("harbour.mp4").focus();
  await keys("w");
  await eventually(() => lengths("V1")).toEqual([72, 96]);
  await goTo("00:00:03:12");
  await cell("dawn.mp4").focus();
  await keys("q");
  await eventually(() => lengths("V1")).toEqual([72, 84]);
  expect(await lengths("A1")).toEqual([72, 84]);
  await goTo("00:00:03:00");
  await keys("Control+d");
  await eventually(async () => JSON.stringify(await timeline())).toContain('"type":"dissolve"');
  await goTo("00:00:01:00");
  await keys("Alt+t");
  await eventually(() => page.evaluate(() => document.activeElement?.matches("[data-title-text]"))).toBe(true);
  await page.keyboard.type("Morning");
  await keys("Escape");
  await eventually(() => track("T1")).toEqual(["Morning"]);

  // All of it undone and redone step by step, and again after a reload: the same.
  const made = await timeline();
  const { past } = await call<{ past: readonly string[] }>("projects.history", { id: (await last()).id });
  await page.getByRole("slider", { name: "Playhead" }).focus();
  for (const _ of past) await keys("Control+z");
  await eventually(async () => [await track("V1"), await track("A1"), await track("T1")]).toEqual([[], [], []]);
  for (const _ of past) await keys("Control+Shift+z");
  await eventually(async () => (await timeline()).tracks).toEqual(made.tracks);
  await page.reload();
  for (const name of ["harbour.mp4", "dawn.mp4"]) await cell(name).waitFor();
  await page.getByRole("gridcell", { name: /^Morning, text/ }).waitFor();
  expect(await timeline()).toEqual(made);
});

test("the viewer: whole frame or pixel for pixel, safe areas, shuttle both ways, a loop, and a meter that moves", async () => {
  await dropFiles(page, [file("harbour.mp4")], ".bin");
  await eventually(names).toEqual(["harbour.mp4"]);
  await put("harbour.mp4", "V1", 0);
  await eventually(() => track("V1")).toEqual(["harbour.mp4"]);
  const playhead = page.getByRole("slider", { name: "Playhead" });
  await playhead.focus();

  const frame = page.locator(".viewer__frame");
  const width = async (): Promise<number> => Math.round((await frame.boundingBox())!.width);
  const fitting = await width();
  await keys("Shift+Digit2");
  await eventually(width).toBe((await timeline()).settings.width);
  await keys("Shift+Digit1");
  await eventually(width).toBe(fitting);
  await keys("Shift+Digit3");
  await page.locator(".viewer__safe").waitFor();
  await keys("Shift+Digit3");
  await eventually(() => page.locator(".viewer__safe").count()).toBe(0);

  // Forward ever faster, and back; the playhead stands at the end, or at the start.
  const at = async (): Promise<number> => {
    const timecode = await page.getByLabel("Timecode of the playhead").inputValue();
    return timecode.split(":").reduce((sum, part, i) => sum * (i === 3 ? 24 : 60) + Number(part), 0);
  };
  await keys("Home", "l");
  await eventually(at).toBeGreaterThan(0);
  const meter = page.getByRole("meter", { name: "Loudness" });
  await eventually(() => meter.getAttribute("aria-valuetext")).toMatch(/decibels at the peak/);
  await keys("l");
  await eventually(() => page.locator(".transport__speed").textContent()).toMatch(/2/);
  await keys("k");
  const stood = await at();
  await keys("j");
  await eventually(at).toBeLessThan(stood);
  await keys("k");

  // Between in and out it goes round: it is seen behind where it was, without a hand on it.
  await goTo("00:00:01:00");
  await keys("i");
  await goTo("00:00:01:12");
  await keys("o");
  await keys("Shift+i", "Control+Shift+l", "Space");
  let rounds = 0;
  let before = -1;
  await eventually(async () => {
    const now = await at();
    if (now < before) rounds += 1;
    before = now;
    return rounds;
  }).toBeGreaterThan(0);
  await keys("k");
});
