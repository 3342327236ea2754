/**
 * The model store in a real window, with the real engine: a model is chosen, its terms accepted, its file fetched from a hub on this
 * machine, the app killed in the middle and started again; the download goes on by itself, is converted, and a clip comes of it.
 */
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Browser } from "playwright-core";
import { entry, file } from "../../main/studio/models/testing/bench.ts";
import { TestHub } from "../../main/studio/models/testing/hub.ts";
import {
  accessibilityProblems,
  askStudio,
  dropFiles,
  launchBrowser,
  openWindow,
  realEntry,
  type RunningApp,
  removeFolder,
  startApp,
  storeEntry,
  temporaryFolder,
} from "./harness.ts";

let browser: Browser;
let folder = "";
let hub: TestHub;
let app: RunningApp | null = null;

beforeAll(async () => {
  [browser, folder, hub] = await Promise.all([launchBrowser(), temporaryFolder(), TestHub.start()]);
});
afterAll(async () => {
  await app?.stop();
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
  if (folder !== "") await removeFolder(folder);
});

interface Job {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly progress: { readonly done: number };
  readonly request?: { readonly model?: string };
}

const picture = (name: string) => {
  const shots = process.env["PLUME_SCREENSHOTS"];
  return shots ? { path: join(shots, `${name}.png`) } : null;
};

test("from the first run to a clip, through a killed studio in the middle of the download", {
  timeout: 1_200_000,
}, async () => {
  const home = join(folder, `home-${Date.now()}`);
  const checkpoint = await readFile(join(import.meta.dirname, "..", "..", "assets", "models", "starter.ckpt"));
  hub.put("maker/model", "starter.ckpt", checkpoint);
  const plain = entry("hub-starter", [file("starter.ckpt", checkpoint.length)], "Hub Starter");
  const smaller = { fp16: 25_500_000, int8: 16_200_000, "4bit": 14_800_000 };
  const small = { ...plain, needs: { ...plain.needs, installedBytes: 51_000_000, smaller } };
  const catalogue = join(folder, "catalogue.json");
  await writeFile(catalogue, JSON.stringify({ schema: "plume.catalogue/1", entries: [small] }));
  const start = () =>
    startApp(storeEntry, {
      PLUME_HOME: home,
      PLUME_OUTPUT: join(home, "clips"),
      PLUME_TEST_CATALOGUE: catalogue,
      HF_ENDPOINT: hub.url,
      HF_HOME: join(folder, "nowhere"),
      HF_HUB_CACHE: join(folder, "nowhere"),
      NO_PROXY: "*",
    });
  // Slow enough that it is still under way when the studio is killed, whatever the machine.
  let isHeld = true;
  hub.fault = ({ host }, n) =>
    host === "cdn" && isHeld ? (n < 4 ? null : { type: "drip", bytes: 4096, ms: 400 }) : null;

  app = await start();
  const first = await openWindow(browser, app.url);
  await first.page.getByRole("button", { name: "Models" }).first().click();
  const card = first.page.getByRole("listitem", { name: "Hub Starter" });
  const shot = picture("models-first-run");
  await card.getByLabel("Weights of Hub Starter").selectOption("int8");
  await card.getByText("16.2 MB").first().waitFor();
  if (shot) await first.page.screenshot(shot);
  await card.getByRole("button", { name: "Get Hub Starter" }).click();
  const dialog = first.page.getByRole("dialog", { name: "The terms of Hub Starter" });
  await dialog.getByText("Sell it").waitFor();
  const terms = picture("models-terms");
  if (terms) await first.page.screenshot(terms);
  expect(hub.asked.length).toBe(0);
  await dialog.getByRole("button", { name: /Accept and download/ }).click();
  await card.getByRole("progressbar").waitFor();
  const jobs = () => askStudio<Job[]>(first.page, "jobs.list", {});
  await vi.waitFor(
    async () =>
      expect((await jobs()).find(({ kind }) => kind === "download")?.progress.done).toBeGreaterThan(3 * 2 ** 20),
    { timeout: 120_000, interval: 200 },
  );
  await vi.waitFor(async () => expect(await noted(home)).toBeGreaterThan(2 ** 20), { timeout: 120_000, interval: 200 });
  expect(await accessibilityProblems(first.page)).toEqual([]);
  const middle = picture("models-downloading");
  if (middle) await first.page.screenshot(middle);
  process.kill(app.pid, "SIGKILL");
  await app.stop();
  await first.context.close();
  const kept = await noted(home);
  expect(kept).toBeGreaterThan(0);

  isHeld = false;
  const before = hub.fetched.length;
  app = await start();
  const { page, offences, context } = await openWindow(browser, app.url);
  await page.getByRole("button", { name: "Models" }).first().click();
  const again = page.getByRole("listitem", { name: "Hub Starter" });
  const resumed = picture("models-resumed");
  if (resumed) await again.waitFor().then(() => page.screenshot(resumed));
  await vi.waitFor(
    async () => {
      const ended = (await askStudio<Job[]>(page, "jobs.list", {})).find(({ kind }) => kind === "convert");
      expect(ended?.state).toBe("done");
    },
    { timeout: 500_000, interval: 500 },
  );
  await again.locator(".model__done").waitFor();
  // The card tells the size of what is there, and what the other forms would take.
  await again.getByText(/^1\d\.\d MB in 8-bit$/).waitFor();
  await again.getByText("It would take 51.0 MB in fp32, 25.5 MB in fp16, 14.8 MB in 4-bit.").waitFor();
  // What the smaller weights cost was measured here, and is shown.
  await page
    .locator(".installed__row", { hasText: "Hub Starter" })
    .getByText(/8-bit weights, \d+\.\d % like fp32/)
    .waitFor();
  const installed = picture("models-installed");
  if (installed) await page.screenshot(installed);
  // What had been noted was not fetched again.
  const bytes = hub.fetched
    .slice(before)
    .reduce(
      (sum, { range }) => sum + Math.min(2 ** 20, checkpoint.length - Number(/=(\d+)-/.exec(range ?? "")?.[1])),
      0,
    );
  expect(bytes).toBeLessThanOrEqual(checkpoint.length - kept + 2 ** 20);
  const origin = JSON.parse(await readFile(join(home, "models", "hub-starter", "origin.json"), "utf8")) as object;
  expect(origin).toMatchObject({ entry: "hub-starter", files: [{ checkedAgainst: "hub", from: "network" }] });

  // A sentence in the window, and the clip is in the library.
  await page.getByRole("button", { name: "Create" }).first().click();
  await page.fill("#prompt", "blue bubbles rising");
  await page.press("#prompt", "Enter");
  await vi.waitFor(
    async () => {
      const clips = (await askStudio<Job[]>(page, "jobs.list", {})).filter(({ kind }) => kind === "generate");
      expect(clips.map(({ state, request }) => [state, request?.model])).toEqual([["done", "hub-starter"]]);
    },
    { timeout: 500_000, interval: 500 },
  );
  await page.locator(".tile", { hasText: "blue bubbles rising" }).first().waitFor();
  const made = picture("models-clip");
  if (made) await page.screenshot(made);
  expect(offences).toEqual([]);
  await context.close();
});

