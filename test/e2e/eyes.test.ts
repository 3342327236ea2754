/**
 * Media are looked at in the background and found by what they show; a clip is reframed to follow its subject, and the subject cut out: in
 * a real Chromium over the real studio, with the eyes that ship.
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ffmpeg, FILM, makeFilm, SQUARE, squareAt } from "../../main/studio/analyze/testing.ts";
import { findPreset } from "../../core/export/index.ts";
import { valueAt } from "../../core/timeline/animation.ts";
import type { Clip, Timeline } from "../../core/timeline/index.ts";
import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import {
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

vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 });
const patience = { timeout: 240_000 };
const entry = resolve(import.meta.dirname, "..", "..", "main", "shell-browser", "testing", "main-eyes.ts");

let browser: Browser;
let files = "";
let app: RunningApp;
let window: Window;
let page: Page;
const file = (name: string) => join(files, name);
const shot = async (name: string): Promise<void> => {
  const folder = process.env["PLUME_SHOTS"];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
};

beforeAll(async () => {
  files = await temporaryFolder();
  await makeFilm(file("IMG_0001.mp4"));
  await ffmpeg("-f", "lavfi", "-i", "color=c=0x1e3cdc:s=320x200:d=1", "-frames:v", "1", file("IMG_0002.png"));
  browser = await launchBrowser();
  const home = join(files, "home");
  app = await startApp(entry, { PLUME_HOME: home, PLUME_OUTPUT: join(files, "out") });
  window = await openWindow(browser, app.url);
  page = window.page;
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.waitForSelector(".bin");
});
afterAll(async () => {
  await window.context.close();
  expect(await app.stop()).toBe(0);
  expect(window.offences).toEqual([]);
  await browser.close();
  await removeFolder(files);
});

const drop = (names: readonly string[]): Promise<void> => dropFiles(page, names.map(file), ".bin");

/** Asks the studio as the window does. */
const call = <T>(method: string, input: unknown): Promise<T> => askStudio(page, method, input);
const names = () => page.locator(".bin-item__name").allTextContents();

test("what was dropped is found by what it shows", async () => {
  await drop(["IMG_0001.mp4", "IMG_0002.png"]);
  await expect.poll(names, patience).toEqual(["IMG_0001.mp4", "IMG_0002.png"]);
  const search = page.getByRole("searchbox");
  await search.fill("square");
  await expect.poll(names, patience).toEqual(["IMG_0001.mp4"]);
  await shot("search-square");
  await search.fill("blue");
  await expect.poll(names, patience).toEqual(["IMG_0002.png"]);
  await search.fill("red square");
  await expect.poll(names, patience).toEqual(["IMG_0001.mp4"]);
  expect(await page.locator(".bin-item").first().getAttribute("title")).toMatch(/Shows: .*square/);
  await search.fill("");
});

test("a clip follows its subject in a frame of another shape", async () => {
  const [project] = await call<{ id: string }[]>("projects.list", {});
  const { id } = project!;
  const open = async (): Promise<Timeline> => (await call<{ document: Timeline }>("projects.open", { id })).document;
  const document = await open();
  const film = Object.values(document.media).find(({ name }) => name === "IMG_0001.mp4")!;
  const track = document.tracks.find(({ kind }) => kind === "video")!;
  await call("projects.edit", { id, name: "setSettings", arguments: { width: 360, height: 640 } });
  await call("projects.edit", {
    id,
    name: "append",
    arguments: { clips: [{ track: track.id, clip: { media: film.id } }] },
  });
  const clipOf = async (): Promise<Clip> => {
    const clips = (await open()).tracks.flatMap(({ children }) => children);
    return clips.find((child): child is Clip => child.kind === "clip")!;
  };
  // Select everything, then through the palette, as a user does.
  await page
    .locator(".timeline")
    .first()
    .click({ position: { x: 300, y: 60 } })
    .catch(() => {});
  await page.keyboard.press("Control+KeyA");
  await page.keyboard.press("Control+KeyP");
  await page.keyboard.type("reframe");
  await shot("palette");
  await page.keyboard.press("Enter");
  await expect.poll(async () => typeof (await clipOf()).parameters.positionX, patience).toBe("object");
  await expect.poll(() => page.locator("body").textContent(), patience).toContain("follows its subject");
  await shot("reframed");
  const { parameters } = await clipOf();
  const crop = (FILM.height * 9) / 16 / FILM.width;
  const all = FILM.seconds * FILM.rate;
  let inside = 0;
  for (let frame = 0; frame < all; frame += 1) {
    const time = frame / FILM.rate;
    const centre = 0.5 - valueAt(parameters.positionX!, Math.round(time * FLICKS_PER_SECOND)) * crop;
    const left = squareAt(time) / FILM.width;
    if (left >= centre - crop / 2 && left + SQUARE / FILM.width <= centre + crop / 2) inside += 1;
  }
  expect(inside / all).toBeGreaterThanOrEqual(0.95);
});

