/**
 * The viewer and the inspector over real media in a real Chromium: a title is added, written, styled and seen; a clip is moved by hand and by
 * keyframes; a source gives a stretch; a file that is gone says so.
 */
import { execFileSync } from "node:child_process";
import { globSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { FRAME_RATES, frameToFlicks } from "../../core/time/index.ts";
import { type Clip, laneOf, type Timeline } from "../../core/timeline/index.ts";
import { eventually } from "./edit-page.ts";
import {
  accessibilityProblems,
  askStudio,
  launchBrowser,
  openWindow,
  realEntry,
  removeFolder,
  type RunningApp,
  startApp,
  temporaryFolder,
  uploadFile,
  type Window,
} from "./harness.ts";

vi.setConfig({ testTimeout: 300_000 });
const rate = FRAME_RATES["25"];
const frames = (count: number): number => frameToFlicks(count, rate);

let browser: Browser;
let files = "";
let app: RunningApp;
let window: Window;
let page: Page;
let project = "";
let home = "";
let film = "";

const call = <T>(method: string, input: unknown): Promise<T> => askStudio(page, method, input);
const timeline = async (): Promise<Timeline> =>
  (await call<{ document: Timeline }>("projects.open", { id: project })).document;
async function clip(name: string): Promise<Clip> {
  for (const track of (await timeline()).tracks)
    for (const item of laneOf(track).placed) if (item.clip.name === name) return item.clip;
  throw new Error(`There is no clip ${name}.`);
}
const past = async (): Promise<string[]> => (await call<{ past: string[] }>("projects.history", { id: project })).past;

/** Colour of the viewer's picture at a place, in parts of its width and height. */
async function colourAt(x: number, y: number): Promise<string> {
  const [red, , blue] = await pixelAt(x, y);
  if (red! < 20 && blue! < 20) return "black";
  return red! > 150 && blue! < 90 ? "red" : blue! > 150 && red! < 90 ? "blue" : "other";
}
const pixelAt = (x: number, y: number): Promise<number[]> =>
  page.evaluate(
    ([u, v]) => {
      const canvas = document.querySelector<HTMLCanvasElement>(".viewer__canvas")!;
      const small = new OffscreenCanvas(canvas.width, canvas.height);
      const context = small.getContext("2d", { willReadFrequently: true })!;
      context.drawImage(canvas, 0, 0);
      const place = [Math.floor(u * (canvas.width - 1)), Math.floor(v * (canvas.height - 1))] as const;
      return Array.from(context.getImageData(place[0], place[1], 1, 1).data.subarray(0, 3));
    },
    [x, y] as const,
  );
/** How much of a part of the picture is nearly white. */
const whiteness = (): Promise<number> =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".viewer__canvas")!;
    const small = new OffscreenCanvas(canvas.width, canvas.height);
    const context = small.getContext("2d", { willReadFrequently: true })!;
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let white = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i]! > 230 && data[i + 1]! > 230 && data[i + 2]! > 230) white++;
    return white / (data.length / 4);
  });

async function goTo(timecode: string): Promise<void> {
  const field = page.getByLabel("Timecode of the playhead");
  await field.fill(timecode);
  await field.press("Enter");
}
async function frameBox() {
  const box = await page.locator(".viewer__frame").boundingBox();
  if (box === null) throw new Error("There is no frame.");
  return box;
}

