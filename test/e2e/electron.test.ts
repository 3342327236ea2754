/** The desktop app under the real Electron, where its runtime is there (npm installs it without; BUILD notes in the README). */
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { _electron, type ElectronApplication, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSnapshot } from "../../core/contract/index.ts";
import { findPreset } from "../../core/export/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import { electronProgram } from "../../main/start.ts";
import { KILLED } from "../faults/children.ts";
import { removeFolder, temporaryFolder } from "./harness.ts";

const root = resolve(import.meta.dirname, "..", "..");
const program = electronProgram(join(root, "node_modules", "electron"));
const hasDisplay = process.platform !== "linux" || Boolean(process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"]);
const reason =
  program === null
    ? "Electron's runtime is not installed"
    : hasDisplay
      ? null
      : "there is no display to open a window on";

test("what Electron would run was built: main as a module, preload as CommonJS without any other import", async () => {
  const { readFileSync } = await import("node:fs");
  const built = join(root, "dist", "shell-electron");
  expect(existsSync(join(built, "main.js")), "run `npm run build` first").toBe(true);
  const preload = readFileSync(join(built, "preload.cjs"), "utf8");
  expect([...preload.matchAll(/require\("([^"]+)"\)/g)].map((match) => match[1])).toEqual(["electron"]);
  expect(preload).toContain("exposeInMainWorld");
  expect(preload).not.toMatch(/^import /m);
});

/** What a call of the window's own bridge answers. */
async function call<T>(page: Page, method: string, input: unknown): Promise<T> {
  const reply = await page.evaluate(([name, data]) => window.studio!.send(name as string, data), [method, input]);
  const { ok, value, error } = reply as { ok: boolean; value: T; error?: { message: string } };
  if (!ok) throw new Error(`${method}: ${error?.message}`);
  return value;
}

async function ended(page: Page, id: string): Promise<JobSnapshot> {
  for (;;) {
    const job = (await call<JobSnapshot[]>(page, "jobs.list", {})).find((each) => each.id === id)!;
    if (job.finishedAt !== null) return job;
    await new Promise((done) => setTimeout(done, 250));
  }
}

/** Process ids of what a process has started with this word in its command line. */
function childrenOfProgram(parent: number, word: string): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [, pid, ppid, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(ppid) === parent && command?.includes(word) ? [Number(pid)] : [];
  });
}

const small = { prompt: "blue bubbles", width: 64, height: 64, frames: 4, steps: 2, seed: 1 };
const generate = async (page: Page, more: object = {}): Promise<string> => {
  const jobs = await call<JobSnapshot[]>(page, "jobs.generate", { request: { ...small, ...more }, variations: 1 });
  return jobs[0]!.id;
};

describe.skipIf(reason !== null)(
  reason === null ? "under real Electron" : `under real Electron (skipped: ${reason})`,
  { timeout: 600_000 },
  () => {
    let home = "";
    let environment: Record<string, string>;
    let app: ElectronApplication;
    let page: Page;
    const args = [
      join(root, "dist", "shell-electron", "main.js"),
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ];

    beforeAll(async () => {
      home = await temporaryFolder();
      environment = {
        ...(process.env as Record<string, string>),
        PLUME_HOME: home,
        PLUME_OUTPUT: join(home, "clips"),
        XDG_CONFIG_HOME: join(home, "config"),
      };
      app = await _electron.launch({ executablePath: program ?? "", args, env: environment });
      page = await app.firstWindow();
      await page.waitForSelector("#prompt");
    }, 120_000);
    afterAll(async () => {
      await app.close();
      await removeFolder(home);
    });

    test("the window opens, without Node in the page and without an offence against the policy", async () => {
      const powers = ["studio", "require", "process", "module"];
      expect(
        await page.evaluate(
          (names) => names.map((name) => typeof (globalThis as Record<string, unknown>)[name]),
          powers,
        ),
      ).toEqual(["object", "undefined", "undefined", "undefined"]);
      expect(await page.evaluate(() => location.origin + location.pathname)).toBe("app://studio/");
      const refused = await page.evaluate(() =>
        fetch("https://example.org/").then(
          () => "reached",
          () => "refused",
        ),
      );
      expect(refused).toBe("refused");
      const before = app.windows().length;
      expect(await page.evaluate(() => globalThis.open("https://example.org/"))).toBeNull();
      expect(app.windows()).toHaveLength(before);
    });

    test("the menu bar has the window's commands", async () => {
      const titles = await app.evaluate(({ Menu }) => Menu.getApplicationMenu()!.items.map(({ label }) => label));
      for (const title of ["File", "Edit", "Clip", "Playback"]) expect(titles).toContain(title);
    });

    test("a question goes to the studio and back", async () => {
      const info = await call<{ appVersion: string; platform: string }>(page, "system.info", {});
      expect(info.platform).toContain(process.platform);
    });

    test("a file that is dropped comes in by its path", async () => {
      const picture = join(root, "assets", "icons", "icon.png");
      const { width, height } = await page.evaluate(() => ({ width: innerWidth, height: innerHeight }));
      const session = await page.context().newCDPSession(page);
      const data = { items: [], files: [picture], dragOperationsMask: 1 };
      for (const type of ["dragEnter", "dragOver", "drop"] as const)
        await session.send("Input.dispatchDragEvent", { type, x: width / 2, y: height / 2, data });
      await expect
        .poll(() => call<{ name: string }[]>(page, "media.list", {}), { timeout: 60_000 })
        .toMatchObject([{ name: "icon.png" }]);
    });

    test("the starter model makes a clip, which plays; a project of it is exported", async () => {
      const job = await ended(page, await generate(page));
      expect(job).toMatchObject({ state: "done" });
      const clip = (job as { clip: { id: string } }).clip.id;
      const seconds = await page.evaluate(async (address) => {
        const video = Object.assign(document.createElement("video"), { src: address });
        await new Promise((done, failed) => Object.assign(video, { onloadedmetadata: done, onerror: failed }));
        return video.seekable.end(0);
      }, `/media/${clip}`);
      expect(seconds).toBeGreaterThan(0);

      const project = await call<{ id: string; document: Timeline }>(page, "projects.create", { name: "Film" });
      await call(page, "projects.useMedia", { id: project.id, media: [clip] });
      const track = project.document.tracks.find(({ name }) => name === "V1")!.id;
      await call(page, "projects.edit", {
        id: project.id,
        name: "append",
        arguments: { clips: [{ track, clip: { media: clip } }] },
      });
      const { settings } = findPreset("h264")!;
      const started = await call<{ job: string }>(page, "exports.start", {
        project: project.id,
        settings,
        name: "Film",
      });
      expect(await ended(page, started.job)).toMatchObject({ state: "done", result: { frames: expect.any(Number) } });
    });

    test("a second start hands its project over and ends", async () => {
      const file = join(home, "clips", "Projects", "Film", "Film.plume");
      expect(existsSync(file)).toBe(true);
      const second = spawn(program ?? "", [...args, file], { env: environment, stdio: "ignore" });
      expect(await new Promise((done) => second.once("close", done))).toBe(0);
      await expect.poll(() => page.locator("body").textContent(), { timeout: 60_000 }).toContain("Film");
      expect(app.windows()).toHaveLength(1);
    });

    test("a page whose process dies is loaded anew, and the work goes on", async () => {
      const id = await generate(page, { seed: 2 });
      await app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]!.webContents.forcefullyCrashRenderer(),
      );
      await expect
        .poll(
          () =>
            page
              .locator("#prompt")
              .count()
              .catch(() => 0),
          { timeout: 60_000 },
        )
        .toBe(1);
      expect(await ended(page, id)).toMatchObject({ state: "done" });
    });

    test.skipIf(process.platform === "win32")(
      "an engine that is killed takes one clip along, and no more",
      async () => {
        const id = await generate(page, { seed: 3, steps: 50 });
        await expect
          .poll(
            async () => (await call<JobSnapshot[]>(page, "jobs.list", {})).find((job) => job.id === id)!.progress.phase,
            {
              timeout: 120_000,
            },
          )
          .toBe("denoise");
        const [engine] = childrenOfProgram(app.process().pid!, "inference/worker");
        process.kill(engine!, "SIGKILL");
        expect(await ended(page, id)).toMatchObject({
          state: "failed",
          error: { code: expect.stringMatching(KILLED) },
        });
        expect(await ended(page, await generate(page, { seed: 4 }))).toMatchObject({ state: "done" });
      },
    );
  },
);
