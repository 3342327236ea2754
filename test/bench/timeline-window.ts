/**
 * The timeline in a real Chromium, with 2 000 clips on 10 tracks: how long opening it takes, what a frame costs while it is scrolled,
 * zoomed and played, and what an edit costs in the page. "Work" is the time that the page's own thread was busy for a frame (script, style,
 * layout, drawing commands), which a busy machine disturbs least; "interval" is the time from one frame to the next as the browser gave them.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CDPSession, Page } from "playwright-core";
import { writeProjectFile } from "../../main/studio/projects/format.ts";
import { fakeEntry, launchBrowser, openWindow, startApp } from "../e2e/harness.ts";
import { largeTimeline } from "./timeline.ts";

const CLIPS = 2000;
const FRAMES = 180;
const EDITS = 20;

interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}
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
  readonly open: number;
  readonly frames: Readonly<Record<"scrolling" | "zooming" | "playhead" | "all in sight", Frames>>;
  /** Milliseconds of the page's thread for one edit: key to drawn frame, the first and what follows when the studio has answered. */
  readonly edit: Readonly<Record<string, Spread & { readonly cpu: number }>>;
  /** The browser's own pace, with nothing to draw: what no page on this machine can be better than. */
  readonly idle: Spread;
}

type Task = { readonly kind: "wheel" | "seek" | "nothing"; readonly zoom: boolean; readonly by: number };

/** Does something in each of many frames; answers with how long the page's thread was busy for each, and their distances. */
function measureFrames(page: Page, task: Task): Promise<{ work: number[]; interval: number[] }> {
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

/** The time of the page's thread from a key to the drawn frame, and until the studio's answer is drawn. */
function measureEdits(
  page: Page,
  keys: { readonly code: string; readonly alt?: boolean; readonly shift?: boolean; readonly mod?: boolean },
  count: number,
): Promise<number[]> {
  return page.evaluate(
    async ([{ code, alt, shift, mod }, runs]) => {
      const channel = new MessageChannel();
      channel.port1.start();
      const afterFrame = () =>
        new Promise<void>((done) => {
          requestAnimationFrame(() => {
            channel.port1.addEventListener("message", () => done(), { once: true });
            channel.port2.postMessage(null);
          });
        });
      const times: number[] = [];
      for (let n = 0; n < runs; n++) {
        await afterFrame();
        const start = performance.now();
        window.dispatchEvent(
          new KeyboardEvent("keydown", {
            code,
            key: "",
            altKey: alt ?? false,
            shiftKey: shift ?? false,
            ctrlKey: mod ?? false,
            bubbles: true,
            cancelable: true,
          }),
        );
        const script = performance.now() - start;
        const drawn = await new Promise<number>((done) => {
          requestAnimationFrame(() => {
            const began = performance.now();
            channel.port1.addEventListener("message", () => done(performance.now() - began), { once: true });
            channel.port2.postMessage(null);
          });
        });
        times.push(script + drawn);
        await new Promise((done) => setTimeout(done, 60));
      }
      return times;
    },
    [keys, count] as const,
  );
}

/** Milliseconds of CPU time that the page's thread has used for tasks of all kinds. */
async function cpuOf(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0) * 1000;
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

const words = ({ p50, p95, max }: Spread) => `p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)}, max ${max.toFixed(1)}`;

export async function benchTimelineWindow(say: (line: string) => void): Promise<TimelineWindowResult> {
  const home = await mkdtemp(join(tmpdir(), "plume-bench-timeline-"));
  const folder = join(home, "projects", "Large");
  await mkdir(folder, { recursive: true });
  const timeline = { ...largeTimeline(CLIPS), name: "Large" };
  await writeFile(join(folder, "project.json"), writeProjectFile(timeline, 1, new Date().toISOString()));
  const app = await startApp(fakeEntry, { PLUME_HOME: home, PLUME_FAKE_PROJECTS: join(home, "projects") });
  const browser = await launchBrowser();
  try {
    const { page } = await openWindow(browser, app.url);
    const open = await page.evaluate(async () => {
      const start = performance.now();
      const tab = [...document.querySelectorAll("button")].find((button) => button.textContent === "Edit")!;
      tab.click();
      while (document.querySelector('[role="gridcell"][data-clip]') === null)
        await new Promise((done) => requestAnimationFrame(done));
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return performance.now() - start;
    });
    say(`${CLIPS} clips on 10 tracks in Chromium, opened in ${open.toFixed(0)} ms (aim: under 1000)`);
    const of = async (name: string, task: Task): Promise<Frames> => {
      await measureFrames(page, task);
      const before = await cpuOf(session);
      const { work, interval } = await measureFrames(page, task);
      const cpu = (await cpuOf(session)) - before;
      const result = { cpu: cpu / FRAMES, work: spread(work), interval: spread(interval) };
      say(
        `  ${name.padEnd(12)} ${result.cpu.toFixed(1)} ms of CPU a frame; work ${words(result.work)}; interval ${words(result.interval)} (aim: p95 under 16.7)`,
      );
      return result;
    };
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
    await session.send("Performance.enable");
    const { interval } = await measureFrames(page, { kind: "nothing", zoom: false, by: 0 });
    const idle = spread(interval);
    say(`  ${"idle".padEnd(12)} interval ${words(idle)}`);
    const scrolling = await of("scrolling", { kind: "wheel", zoom: false, by: 40 });
    const zooming = await of("zooming", { kind: "wheel", zoom: true, by: 12 });
    const playhead = await of("playhead", { kind: "seek", zoom: false, by: 0 });
    await page.keyboard.press("Backslash");
    const all = await of("all in sight", { kind: "wheel", zoom: true, by: 2 });
    await page.keyboard.press("Home");
    await page.locator('[role="gridcell"][data-clip]').first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const edit: Record<string, Spread & { readonly cpu: number }> = {};
    const keys = {
      "trim end": { code: "ArrowLeft", alt: true, shift: true },
      "ripple end": { code: "Comma", alt: true },
      nudge: { code: "ArrowRight", alt: true },
      mark: { code: "KeyM" },
    } as const;
    for (const [name, chord] of Object.entries(keys)) {
      const before = await cpuOf(session);
      const times = await measureEdits(page, chord, EDITS);
      // An edit is drawn twice: at once, and with the studio's answer.
      const cpu = ((await cpuOf(session)) - before) / EDITS;
      edit[name] = { ...spread(times), cpu };
      say(`  ${name.padEnd(12)} ${cpu.toFixed(1)} ms of CPU in all; key to frame ${words(edit[name])} (aim: under 8)`);
    }
    return { clips: CLIPS, open, frames: { scrolling, zooming, playhead, "all in sight": all }, edit, idle };
  } finally {
    await browser.close();
    await app.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

if (import.meta.main) await benchTimelineWindow((line) => process.stdout.write(`${line}\n`));
