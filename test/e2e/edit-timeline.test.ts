/**
 * The timeline in a real Chromium, over a studio in memory with real projects on disk: arranging with the pointer, editing with the keyboard
 * alone, what is said to those who listen, and that a reload shows the same.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Input, Method, Output, ProjectState } from "../../core/contract/index.ts";
import { clipsOf, type EditArguments, type EditName, type Timeline } from "../../core/timeline/index.ts";
import { frames, show, trackId } from "../../core/timeline/testing/sample.ts";
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

vi.setConfig({ testTimeout: 240_000 });

/** Machines that test may be busy with other things. */
const eventually = <T>(get: () => T) => expect.poll(get, { timeout: 60_000 });

let browser: Browser;
let home = "";
let app: RunningApp;
let window: Window;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  home = await temporaryFolder();
  await mkdir(join(home, "projects"));
  app = await startApp(fakeEntry, {
    PLUME_HOME: home,
    PLUME_FAKE_STEP_MS: "10",
    PLUME_FAKE_PROJECTS: join(home, "projects"),
  });
  window = await openWindow(browser, app.url);
  page = window.page;
});
afterEach(async () => {
  await window.context.close();
  expect(await app.stop()).toBe(0);
  await removeFolder(home);
  expect(window.offences).toEqual([]);
});

/** Asks the studio as the page would. */
async function ask<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
  const reply = await page.evaluate(
    async ([name, body]) => {
      const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
      return (await fetch(`/api/${name}`, init)).json() as Promise<{
        ok: boolean;
        value: unknown;
        error?: { message: string };
      }>;
    },
    [method, JSON.stringify(input)] as const,
  );
  if (!reply.ok) throw new Error(reply.error?.message);
  return reply.value as Output<M>;
}

let project = "";
const state = (): Promise<ProjectState> => ask("projects.open", { id: project });
const track = async (name: string): Promise<string> => show((await state()).document, name);
const edit = <N extends EditName>(name: N, args: EditArguments<N>) =>
  ask("projects.edit", { id: project, name, arguments: args });

async function makeClip(prompt: string): Promise<void> {
  const done = page.locator('[data-tile][data-state="done"]');
  const before = await done.count();
  await page.fill("#prompt", prompt);
  await page.press("#prompt", "Enter");
  await eventually(() => done.count()).toBe(before + 1);
}

/** A project with clips a, b and c of 24 frames on V1, of one generated clip of at least 48. */
async function openThree(): Promise<Timeline> {
  await makeClip("rain");
  const { id, document } = await ask("projects.create", { name: "Test" });
  project = id;
  const [clip] = await ask("library.list", {});
  await ask("projects.useMedia", { id, media: [clip!.id] });
  const v1 = trackId(document, "V1");
  const clips = ["a", "b", "c"].map((name, i) => ({
    track: v1,
    offset: frames(24 * i),
    clip: { media: clip!.id, name, sourceRange: { start: frames(6), duration: frames(24) } },
  }));
  await edit("overwrite", { at: 0, clips, link: false });
  await page.reload();
  await openEdit();
  await eventually(() => cell("a").count()).toBe(1);
  // The whole timeline in the window, so that places can be pointed at.
  await page.keyboard.press("Backslash");
  return (await state()).document;
}

async function openEdit(): Promise<void> {
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByRole("grid", { name: "Clips" }).waitFor();
}

const cell = (name: string): Locator => page.getByRole("gridcell", { name: new RegExp(`^${name},`) });
const box = async (name: string) => (await cell(name).boundingBox())!;
const said = () => page.locator("output[aria-live]").first();

/** Drags with the pointer in small steps, as a hand does; `key` is pressed before letting go. */
async function drag(from: { x: number; y: number }, to: { x: number; y: number }, key?: string): Promise<void> {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 4 });
  await page.mouse.move(to.x, to.y, { steps: 4 });
  if (key !== undefined) await page.keyboard.press(key);
  await page.mouse.up();
}

