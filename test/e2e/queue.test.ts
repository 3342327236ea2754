/** The queue in the window: lists, sweeps, order, pause, changes, the grid, and an engine that keeps dying. Real studio, fake engine. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import type { JobSnapshot } from "../../core/contract/index.ts";
import type { Page } from "playwright-core";
import { makeUnplayable } from "../../main/studio/analyze/testing.ts";
import { dropFiles, launchBrowser, openWindow, removeFolder, startApp, temporaryFolder } from "./harness.ts";

const entry = resolve(import.meta.dirname, "../../main/shell-browser/testing/main-animation.ts");
const shot = async (page: Page, name: string): Promise<void> => {
  const shots = process.env["PLUME_SHOTS"];
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
};
/** A busy computer may take its time. */
const patience = { timeout: 120_000 };

test("a list and a sweep are added, reordered, changed, made and compared; three deaths stop the queue", {
  timeout: 600_000,
}, async () => {
  const folder = await temporaryFolder();
  const [app, browser] = await Promise.all([
    startApp(entry, { PLUME_HOME: join(folder, "data"), PLUME_OUTPUT: join(folder, "clips") }),
    launchBrowser(),
  ]);
  try {
    const { page, context, offences } = await openWindow(browser, app.url);
    const panel = page.getByRole("region", { name: "Queue, all jobs" });
    const names = () => panel.locator(".queue-row__name").allTextContents();
    const line = panel.getByRole("list", { name: "Being made and waiting" });
    const waiting = () => line.locator('.queue-row[data-state="queued"] .queue-row__name').allTextContents();
    const row = (name: string) =>
      panel.locator(".queue-row", { has: page.locator(".queue-row__name").getByText(name, { exact: true }) }).first();

    // Paused first, so that everything stands still while it is looked at.
    await page.keyboard.press("Control+.");
    await page.getByRole("button", { name: "Queue paused: resume" }).waitFor(patience);
    await page.keyboard.press("Control+j");
    await panel.getByText("No jobs.").waitFor(patience);

    const list = join(folder, "list.csv");
    writeFileSync(list, "prompt,seed,size\nfirst,1,64x64\nsecond,2,\nthird,x,\n");
    await panel.getByRole("button", { name: "Prompt list" }).click();
    const sheet = page.getByRole("dialog", { name: "Prompt list" });
    await dropFiles(page, [list], ".queue-sheet__drop");
    await sheet.getByText("Line 4: The seed").waitFor(patience);
    writeFileSync(list, "prompt,seed,size\nfirst,1,64x64\nsecond,2,\nthird,3,\n");
    await dropFiles(page, [list], ".queue-sheet__drop");
    await shot(page, "queue-list");
    await sheet.getByRole("button", { name: "Add 3 clips" }).click();
    await expect.poll(waiting, patience).toEqual(["first", "second", "third"]);

    await panel.getByRole("button", { name: "Sweep" }).click();
    const sweep = page.getByRole("dialog", { name: "Sweep" });
    await sweep.getByLabel("Prompt").fill("swept");
    await sweep.getByLabel("Values of Seed").fill("1..2");
    await sweep.getByLabel("Values of Steps").fill("2, 3, x");
    await sweep.getByText("“x” is not understood").waitFor(patience);
    await sweep.getByLabel("Values of Steps").fill("2, 3");
    await shot(page, "queue-sweep");
    await sweep.getByRole("button", { name: "Add 4 clips" }).click();
    await expect.poll(waiting, patience).toEqual(["first", "second", "third", ...Array<string>(4).fill("swept")]);

    // By keyboard, by pointer, and by priority.
    await row("third")
      .getByRole("button", { name: /^Move “third”/ })
      .press("Alt+ArrowUp");
    await expect.poll(async () => (await waiting()).slice(0, 3), patience).toEqual(["first", "third", "second"]);
    await row("second").locator(".queue-row__handle").dragTo(row("first"));
    await expect.poll(async () => (await waiting()).slice(0, 3), patience).toEqual(["second", "first", "third"]);
    await row("third").getByRole("combobox").selectOption("high");
    await expect.poll(async () => (await waiting()).slice(0, 3), patience).toEqual(["third", "second", "first"]);

    await shot(page, "queue-line");
    await row("second").getByRole("button", { name: "Duplicate “second” with changes" }).click();
    const form = page.getByRole("dialog", { name: "Duplicate with changes" });
    await form.getByLabel("Prompt").fill("second, changed");
    await form.getByRole("button", { name: "Change this one" }).click();
    await expect
      .poll(async () => (await waiting()).slice(0, 3), patience)
      .toEqual(["third", "second, changed", "first"]);
    await row("first").getByRole("button", { name: "Stop “first”" }).click();
    await expect.poll(async () => (await waiting()).length, patience).toBe(6);

    await panel.getByRole("button", { name: "Resume", exact: true }).click();
    await expect.poll(() => panel.locator('.queue-row[data-state="done"]').count(), patience).toBe(6);
    await row("swept")
      .getByRole("button", { name: /^Compare the 4 clips/ })
      .click();
    const grid = page.getByRole("dialog", { name: "Clips that were queued together" });
    await expect.poll(() => grid.locator("td video").count(), patience).toBe(4);
    expect(await grid.locator("th[scope=col]").allTextContents()).toHaveLength(2);
    await shot(page, "queue-grid");
    await grid.getByRole("button", { name: "Close" }).click();

    // An engine that dies again and again does not burn the rest of the list.
    await panel.getByRole("button", { name: "Prompt list" }).click();
    await page.getByLabel("Prompts").fill("exit9 one\nexit9 two\nexit9 three\nsurvivor");
    await page.getByRole("button", { name: "Add 4 clips" }).click();
    await panel.getByText("The engine stopped 3 times within five minutes").waitFor(patience);
    await shot(page, "queue-deaths");
    expect(await waiting()).toEqual(["survivor"]);
    await expect.poll(() => row("exit9 one").locator(".queue-row__state").textContent(), patience).toMatch(/engine/);
    await panel.getByRole("button", { name: "Resume", exact: true }).click();
    await expect
      .poll(async () => await row("survivor").getAttribute("data-state"), patience)
      .toBe("done" satisfies JobSnapshot["state"]);
    await panel.getByRole("button", { name: "Clear" }).click();
    // The clips were looked at beside each other; that clears itself.
    await expect.poll(async () => (await names()).length, patience).toBe(0);

    // Proxies and analysis: a row for each import, which opens; order, pause and stop of one and of all.
    await page.keyboard.press("Control+.");
    await panel.getByText("The queue is paused").waitFor(patience);
    const films = ["beach.mp4", "forest.mp4", "river.mp4"];
    for (const [n, name] of films.entries())
      await makeUnplayable(`testsrc2=s=320x180:r=${10 + n}:d=4`, join(folder, name));
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await dropFiles(
      page,
      films.map((name) => join(folder, name)),
      ".bin",
    );
    const proxies = panel.locator(".queue-row--group").filter({ hasText: "Making 3 media play smoothly" });
    const looks = panel.locator(".queue-row--group").filter({ hasText: "Looking at 3 media" });
    await proxies.waitFor(patience);
    await looks.waitFor(patience);
    await proxies.getByRole("button", { name: /^Show them one by one/ }).click();
    const members = panel.getByRole("list", { name: "Making 3 media play smoothly" });
    const order = () => members.locator(".queue-row__name").allTextContents();
    await expect.poll(async () => (await order()).toSorted(), patience).toEqual(films);
    const [first, second] = await order();
    await members.getByRole("button", { name: new RegExp(`^Move “${second}”`) }).press("Alt+ArrowUp");
    await expect.poll(async () => (await order()).slice(0, 2), patience).toEqual([second, first]);
    await members.getByRole("button", { name: `Pause “${first}”` }).click();
    await expect
      .poll(order, patience)
      .toEqual([second, films.find((name) => name !== first && name !== second), first]);
    await panel.getByRole("button", { name: "Prompt list" }).click();
    await page.getByLabel("Prompts").fill("slow slow-frames rain on a window");
    await page.getByRole("button", { name: "Add 1 clip" }).click();
    await expect.poll(waiting, patience).toEqual(["slow slow-frames rain on a window"]);
    await shot(page, "queue-media-paused");
    await panel.getByRole("button", { name: "Resume", exact: true }).click();
    await proxies.getByText("2 done").waitFor(patience);
    await expect.poll(() => row("slow slow-frames rain on a window").getAttribute("data-state"), patience).toBe("done");
    await shot(page, "queue-media-done");
    await expect.poll(() => looks.count(), patience).toBe(0);
    await members.getByRole("button", { name: `Resume “${first}”` }).click();
    await expect.poll(() => proxies.count(), patience).toBe(0);
    await context.close();
    expect(offences).toEqual([]);
  } finally {
    await browser.close();
    await app.stop();
    await removeFolder(folder);
  }
});