test("the subject of a clip is cut out, and what is around it blurred: seen, undone, and exported as seen", async () => {
  const [project] = await call<{ id: string }[]>("projects.list", {});
  const { id } = project!;
  const open = async (): Promise<Timeline> => (await call<{ document: Timeline }>("projects.open", { id })).document;
  const clipOf = async (): Promise<Clip> =>
    (await open()).tracks.flatMap(({ children }) => children).find((child): child is Clip => child.kind === "clip")!;
  const clip = await clipOf();
  const settings = { width: FILM.width, height: FILM.height, background: "#00ff00" };
  await call("projects.edit", { id, name: "setSettings", arguments: settings });
  await call("projects.edit", {
    id,
    name: "resetParameter",
    arguments: { clips: [clip.id], parameters: ["positionX", "positionY", "scaleX", "scaleY"] },
  });
  await call("projects.edit", { id, name: "setSubject", arguments: { clips: [clip.id], subject: null } });
  await page.keyboard.press("Home");
  /** Colours of the viewer's picture in the square's middle, beside it, and far from it; in the film's pixels. */
  const seen = () =>
    page.evaluate(
      ([places, film]) => {
        const canvas = document.querySelector<HTMLCanvasElement>(".viewer__canvas")!;
        const context = canvas.getContext("2d")!;
        return places.map(([x, y]) => {
          const at = [
            Math.round((x / film.width) * canvas.width),
            Math.round((y / film.height) * canvas.height),
          ] as const;
          const [r = 0, g = 0, b = 0] = context.getImageData(...at, 1, 1).data;
          return r > 170 && g < 90 ? "red" : g > 200 && r < 60 && b < 60 ? "green" : "grey";
        });
      },
      [
        [
          [squareAt(0) + SQUARE / 2, 90],
          [squareAt(0) + SQUARE + 20, 90],
          [280, 20],
        ] as const,
        FILM,
      ] as const,
    );
  await expect.poll(seen, patience).toEqual(["red", "grey", "grey"]);
  const cell = page.getByRole("gridcell", { name: /^IMG_0001/ });
  const palette = async (words: string): Promise<void> => {
    // Whatever has the focus in the timeline is selected.
    await cell.focus();
    await page.keyboard.press("Control+KeyP");
    await page.keyboard.type(words);
    await page
      .getByRole("option", { name: new RegExp(words, "i") })
      .first()
      .click();
  };
  await palette("cut out the subject");
  await expect.poll(async () => (await clipOf()).subject?.background, patience).toBe("none");
  await expect.poll(seen, patience).toEqual(["red", "green", "green"]);
  const inspector = page.locator(".edit-inspector");
  await expect.poll(() => inspector.locator(".subject-state").textContent(), patience).toBe("square");
  await shot("cut-out");
  const file = `cut-${Date.now()}`;
  const { settings: preset } = findPreset("h264")!;
  const { job } = await call<{ job: string }>("exports.start", { project: id, name: file, settings: preset });
  const state = async () =>
    (await call<{ id: string; state: string }[]>("jobs.list", {})).find((each) => each.id === job);
  await expect.poll(async () => (await state())?.state, patience).toBe("done");
  const exported = join(files, "out", "Exports", `${file}.mp4`);
  await ffmpeg("-i", exported, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", join(files, "cut.raw"));
  const rgb = await readFile(join(files, "cut.raw"));
  const pixel = (x: number, y: number) => [...rgb.subarray(3 * (y * FILM.width + x), 3 * (y * FILM.width + x) + 3)];
  const [red, green] = [pixel(squareAt(0) + SQUARE / 2, 90), pixel(squareAt(0) + SQUARE + 20, 90)];
  expect(red[0]! - red[1]!).toBeGreaterThan(120);
  expect(green[1]! - green[0]!).toBeGreaterThan(180);
  await inspector.getByLabel("Effect", { exact: true }).selectOption("Blur the background");
  await expect.poll(seen, patience).toEqual(["red", "grey", "grey"]);
  await shot("blurred");
  await palette("show the whole picture again");
  await expect.poll(async () => "subject" in (await clipOf()), patience).toBe(false);
  for (const background of ["blur", "none", undefined]) {
    await cell.focus();
    await page.keyboard.press("Control+KeyZ");
    await expect.poll(async () => (await clipOf()).subject?.background, patience).toBe(background);
  }
});
