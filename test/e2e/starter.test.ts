/**
 * The whole way, nothing faked: the app as a newcomer starts it, the engine, the bundled starter model, ffmpeg, files on disk, and
 * a real Chromium that types a sentence and plays what comes out.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Clip,
  type GenerationRecord,
  generationRecordSchema,
  type JobSnapshot,
  type MediaFacts,
  type ModelSummary,
} from "../../core/contract/index.ts";
import { checkPrompt, checkSentence } from "../../core/vision/index.ts";
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
  type Window,
} from "./harness.ts";

const starter = resolve(import.meta.dirname, "..", "..", "assets", "models", "starter.ckpt");
/** First use prepares the model; everything may run beside other heavy work. */
const PATIENCE = 300_000;

/** Process ids of the app's engine, from the kernel's own list. */
function enginesOf(app: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
        return parent === app && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("inference");
      } catch {
        return false; // It ended while we looked.
      }
    });
}

describe("the bundled starter model, in the real app", { timeout: 2 * PATIENCE }, () => {
  let folder = "";
  let output = "";
  let environment: Record<string, string> = {};
  let app: RunningApp;
  let browser: Browser;
  let window: Window;
  let page: Page;

  beforeAll(async () => {
    expect(existsSync(starter), "assets/models/starter.ckpt is part of the checkout").toBe(true);
    folder = await temporaryFolder();
    output = join(folder, "clips");
    environment = { PLUME_HOME: join(folder, "home"), PLUME_OUTPUT: output };
    [app, browser] = await Promise.all([startApp(realEntry, environment), launchBrowser()]);
    window = await openWindow(browser, app.url);
    page = window.page;
  });
  afterAll(async () => {
    await browser.close();
    const code = await app.stop();
    await removeFolder(folder);
    expect(code).toBe(0);
  });

  const tiles = (state: string) => page.locator(`[data-tile][data-state="${state}"]`);
  const filesIn = (ending: string) =>
    readdirSync(output)
      .filter((name) => name.endsWith(ending))
      .sort();
  const recordOf = (name: string): GenerationRecord =>
    generationRecordSchema.parse(JSON.parse(readFileSync(join(output, name), "utf8")));
  async function setSteps(steps: number): Promise<void> {
    await page.getByRole("button", { name: /^More/ }).click();
    const field = page.getByRole("spinbutton", { name: "Steps" });
    await field.fill(String(steps));
    await page.keyboard.press("Escape");
    // Closing gives the focus back to its button: a key pressed before that would land there.
    await field.waitFor({ state: "detached" });
  }

  test("a sentence typed by a newcomer becomes a clip that plays, and files on disk", async () => {
    // Watched from inside the page: looking in from outside would miss steps while the machine is busy.
    await page.evaluate(() => {
      const seen = new Set<string>();
      Object.assign(globalThis, { seenSteps: seen });
      new MutationObserver(() => {
        const step = document.querySelector("canvas[data-step]")?.getAttribute("data-step");
        if (step) seen.add(step);
      }).observe(document, { subtree: true, childList: true, attributes: true });
    });
    await page.fill("#prompt", "blue bubbles rising slowly");
    await page.press("#prompt", "Enter");
    await tiles("done").waitFor({ timeout: PATIENCE });
    const looks = await page.evaluate(() => [...(globalThis as unknown as { seenSteps: Set<string> }).seenSteps]);
    expect(looks.length, "the picture was seen forming, step by step").toBeGreaterThan(2);

    await tiles("done").focus();
    await page.keyboard.press("Enter");
    const [clip] = filesIn(".mp4");
    const [recordName] = filesIn(".json");
    expect(recordName).toBe(clip?.replace(".mp4", ".json"));
    const { request } = recordOf(recordName ?? "");
    expect(request.prompt).toBe("blue bubbles rising slowly");
    const { frames, fps, width, height } = request;
    const video = page.locator(".player__video");
    const facts = await video.evaluate(async (element: HTMLVideoElement, { frames, fps }) => {
      const until = async (name: string) => new Promise((done) => element.addEventListener(name, done, { once: true }));
      if (element.readyState < 2) await until("loadeddata");
      const before = element.currentTime;
      await new Promise((done) => setTimeout(done, 400));
      const advanced = element.currentTime !== before;
      element.pause();
      const landed: number[] = [];
      for (let seek = 0; seek < 20; seek++) {
        const time = (((seek * 7) % frames) + 0.5) / fps;
        element.currentTime = time;
        await until("seeked");
        landed.push(Math.abs(element.currentTime - time));
      }
      return {
        advanced,
        worstSeek: Math.max(...landed),
        seekable: element.seekable.end(0),
        size: [element.videoWidth, element.videoHeight],
      };
    }, request);
    expect(facts).toMatchObject({ advanced: true, size: [width, height] });
    expect(facts.seekable).toBeCloseTo(frames / fps, 1);
    expect(facts.worstSeek).toBeLessThan(0.01);
    await page.keyboard.press("Escape");

    const probe = execFileSync(
      "ffprobe",
      ["-v", "error", "-count_frames", "-show_streams", "-of", "json", join(output, clip ?? "")],
      { encoding: "utf8" },
    );
    expect((JSON.parse(probe) as { streams: object[] }).streams).toMatchObject([
      {
        codec_name: "h264",
        pix_fmt: "yuv420p",
        nb_read_frames: `${frames}`,
        r_frame_rate: `${fps}/1`,
        color_space: "bt709",
      },
    ]);
    expect(readFileSync(join(output, recordName ?? ""), "utf8"), "no path is in the record").not.toContain(folder);
  });

  test("making it again gives the very same frames", async () => {
    await tiles("done").focus();
    await page.keyboard.press("r");
    await expect.poll(() => tiles("done").count(), { timeout: PATIENCE }).toBe(2);
    const [first, second] = filesIn(".json").map(recordOf);
    expect(second?.request).toEqual(first?.request);
    expect(second?.framesSha256).toBe(first?.framesSha256);
  });

  test("a running clip can be stopped, and leaves nothing half-written", async () => {
    await page.fill("#prompt", "red confetti falling");
    await setSteps(40);
    await page.press("#prompt", "Enter");
    await page.waitForSelector('[data-state="running"] canvas[data-step]', { timeout: PATIENCE });
    await tiles("running").getByRole("button", { name: /Stop/ }).click();
    await tiles("cancelled").waitFor({ timeout: 10_000 });
    expect(readdirSync(output).filter((name) => !name.startsWith(".")).length).toBe(4);
  });

  test("an engine that is killed says so in its tile, and Retry makes the clip after all", async () => {
    const before = await tiles("done").count();
    await page.fill("#prompt", "green stripes moving left");
    await page.press("#prompt", "Enter");
    await page.waitForSelector('[data-state="running"] canvas[data-step]', { timeout: PATIENCE });
    // Another engine may be looking at the clip before.
    const engines = enginesOf(app.pid);
    expect(engines.length).toBeGreaterThan(0);
    for (const engine of engines) process.kill(engine, "SIGKILL");
    const failed = tiles("failed").first();
    await failed.waitFor({ timeout: PATIENCE });
    expect(await failed.innerText()).toMatch(/engine|memory/i);
    // The draft is as it was: nothing that the user wrote is lost.
    expect(await page.inputValue("#prompt")).toBe("green stripes moving left");
    await failed.getByRole("button", { name: "Edit" }).click();
    await setSteps(2);
    await page.press("#prompt", "Enter");
    await expect.poll(() => tiles("done").count(), { timeout: PATIENCE }).toBe(before + 1);
  });

  test("a restart finds clips, prompt and settings again", async () => {
    const { page: before } = window;
    const state = await window.context.storageState();
    const count = await tiles("done").count();
    const { port } = new URL(before.url());
    await window.context.close();
    expect(await app.stop()).toBe(0);
    app = await startApp(realEntry, environment);
    expect(new URL(app.url).port, "the port is kept, so that the page finds its memory").toBe(port);
    const offences = window.offences;
    window = await openWindow(browser, app.url, { storageState: { ...state, cookies: [] } });
    window.offences.push(...offences);
    page = window.page;
    await tiles("done").first().waitFor();
    expect(await tiles("done").count()).toBe(count);
    expect(await page.inputValue("#prompt")).toBe("green stripes moving left");
  });

  test("what a clip shows of its words stands on its tile with the reason, and variations sort by it", {
    timeout: 8 * PATIENCE,
  }, async () => {
    const first = (await askStudio<Clip[]>(page, "library.list", {})).find(
      ({ record }) => record.request.prompt === "blue bubbles rising slowly",
    )!;
    const before = await tiles("done").count();
    // Few steps are enough to see something, and sooner done.
    const request = { ...first.record.request, seed: 7, steps: 4 };
    await askStudio(page, "jobs.generate", { request, variations: 2 });
    await expect.poll(() => tiles("done").count(), { timeout: 4 * PATIENCE }).toBe(before + 2);
    const [jobs, models] = [
      await askStudio<JobSnapshot[]>(page, "jobs.list", {}),
      await askStudio<ModelSummary[]>(page, "models.list", {}),
    ];
    const words = models.find(({ vision }) => vision !== undefined)!.vision!.words;
    /** The tiles of these words: the clip, and what its badge says. */
    const shown = async () => {
      const all = await page.locator(".tile", { hasText: request.prompt }).evaluateAll((found) =>
        found.map((tile) => ({
          key: tile.querySelector("[data-tile]")!.getAttribute("data-tile")!,
          says: tile.querySelector(".tile__check")?.getAttribute("title") ?? null,
        })),
      );
      return all.map(({ key, says }) => {
        const [kind, id] = key.split(":") as [string, string];
        const job = jobs.find((each) => each.id === id);
        return { says, clip: kind === "clip" ? id : job !== undefined && "clip" in job ? job.clip!.id : "" };
      });
    };
    await expect
      .poll(async () => (await shown()).map(({ says }) => says !== null), { timeout: 2 * PATIENCE })
      .toEqual([true, true, true, true]);
    const known = await askStudio<{ id: string; facts: MediaFacts }[]>(page, "analysis.facts", {
      ids: (await shown()).map(({ clip }) => clip),
    });
    const checkOf = (clip: string) => checkPrompt(request.prompt, known.find(({ id }) => id === clip)!.facts, words)!;
    for (const { clip, says } of await shown()) {
      expect(checkOf(clip).asked).toEqual(["blue", "bubbles"]);
      expect(says).toBe(checkSentence(checkOf(clip)));
    }
    expect((await shown()).some(({ clip }) => checkOf(clip).seen.includes("bubbles"))).toBe(true);
    const folderOfShots = process.env["PLUME_SHOTS"];
    if (folderOfShots) await page.screenshot({ path: join(folderOfShots, "badges.png") });
    // The two that were just made are the newest, and stand first.
    const sort = page.getByRole("button", { name: "Best match first" });
    await sort.click();
    const [best, second] = (await shown()).map(({ clip }) => checkOf(clip).score);
    expect(best).toBeGreaterThan(second!);
    await sort.click();
  });

  test("a second studio on the same data is refused in one sentence", async () => {
    await expect(startApp(realEntry, environment)).rejects.toThrow(/already|running/i);
  });

  test("all the while: accessible, no policy violated, nothing asked of another machine", async () => {
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(window.offences).toEqual([]);
  });
});
