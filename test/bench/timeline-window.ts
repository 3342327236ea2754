/**
 * The timeline in a real Chromium, with 2 000 clips on 10 tracks: how long opening it takes, what a frame costs while it is scrolled,
 * zoomed and played, and what an edit costs in the page. Its clips show three films with thumbnails and waveforms. "Work" is the time that the page's own thread was busy for a frame (script, style,
 * layout, drawing commands), which a busy machine disturbs least; "interval" is the time from one frame to the next as the browser gave them.
 * The playhead jumps ten frames in each frame, so that the viewer decodes and paints another picture each time: more than playing asks for.
 * Without a graphics device (a headless browser) the browser paints with the processor, and that is in the numbers.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CDPSession, Page } from "playwright-core";
import type { Timeline } from "../../core/timeline/index.ts";
import { launchBrowser, openWindow, realEntry, startApp } from "../e2e/harness.ts";
import { spread, type Spread, words } from "./spread.ts";
import { largeTimeline, sampleEdits } from "./timeline.ts";
import { type EditCosts, measureEdits } from "./timeline-edits.ts";
import { encodeMedia, filmArgs, importPrepared, projectWith, replaceProject } from "./timeline-project.ts";

const CLIPS = 2000;
export const FRAMES = 180;

interface Frames {
  /** CPU time of the page's thread for one frame on average, milliseconds: what other programs on the machine do not change. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly work: Spread;
  readonly interval: Spread;
}

export interface TimelineWindowResult {
  readonly clips: number;
  /** From the click on “Edit” to the first drawn timeline, milliseconds; the project is read from disk, sent and checked in it. */
  readonly open: { readonly wall: number; readonly cpu: number };
  readonly frames: Readonly<Record<"scrolling" | "zooming" | "playhead" | "all in sight", Frames>>;
  readonly edits: EditCosts;
  /** The browser's own pace, with nothing to draw: what no page on this machine can be better than. */
  readonly idle: Spread;
}

type Task = { readonly kind: "wheel" | "seek" | "nothing"; readonly zoom: boolean; readonly by: number };

/** Does something in each of many frames; answers with how long the page's thread was busy for each, and their distances. */
export function measureFrames(page: Page, task: Task): Promise<{ work: number[]; interval: number[] }> {
  return page.evaluate(
    async ([{ kind, zoom, by }, count]) => {
      const stage = document.querySelector<HTMLElement>(".timeline__stage")!;
      const box = stage.getBoundingClientRect();
      const slider = document.querySelector<HTMLElement>(".grid-layer__playhead")!;
      const act = (n: number): void => {
        const direction = Math.floor(n / 60) % 2 === 0 ? 1 : -1;
        if (kind === "wheel")
          stage.dispatchEvent(
            new WheelEvent("wheel", {
              clientX: box.left + box.width / 2,
              clientY: box.top + 100,
              deltaX: zoom ? 0 : by * direction,
              deltaY: zoom ? by * direction : 0,
              ctrlKey: zoom,
              cancelable: true,
              bubbles: true,
            }),
          );
        if (kind === "seek")
          slider.dispatchEvent(
            new KeyboardEvent("keydown", {
              key: direction > 0 ? "PageUp" : "PageDown",
              bubbles: true,
              cancelable: true,
            }),
          );
      };
      const channel = new MessageChannel();
      const work: number[] = [];
      const interval: number[] = [];
      let last = 0;
      for (let n = 0; n < count; n++) {
        await new Promise<void>((done) => {
          requestAnimationFrame((at) => {
            if (last > 0) interval.push(at - last);
            last = at;
            const start = performance.now();
            act(n);
            // Style, layout and painting follow the frame's callbacks; a message comes after them.
            requestAnimationFrame(() => {});
            channel.port1.addEventListener("message", () => (work.push(performance.now() - start), done()), {
              once: true,
            });
            channel.port1.start();
            channel.port2.postMessage(null);
          });
        });
      }
      return { work, interval };
    },
    [task, FRAMES] as const,
  );
}

/** Milliseconds of CPU time that the page's thread has used, which is not what other programs made it wait. */
export async function cpuOf(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return (metrics.find(({ name }) => name === "ThreadTime")?.value ?? 0) * 1000;
}