beforeAll(async () => {
  files = await temporaryFolder();
  // Red on the left, blue on the right.
  const halves = "color=#c81e1e:s=640x360:r=25:d=4,drawbox=x=320:c=#1e1ec8:t=fill";
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"];
  const input = ["-f", "lavfi", "-i", halves, "-f", "lavfi", "-i", "sine=f=330:d=4"];
  execFileSync("ffmpeg", ["-v", "error", "-y", ...input, ...codecs, join(files, "halves.mp4")]);
  browser = await launchBrowser(["--autoplay-policy=no-user-gesture-required"]);
});
afterAll(async () => {
  await browser?.close();
  await removeFolder(files);
});
beforeEach(async () => {
  home = await temporaryFolder();
  app = await startApp(realEntry, { PLUME_HOME: join(home, "home"), PLUME_OUTPUT: join(home, "clips") });
  window = await openWindow(browser, app.url);
  page = window.page;
  film = await uploadFile(page, join(files, "halves.mp4"));
  const state = await call<{ id: string; document: Timeline }>("projects.create", {
    name: "Halves",
    settings: { rate, width: 640, height: 360 },
  });
  project = state.id;
  await call("projects.useMedia", { id: project, media: [film] });
  const track = state.document.tracks.find(({ name }) => name === "V1")!.id;
  const placed = { at: 0, clips: [{ track, clip: { media: film, name: "halves" } }] };
  await call("projects.edit", { id: project, name: "overwrite", arguments: placed });
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.waitForSelector(".viewer__canvas");
  await eventually(() => colourAt(0.2, 0.5)).toBe("red");
});
afterEach(async () => {
  const { offences } = window;
  await window.context.close();
  await app.stop();
  await removeFolder(home);
  expect(offences).toEqual([]);
});

describe("titles", () => {
  test("one is added, written, styled, animated and seen; undo takes it back step by step", async () => {
    await goTo("00:00:01:00");
    await page.getByRole("button", { name: /^Add a title/ }).click();
    const text = page.getByRole("textbox", { name: "Text", exact: true });
    await eventually(() => text.evaluate((field) => field === document.activeElement)).toBe(true);
    await page.keyboard.type("WIDE");
    await page.getByLabel("Size, %").fill("60");
    await page.getByLabel("Size, %").press("Enter");
    await eventually(whiteness).toBeGreaterThan(0.08);
    await page.getByLabel("Font", { exact: true }).selectOption("JetBrains Mono");
    await page.getByRole("button", { name: "Italic" }).click();
    await page.getByText("Outline, shadow, box").click();
    await page.getByLabel("Box", { exact: true }).check();
    await page.getByLabel("In", { exact: true }).first().selectOption("rise");
    await eventually(() => clip("WIDE")).toMatchObject({
      fadeIn: 352_800_000,
      content: {
        type: "text",
        style: {
          text: "WIDE",
          size: 0.6,
          font: "JetBrains Mono",
          italic: true,
          enter: "rise",
          box: { padding: 0.35 },
        },
      },
    });
    // At the title's begin it has not come yet.
    await eventually(whiteness).toBeLessThan(0.01);
    expect(await past()).toEqual([
      "Overwrite ‘halves’",
      "Add title ‘Title’",
      "Change text ‘Title’",
      "Set values ‘WIDE’",
      ...Array.from({ length: 3 }, () => "Change text ‘WIDE’"),
      "Change clip ‘WIDE’",
    ]);
    // Typing was one step, however many letters.
    for (let i = 0; i < 6; i++) await page.keyboard.press("Control+z");
    await eventually(() => clip("Title")).toMatchObject({ content: { style: { text: "Title", size: 0.09 } } });
    expect(await accessibilityProblems(page)).toEqual([]);

    // Its values move: from a small letter to a large one, and what is seen is that of the moment.
    await page.getByLabel("Size, %").fill("10");
    await page.getByLabel("Size, %").press("Enter");
    await page.getByRole("button", { name: "Set a keyframe of size" }).click();
    await goTo("00:00:02:00");
    await page.getByLabel("Size, %").fill("70");
    await page.getByLabel("Size, %").press("Enter");
    await eventually(async () => (await clip("Title")).parameters.textSize).toEqual({
      keyframes: [
        { time: 0, value: 0.1, easing: { type: "linear" } },
        { time: frames(25), value: 0.7, easing: { type: "linear" } },
      ],
    });
    await eventually(whiteness).toBeGreaterThan(0.08);
    await page.getByRole("button", { name: "Previous keyframe of size" }).click();
    await eventually(whiteness).toBeLessThan(0.03);
    await page.getByRole("button", { name: "Reset size" }).click();
    await eventually(async () => (await clip("Title")).parameters).toEqual({});
  });
});

