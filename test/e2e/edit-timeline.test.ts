/**
 * The timeline in a real Chromium, over a studio in memory with real projects on disk: arranging with the pointer, editing with the keyboard
 * alone, what is said to those who listen, and that a reload shows the same.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { clipsOf } from "../../core/timeline/index.ts";
import { EditPage, eventually } from "./edit-page.ts";
import { accessibilityProblems, launchBrowser } from "./harness.ts";

vi.setConfig({ testTimeout: 240_000 });

let browser: Browser;
let editor: EditPage;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  editor = await EditPage.open(browser);
  page = editor.page;
});
afterEach(() => editor.close());

test("arrange, trim, add a transition, undo and redo: a reload shows the same", async () => {
  await editor.openThree();
  expect(await editor.track("V1")).toBe("a 0+24@6, b 24+24@6, c 48+24@6");

  // c goes up to V2.
  const c = await editor.box("c");
  const v2 = (await page.getByRole("group", { name: "Track V2" }).boundingBox())!;
  const middle = { x: c.x + c.width / 2, y: c.y + c.height * 0.75 };
  await editor.drag(middle, { x: middle.x, y: v2.y + v2.height / 2 });
  await eventually(() => editor.track("V2")).toBe("gap 48, c 48+24@6");
  await eventually(() => editor.said().textContent()).toMatch(/Moved .*to V2/);

  // Its end is trimmed by half; Esc takes a second drag back as if it had never been.
  const onV2 = await editor.box("c");
  const edge = { x: onV2.x + onV2.width - 2, y: onV2.y + onV2.height * 0.75 };
  await editor.drag(edge, { x: onV2.x + onV2.width / 2, y: edge.y });
  await eventually(() => editor.track("V2")).toBe("gap 48, c 48+12@6");
  const before = (await editor.state()).steps.undo;
  const shorter = await editor.box("c");
  const again = { x: shorter.x + shorter.width - 2, y: edge.y };
  await editor.drag(again, { x: again.x - 40, y: edge.y }, { last: "Escape" });
  await eventually(async () => (await editor.state()).steps.undo).toBe(before);
  expect(await editor.track("V2")).toBe("gap 48, c 48+12@6");

  // The cut between a and b is rolled, then a dissolve lies on it.
  const b = await editor.box("b");
  const frame = b.width / 24;
  await editor.drag({ x: b.x, y: b.y + b.height * 0.75 }, { x: b.x + frame * 4, y: b.y + b.height * 0.75 });
  await eventually(() => editor.track("V1")).toBe("a 0+28@6, b 28+20@10");
  await page.mouse.click(b.x - frame * 8, b.y + b.height * 0.75);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Control+d");
  await eventually(() => editor.track("V1")).toMatch(/^a 0\+28@6, dissolve 6\|6, b 28\+20@10$/);

  const whole = [await editor.track("V1"), await editor.track("V2")];
  for (let n = 0; n < 4; n++) await page.keyboard.press("Control+z");
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, b 24+24@6, c 48+24@6");
  for (let n = 0; n < 4; n++) await page.keyboard.press("Control+Shift+z");
  await eventually(async () => [await editor.track("V1"), await editor.track("V2")]).toEqual(whole);

  // The history tells the steps, and a click goes to one.
  await page.keyboard.press("Control+h");
  const history = page.getByRole("region", { name: "History" });
  await history.getByRole("button", { name: "Add transition ‘a’" }).waitFor();
  expect(await history.getByRole("button", { name: /^(Overwrite|Move|Trim|Roll|Add transition)/ }).count()).toBe(5);
  await history.getByRole("button", { name: "Move ‘c’" }).click();
  await eventually(() => editor.track("V2")).toBe("gap 48, c 48+24@6");
  await history.getByRole("button", { name: /^Add transition/ }).click();
  await eventually(async () => [await editor.track("V1"), await editor.track("V2")]).toEqual(whole);

  await page.reload();
  await page.getByRole("grid", { name: "Clips" }).waitFor();
  await eventually(() => editor.cell("c").getAttribute("aria-label")).toBe(
    "c, video, 00:00:02:00 to 00:00:02:12, generated",
  );
  expect([await editor.track("V1"), await editor.track("V2")]).toEqual(whole);
});

test("media are dragged from the bin to the timeline: over what is there, or with Ctrl between", async () => {
  await editor.openThree();
  const item = page.locator(".bin [draggable='true']").first();
  const b = await editor.box("b");
  const stage = (await page.locator(".timeline__stage").boundingBox())!;
  const v1 = { x: b.x + 1 - stage.x, y: b.y + b.height / 2 - stage.y };
  await item.dragTo(page.locator(".timeline__stage"), { targetPosition: v1 });
  await eventually(() => editor.track("V1")).toMatch(/^a 0\+24@6, [^,]+ 24\+\d+@0/);
  const length = Number(/24\+(\d+)@0/.exec(await editor.track("V1"))![1]);
  expect(length).toBeGreaterThan(24);
});

test("everything can be done with the keyboard alone, and is spoken", async () => {
  await editor.openThree();
  const keys = async (...presses: string[]) => {
    for (const press of presses) await page.keyboard.press(press);
  };
  await editor.cell("a").focus();
  await keys("ArrowRight");
  await eventually(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toMatch(/^b, video/);
  expect(await editor.cell("b").getAttribute("aria-selected")).toBe("true");

  await keys("Shift+Alt+ArrowLeft", "Shift+Alt+ArrowLeft", "Shift+Alt+ArrowLeft");
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, b 24+21@6, gap 3, c 48+24@6");
  await eventually(() => editor.said().textContent()).toBe("Trimmed end by 1 frame.");
  // The slip tool chosen, the nudge slips.
  await keys("y", "Alt+ArrowRight", "v");
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, b 24+21@7, gap 3, c 48+24@6");
  await keys("Alt+ArrowUp");
  await eventually(() => editor.track("V2")).toBe("gap 24, b 24+21@7");
  await keys("Alt+ArrowRight", "Alt+ArrowRight");
  await eventually(() => editor.track("V2")).toBe("gap 26, b 26+21@7");

  // The playhead is a slider; splitting, deleting with the gap closed, copying.
  await page.getByRole("slider", { name: "Playhead" }).focus();
  await keys("Home", "PageUp", "ArrowRight", "ArrowRight");
  expect(await page.getByRole("slider", { name: "Playhead" }).getAttribute("aria-valuetext")).toBe("00:00:00:12");
  await keys("Escape", "Control+k");
  await eventually(() => editor.track("V1")).toBe("a 0+12@6, a 12+12@18, gap 24, c 48+24@6");
  await keys("d", "Control+c", "End", "Control+v");
  await eventually(() => editor.track("V1")).toBe("a 0+12@6, a 12+12@18, gap 24, c 48+24@6, a 72+12@18");
  await keys("Home", "d", "Shift+Delete");
  await eventually(() => editor.track("V1")).toMatch(/^a 0\+12@18/);
  await keys("Control+z");

  // A marker, a track, and the palette for what has no key.
  await keys("m");
  await eventually(async () => (await editor.state()).document.markers.length).toBe(1);
  await keys("Control+p");
  await page.keyboard.type("add sound track");
  await keys("Enter");
  await eventually(async () => (await editor.state()).document.tracks.some(({ name }) => name === "A3")).toBe(true);
  await eventually(() => editor.said().textContent()).toBe("Track A3 added.");

  // Enter opens the clip's menu, and focus comes back to the clip.
  await editor.cell("c").focus();
  await keys("Enter");
  await page.getByRole("menuitem", { name: /^Enable or disable/ }).focus();
  await keys("Enter");
  await eventually(
    async () => [...clipsOf((await editor.state()).document)].find(({ name }) => name === "c")?.enabled,
  ).toBe(false);
  await eventually(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toMatch(
    /^c, .*disabled/,
  );
});

/** The clip that is none of those that were there. */
const made = () =>
  editor.state().then(({ document }) => [...clipsOf(document)].find(({ name }) => !["a", "b", "c"].includes(name))!);