test("arrange, trim, add a transition, undo and redo: a reload shows the same", async () => {
  await openThree();
  expect(await track("V1")).toBe("a 0+24@6, b 24+24@6, c 48+24@6");

  // c goes up to V2.
  const c = await box("c");
  const v2 = (await page.getByRole("group", { name: "Track V2" }).boundingBox())!;
  const middle = { x: c.x + c.width / 2, y: c.y + c.height * 0.75 };
  await drag(middle, { x: middle.x, y: v2.y + v2.height / 2 });
  await eventually(() => track("V2")).toBe("gap 48, c 48+24@6");
  await eventually(() => said().textContent()).toMatch(/Moved .*to V2/);

  // Its end is trimmed by half; Esc takes a second drag back as if it had never been.
  const onV2 = await box("c");
  const edge = { x: onV2.x + onV2.width - 2, y: onV2.y + onV2.height * 0.75 };
  await drag(edge, { x: onV2.x + onV2.width / 2, y: edge.y });
  await eventually(() => track("V2")).toBe("gap 48, c 48+12@6");
  const before = (await state()).steps.undo;
  const shorter = await box("c");
  const again = { x: shorter.x + shorter.width - 2, y: edge.y };
  await drag(again, { x: again.x - 40, y: edge.y }, "Escape");
  await eventually(async () => (await state()).steps.undo).toBe(before);
  expect(await track("V2")).toBe("gap 48, c 48+12@6");

  // The cut between a and b is rolled, then a dissolve lies on it.
  const b = await box("b");
  const frame = b.width / 24;
  await drag({ x: b.x, y: b.y + b.height * 0.75 }, { x: b.x + frame * 4, y: b.y + b.height * 0.75 });
  await eventually(() => track("V1")).toBe("a 0+28@6, b 28+20@10");
  await page.mouse.click(b.x - frame * 8, b.y + b.height * 0.75);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Control+d");
  await eventually(() => track("V1")).toMatch(/^a 0\+28@6, dissolve 6\|6, b 28\+20@10$/);

  const whole = [await track("V1"), await track("V2")];
  for (let n = 0; n < 4; n++) await page.keyboard.press("Control+z");
  await eventually(() => track("V1")).toBe("a 0+24@6, b 24+24@6, c 48+24@6");
  for (let n = 0; n < 4; n++) await page.keyboard.press("Control+Shift+z");
  await eventually(async () => [await track("V1"), await track("V2")]).toEqual(whole);

  // The history tells the steps, and a click goes to one.
  await page.keyboard.press("Control+h");
  const history = page.getByRole("region", { name: "History" });
  await history.getByRole("button", { name: "Add transition ‘a’" }).waitFor();
  expect(await history.getByRole("button", { name: /^(Overwrite|Move|Trim|Roll|Add transition)/ }).count()).toBe(5);
  await history.getByRole("button", { name: "Move ‘c’" }).click();
  await eventually(() => track("V2")).toBe("gap 48, c 48+24@6");
  await history.getByRole("button", { name: /^Add transition/ }).click();
  await eventually(async () => [await track("V1"), await track("V2")]).toEqual(whole);

  await page.reload();
  await page.getByRole("grid", { name: "Clips" }).waitFor();
  await eventually(() => cell("c").getAttribute("aria-label")).toBe("c, video, 00:00:02:00 to 00:00:02:12, generated");
  expect([await track("V1"), await track("V2")]).toEqual(whole);
});

test("media are dragged from the bin to the timeline: over what is there, or with Ctrl between", async () => {
  await openThree();
  const item = page.locator(".bin [draggable='true']").first();
  const b = await box("b");
  const stage = (await page.locator(".timeline__stage").boundingBox())!;
  const v1 = { x: b.x + 1 - stage.x, y: b.y + b.height / 2 - stage.y };
  await item.dragTo(page.locator(".timeline__stage"), { targetPosition: v1 });
  await eventually(() => track("V1")).toMatch(/^a 0\+24@6, [^,]+ 24\+\d+@0/);
  const length = Number(/24\+(\d+)@0/.exec(await track("V1"))![1]);
  expect(length).toBeGreaterThan(24);
});