test("a checkpoint and a folder of them, dropped on the window, become models", { timeout: 1_200_000 }, async () => {
  const home = join(folder, `drops-${Date.now()}`);
  const assets = join(import.meta.dirname, "..", "..", "assets", "models");
  const eyes = join(folder, "my-eyes.ckpt");
  await copyFile(join(assets, "patnet", "eyes.ckpt"), eyes);
  const running = await startApp(realEntry, { PLUME_HOME: home, PLUME_OUTPUT: join(home, "clips"), NO_PROXY: "*" });
  try {
    const { page, offences, context } = await openWindow(browser, running.url);
    await page.getByRole("button", { name: "Models" }).first().click();
    const models = () => askStudio<{ id: string; family: string }[]>(page, "models.list", {});
    await dropFiles(page, [eyes], ".drop-models");
    await vi.waitFor(async () => expect((await models()).map(({ id }) => id)).toContain("my-eyes"), {
      timeout: 500_000,
      interval: 300,
    });
    // Three files in folders of their own: one model.
    await dropFiles(page, [join(assets, "keyvid")], ".drop-models");
    await vi.waitFor(
      async () => {
        const failed = (await askStudio<Job[]>(page, "jobs.list", {})).filter(({ state }) => state === "failed");
        expect(failed).toEqual([]);
        expect((await models()).find(({ id }) => id === "model")?.family).toBe("keyvid");
      },
      { timeout: 500_000, interval: 300 },
    );
    await page.locator(".installed__row").nth(3).waitFor();
    const shot = picture("models-dropped");
    if (shot) await page.screenshot(shot);
    // What is no checkpoint is named as such, and nothing is begun.
    const installs = async () =>
      (await askStudio<Job[]>(page, "jobs.list", {})).filter(({ kind }) => kind === "download" || kind === "convert")
        .length;
    const before = await installs();
    const note = join(folder, "note.txt");
    await writeFile(note, "no weights");
    await dropFiles(page, [note], ".drop-models");
    await page.getByText("That is no checkpoint").waitFor();
    expect(await installs()).toBe(before);
    expect(offences).toEqual([]);
    await context.close();
  } finally {
    await running.stop();
  }
});

/** Bytes that the note of the download says are on the disk. */
async function noted(home: string): Promise<number> {
  const parts = join(home, "models", ".downloads", "hub-starter", "parts");
  for (const name of await readdir(parts, { recursive: true }).catch(() => [] as string[])) {
    if (!name.endsWith(".note.json")) continue;
    const { held } = JSON.parse(await readFile(join(parts, name), "utf8").catch(() => '{"held":[]}')) as {
      held: [number, number][];
    };
    return held.reduce((sum, [from, to]) => sum + to - from, 0);
  }
  return 0;
}