test("G makes a clip in the gap: a promise at once, the clip when it is done", async () => {
  await editor.openThree();
  await editor.cell("b").focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Delete");
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, gap 24, c 48+24@6");
  const [a, c] = [await editor.box("a"), await editor.box("c")];
  await page.mouse.click((a.x + a.width + c.x) / 2, a.y + a.height / 2);
  await page.keyboard.press("g");
  const sheet = page.getByRole("dialog", { name: "Generate here" });
  await sheet.getByLabel("Describe the clip").fill("blue bubbles");
  await page.keyboard.press("Enter");
  await eventually(() => editor.track("V1")).toMatch(/^a 0\+24@6, .+ 24\+24@0, c 48\+24@6$/);
  await eventually(async () => {
    const { content } = await made();
    return content.type === "media" && content.takes[0]!.media !== null;
  }).toBe(true);
  await eventually(async () => editor.cell((await made()).name).getAttribute("aria-label")).toMatch(/generated/);
});

test("keys can be changed, a taken one is told, and it lasts", async () => {
  await editor.openThree();
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
  await eventually(() => editor.track("V1")).toBe("a 0+10@6, a 10+14@16, b 24+24@6, c 48+24@6");
  await page.reload();
  await page.getByRole("grid", { name: "Clips" }).waitFor();
  await editor.cell("a").first().waitFor({ state: "attached" });
  await page.getByRole("slider", { name: "Playhead" }).focus();
  await page.keyboard.press("End");
  await page.keyboard.press("PageDown");
  await page.keyboard.press("v");
  await eventually(() => editor.track("V1")).toMatch(/c 48\+14@6, c 62\+10@20$/);
});

const axe = (...without: string[]) => accessibilityProblems(page, without);

test("nothing in Edit is in the way of assistive technology, in any theme", async () => {
  const states: Record<string, string[]> = {};
  await editor.openEdit();
  states["empty"] = await axe();
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await editor.openThree();
  await editor.cell("b").focus();
  await page.keyboard.press("ArrowRight");
  states["full"] = await axe();
  await page.getByRole("radio", { name: "Transitions" }).click();
  states["transitions"] = await axe();
  await page.getByRole("radio", { name: "Project" }).click();
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
  await editor.cell("b").focus();
  // The system's own colours are painted over those that axe reads.
  states["forced colours"] = await axe("color-contrast");
  await page.emulateMedia({ forcedColors: "none", reducedMotion: null, contrast: "more" });
  states["more contrast"] = await axe();
  await page.emulateMedia({ contrast: null });
  await page.setViewportSize({ width: 720, height: 450 });
  states["200 % zoom"] = await axe();
  expect(states).toEqual(Object.fromEntries(Object.keys(states).map((name) => [name, []])));
});