test("everything can be done with the keyboard alone, and is spoken", async () => {
  await openThree();
  const keys = async (...presses: string[]) => {
    for (const press of presses) await page.keyboard.press(press);
  };
  await cell("a").focus();
  await keys("ArrowRight");
  await eventually(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toMatch(/^b, video/);
  expect(await cell("b").getAttribute("aria-selected")).toBe("true");

  await keys("Shift+Alt+ArrowLeft", "Shift+Alt+ArrowLeft", "Shift+Alt+ArrowLeft");
  await eventually(() => track("V1")).toBe("a 0+24@6, b 24+21@6, gap 3, c 48+24@6");
  await eventually(() => said().textContent()).toBe("Trimmed end by 1 frame.");
  // The slip tool chosen, the nudge slips.
  await keys("y", "Alt+ArrowRight", "v");
  await eventually(() => track("V1")).toBe("a 0+24@6, b 24+21@7, gap 3, c 48+24@6");
  await keys("Alt+ArrowUp");
  await eventually(() => track("V2")).toBe("gap 24, b 24+21@7");
  await keys("Alt+ArrowRight", "Alt+ArrowRight");
  await eventually(() => track("V2")).toBe("gap 26, b 26+21@7");

  // The playhead is a slider; splitting, deleting with the gap closed, copying.
  await page.getByRole("slider", { name: "Playhead" }).focus();
  await keys("Home", "PageUp", "ArrowRight", "ArrowRight");
  expect(await page.getByRole("slider", { name: "Playhead" }).getAttribute("aria-valuetext")).toBe("00:00:00:12");
  await keys("Escape", "Control+k");
  await eventually(() => track("V1")).toBe("a 0+12@6, a 12+12@18, gap 24, c 48+24@6");
  await keys("d", "Control+c", "End", "Control+v");
  await eventually(() => track("V1")).toBe("a 0+12@6, a 12+12@18, gap 24, c 48+24@6, a 72+12@18");
  await keys("Home", "d", "Shift+Delete");
  await eventually(() => track("V1")).toMatch(/^a 0\+12@18/);
  await keys("Control+z");

  // A marker, a track, and the palette for what has no key.
  await keys("m");
  await eventually(async () => (await state()).document.markers.length).toBe(1);
  await keys("Control+p");
  await page.keyboard.type("add sound track");
  await keys("Enter");
  await eventually(async () => (await state()).document.tracks.some(({ name }) => name === "A3")).toBe(true);
  await eventually(() => said().textContent()).toBe("Track A3 added.");

  // Enter opens the clip's menu, and focus comes back to the clip.
  await cell("c").focus();
  await keys("Enter");
  await page.getByRole("menuitem", { name: /^Enable or disable/ }).focus();
  await keys("Enter");
  await eventually(async () => [...clipsOf((await state()).document)].find(({ name }) => name === "c")?.enabled).toBe(
    false,
  );
  await eventually(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toMatch(
    /^c, .*disabled/,
  );
});

/** The clip that is none of those that were there. */
const made = () =>
  state().then(({ document }) => [...clipsOf(document)].find(({ name }) => !["a", "b", "c"].includes(name))!);

test("G makes a clip in the gap: a promise at once, the clip when it is done", async () => {
  await openThree();
  await cell("b").focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Delete");
  await eventually(() => track("V1")).toBe("a 0+24@6, gap 24, c 48+24@6");
  const [a, c] = [await box("a"), await box("c")];
  await page.mouse.click((a.x + a.width + c.x) / 2, a.y + a.height / 2);
  await page.keyboard.press("g");
  const sheet = page.getByRole("dialog", { name: "Generate here" });
  await sheet.getByLabel("Describe the clip").fill("blue bubbles");
  await page.keyboard.press("Enter");
  await eventually(() => track("V1")).toMatch(/^a 0\+24@6, .+ 24\+24@0, c 48\+24@6$/);
  await eventually(async () => {
    const { content } = await made();
    return content.type === "media" && content.takes[0]!.media !== null;
  }).toBe(true);
  await eventually(async () => cell((await made()).name).getAttribute("aria-label")).toMatch(/generated/);
});

test("keys can be changed, a taken one is told, and it lasts", async () => {
  await openThree();
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.getByLabel("Find a shortcut").fill("split at playhead");
  await sheet.getByRole("button", { name: "Change the key of Split at playhead" }).click();
  await page.keyboard.press("v");
  await sheet.getByText("V is Select tool.").waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.getByRole("slider", { name: "Playhead" }).focus();
  await page.keyboard.press("PageUp");
  await page.keyboard.press("v");
  await eventually(() => track("V1")).toBe("a 0+10@6, a 10+14@16, b 24+24@6, c 48+24@6");
  await page.reload();
  await page.getByRole("grid", { name: "Clips" }).waitFor();
  await cell("a").first().waitFor({ state: "attached" });
  await page.getByRole("slider", { name: "Playhead" }).focus();
  await page.keyboard.press("End");
  await page.keyboard.press("PageDown");
  await page.keyboard.press("v");
  await eventually(() => track("V1")).toMatch(/c 48\+14@6, c 62\+10@20$/);
});

// The bin's items say their facts in other words than they show.
const axe = (...without: string[]) => accessibilityProblems(page, ["label-content-name-mismatch", ...without]);

test("nothing in Edit is in the way of assistive technology, in any theme", async () => {
  const states: Record<string, string[]> = {};
  await openEdit();
  states["empty"] = await axe();
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await openThree();
  await cell("b").focus();
  await page.keyboard.press("ArrowRight");
  states["full"] = await axe();
  await page.keyboard.press("Control+h");
  await page
    .getByRole("region", { name: "History" })
    .getByText("Overwrite 3 clips")
    .or(page.getByText("As it was opened"))
    .first()
    .waitFor();
  states["history"] = await axe();
  await page.keyboard.press("Control+h");
  await page.keyboard.press("Control+p");
  states["palette"] = await axe();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  states["shortcuts"] = await axe();
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  states["generate"] = await axe();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "More about A1" }).click();
  // A menu lies over all landmarks, in none of them.
  states["track menu"] = await axe("region");
  await page.keyboard.press("Escape");
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  await cell("b").focus();
  // The system's own colours are painted over those that axe reads.
  states["forced colours"] = await axe("color-contrast");
  await page.emulateMedia({ forcedColors: "none", reducedMotion: null });
  await page.setViewportSize({ width: 720, height: 450 });
  states["200 % zoom"] = await axe();
  expect(states).toEqual(Object.fromEntries(Object.keys(states).map((name) => [name, []])));
});