/** Makes the project and opens it in a studio that has just started, as on another day. */
async function withLargeProject<T>(work: (page: Page, document: Timeline, film: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), "plume-bench-timeline-"));
  const environment = { PLUME_HOME: join(home, "home"), PLUME_OUTPUT: join(home, "clips") };
  const browser = await launchBrowser();
  let app = await startApp(realEntry, environment);
  try {
    const files = await Promise.all(
      ["testsrc2", "mandelbrot", "gradients"].map((picture, n) =>
        encodeMedia(join(home, `${picture}.mp4`), filmArgs(picture, "640x360", 6, 110 * (n + 2))),
      ),
    );
    const first = await openWindow(browser, app.url);
    const films = await importPrepared(first.page, files);
    const made = await projectWith(first.page, films, { name: "Large" });
    await first.context.close();
    await app.stop();
    const document = largeTimeline(CLIPS, made.document, films);
    await replaceProject(environment.PLUME_OUTPUT, document, made.revision + 1);
    app = await startApp(realEntry, environment);
    const { page } = await openWindow(browser, app.url);
    return await work(page, document, films[0]!);
  } finally {
    await browser.close();
    await app.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Opens the editor; milliseconds from the click to the first drawn timeline. */
const openEditor = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const start = performance.now();
    const tab = [...document.querySelectorAll("button")].find((button) => button.textContent === "Edit")!;
    tab.click();
    while (document.querySelector('[role="gridcell"][data-clip]') === null)
      await new Promise((done) => requestAnimationFrame(done));
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - start;
  });

/** @param runs of each edit */
export function benchTimelineWindow(say: (line: string) => void, runs = 10): Promise<TimelineWindowResult> {
  return withLargeProject(async (page, document, film) => {
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const cpu = () => cpuOf(session);
    const beforeOpen = await cpu();
    const open = { wall: await openEditor(page), cpu: 0 };
    open.cpu = (await cpu()) - beforeOpen;
    say(
      `${CLIPS} clips on 10 tracks in Chromium, opened in ${open.wall.toFixed(0)} ms (aim: under 1000), ${open.cpu.toFixed(0)} ms of the page's CPU`,
    );
    const of = async (name: string, task: Task): Promise<Frames> => {
      // Once before: what is fetched and cached on the way is there then.
      await measureFrames(page, task);
      const before = await cpu();
      const { work, interval } = await measureFrames(page, task);
      const result = { cpu: ((await cpu()) - before) / FRAMES, work: spread(work), interval: spread(interval) };
      say(
        `  ${name.padEnd(14)} ${result.cpu.toFixed(1)} ms of CPU a frame; work ${words(result.work)}; interval ${words(result.interval)} (aim: p95 under 16.7)`,
      );
      return result;
    };
    // Pictures and sounds are in sight.
    await page
      .locator(".headers__rows")
      .evaluate((rows) => rows.dispatchEvent(new WheelEvent("wheel", { deltaY: 200, bubbles: true })));
    const { interval } = await measureFrames(page, { kind: "nothing", zoom: false, by: 0 });
    const idle = spread(interval);
    say(`  ${"idle".padEnd(14)} interval ${words(idle)}`);
    const frames = {
      scrolling: await of("scrolling", { kind: "wheel", zoom: false, by: 40 }),
      zooming: await of("zooming", { kind: "wheel", zoom: true, by: 12 }),
      playhead: await of("playhead", { kind: "seek", zoom: false, by: 0 }),
      "all in sight": await page.keyboard
        .press("Backslash")
        .then(() => of("all in sight", { kind: "wheel", zoom: true, by: 2 })),
    };
    await page.keyboard.press("Home");
    const edit = await measureEdits(page, cpu, sampleEdits(document, film), runs);
    for (const [name, { now, frame, painted }] of Object.entries(edit.edits))
      say(
        `  ${name.padEnd(14)} until painted ${words(painted)}; command ${now.p50.toFixed(1)}, frame ${frame.p50.toFixed(1)}`,
      );
    say(
      `  every edit     until painted ${words(edit.painted)} (aim: under 8); the inspector and the cells for screen readers follow after that frame`,
    );
    say(`  without one    ${words(edit.nothing)}: a frame in which nothing is to do, in each of the numbers above`);
    say(
      `  CPU of an edit until its answer is drawn, on average: ${edit.cpu.toFixed(1)} ms, and ${edit.cpuOfFrames.toFixed(1)} for the same frames without it`,
    );
    return { clips: CLIPS, open, frames, edits: edit, idle };
  });
}

if (import.meta.main) await benchTimelineWindow((line) => process.stdout.write(`${line}\n`));