describe("hands on the picture", () => {
  test("a click selects, a drag moves, comes to rest in the middle and is one step; Esc leaves all as it was", async () => {
    const box = await frameBox();
    const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
    await page.mouse.click(...at(0.5, 0.5));
    await eventually(() => page.getByRole("heading", { name: "halves" }).count()).toBe(1);
    await page.mouse.move(...at(0.3, 0.5));
    await page.mouse.down();
    await page.mouse.move(...at(0.4, 0.5), { steps: 4 });
    await page.mouse.move(...at(0.7, 0.501), { steps: 4 });
    await page.mouse.up();
    await eventually(async () => (await clip("halves")).parameters).toEqual({ positionX: expect.closeTo(0.4, 2) });
    await eventually(() => colourAt(0.1, 0.5)).toBe("black");
    expect(await past()).toEqual([expect.stringContaining("Overwrite"), "Set values ‘halves’"]);
    await page.mouse.move(...at(0.7, 0.5));
    await page.mouse.down();
    await page.mouse.move(...at(0.5, 0.2), { steps: 5 });
    await page.keyboard.press("Escape");
    await page.mouse.up();
    await eventually(async () => (await clip("halves")).parameters).toEqual({ positionX: expect.closeTo(0.4, 2) });
    expect(await past()).toHaveLength(2);
    // Back to the middle, a few pixels beside it: it comes to rest.
    await page.mouse.move(...at(0.7, 0.5));
    await page.mouse.down();
    await page.mouse.move(...at(0.4, 0.5), { steps: 4 });
    await page.mouse.move(...at(0.305, 0.503), { steps: 4 });
    await page.mouse.up();
    await eventually(async () => (await clip("halves")).parameters).toEqual({});
    // The knob turns it by a right angle, a few degrees short of which it comes to rest; a corner makes it half as large.
    const knob = (await page.locator(".handles__knob").boundingBox())!;
    const [middleX, middleY] = at(0.5, 0.5);
    const [x, y] = [knob.x + knob.width / 2, knob.y + knob.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(middleX + 60, middleY - 60, { steps: 4 });
    await page.mouse.move(middleX + (middleY - y), middleY - 3, { steps: 4 });
    await page.mouse.up();
    await eventually(async () => (await clip("halves")).parameters).toEqual({ rotation: 90 });
    await page.keyboard.press("Control+z");
    await eventually(async () => (await clip("halves")).parameters).toEqual({});
    const corner = (await page.locator(".handles__grip").nth(4).boundingBox())!;
    const from = [corner.x + corner.width / 2, corner.y + corner.height / 2] as const;
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move((from[0] + middleX) / 2, (from[1] + middleY) / 2, { steps: 6 });
    await page.mouse.up();
    await eventually(async () => (await clip("halves")).parameters).toEqual({
      scaleX: expect.closeTo(0.5, 1),
      scaleY: expect.closeTo(0.5, 1),
    });
    expect(await past()).toHaveLength(4);
  });
});

describe("values", () => {
  test("keyframes move a clip: set at two times, seen between them, eased, gone with undo", async () => {
    const box = await frameBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await goTo("00:00:00:00");
    await page.getByRole("button", { name: "Set a keyframe of position x" }).click();
    await goTo("00:00:02:00");
    const field = page.getByLabel("Position X, px");
    await field.fill("640");
    await field.press("Enter");
    await eventually(async () => (await clip("halves")).parameters).toMatchObject({
      positionX: {
        keyframes: [
          { time: 0, value: 0 },
          { time: frames(50), value: 1 },
        ],
      },
    });
    await eventually(() => colourAt(0.5, 0.5)).toBe("black");
    await goTo("00:00:01:00");
    // Half of the way: the picture's left edge stands in the middle of the frame.
    await eventually(() => colourAt(0.55, 0.5)).toBe("red");
    await eventually(() => colourAt(0.45, 0.5)).toBe("black");
    await page.getByLabel("Easing of position x after the keyframe").selectOption("hold");
    await eventually(() => colourAt(0.45, 0.5)).toBe("red");
    await page.getByRole("button", { name: "Next keyframe of position x" }).click();
    await eventually(() => page.getByLabel("Timecode of the playhead").inputValue()).toBe("00:00:02:00");
    await page.getByRole("button", { name: "Reset position x" }).click();
    await eventually(async () => (await clip("halves")).parameters).toEqual({});
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  test("a slider that is held is one step, and project settings change while nothing is selected", async () => {
    const box = await frameBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    const thumb = page.getByRole("slider", { name: "Opacity" });
    const place = (await thumb.boundingBox())!;
    await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
    await page.mouse.down();
    await page.mouse.move(place.x - 20, place.y + 5, { steps: 6 });
    await page.mouse.move(place.x - 40, place.y + 5, { steps: 6 });
    await page.mouse.up();
    await eventually(async () => (await clip("halves")).parameters.opacity as number).toBeLessThan(0.7);
    expect(await past()).toEqual([expect.stringContaining("Overwrite"), "Set values ‘halves’"]);
    await page.mouse.click(box.x + 2, box.y - 6);
    await page.keyboard.press("Escape");
    await page.getByLabel("Format", { exact: true }).selectOption("1080×1920");
    await eventually(async () => (await timeline()).settings).toMatchObject({ width: 1080, height: 1920 });
    await eventually(async () => (await frameBox()).height / (await frameBox()).width).toBeCloseTo(16 / 9, 1);
  });
});

test("a speed that moves: set at two times, the clip keeps its length", async () => {
  const box = await frameBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await page.locator("summary", { hasText: "Speed" }).click();
  await page.getByRole("button", { name: "Set a keyframe of speed" }).click();
  await goTo("00:00:02:00");
  const field = page.getByLabel("Speed, %");
  await field.fill("50");
  await field.press("Enter");
  await eventually(async () => (await clip("halves")).parameters).toMatchObject({
    speed: {
      keyframes: [
        { time: 0, value: 1 },
        { time: frames(50), value: 0.5 },
      ],
    },
  });
  expect((await clip("halves")).sourceRange.duration).toBe(frames(100));
});

test("it plays with sound, and says how that goes", async () => {
  await page.keyboard.press("Control+Alt+d");
  await page.keyboard.press("Space");
  await eventually(async () =>
    Number.parseInt(await page.locator(".viewer__stats dd").nth(1).innerText(), 10),
  ).toBeGreaterThan(10);
  await page.keyboard.press("k");
  const stopped = await page.getByLabel("Timecode of the playhead").inputValue();
  expect(stopped).not.toBe("00:00:00:00");
});

test("a source gives a stretch between its own marks", async () => {
  await page.locator(".bin-item").first().dblclick();
  await page.getByRole("button", { name: "halves.mp4" }).first().waitFor();
  await page.locator(".viewer__canvas").waitFor();
  await goTo("00:00:01:00");
  await page.keyboard.press("i");
  await goTo("00:00:01:24");
  await page.keyboard.press("o");
  await eventually(() => page.locator(".transport__duration").innerText()).toContain("00:00:01:00");
  await page.getByRole("button", { name: /^Insert from the source/ }).click();
  await eventually(async () =>
    (await timeline()).tracks.flatMap((track) => laneOf(track).placed.map(({ clip: { sourceRange } }) => sourceRange)),
  ).toContainEqual({ start: frames(25), duration: frames(25) });
  // What is exported is the timeline, whatever was looked at in Edit.
  const [tabs, header] = [page.locator(".viewer__tabs"), page.locator("header")];
  await header.getByText("Export", { exact: true }).click();
  await eventually(() => tabs.innerText()).toBe("Timeline");
  await header.getByText("Edit", { exact: true }).click();
  await eventually(() => tabs.innerText()).toContain("halves.mp4");
});

test("a file that is gone is hatched in its place with its name, and is back when it is back", async () => {
  const [kept] = globSync(join(home, "**", "*.data"));
  renameSync(kept!, `${kept}.gone`);
  await page.reload();
  await page.waitForSelector(".viewer__canvas");
  await eventually(() => page.locator(".viewer__problems").innerText()).toContain("halves.mp4");
  expect(await page.locator(".viewer__missing polygon").count()).toBe(1);
  renameSync(`${kept}.gone`, kept!);
  await page.reload();
  await page.waitForSelector(".viewer__canvas");
  await eventually(() => colourAt(0.2, 0.5)).toBe("red");
  expect(await page.locator(".viewer__problems").count()).toBe(0);
});
