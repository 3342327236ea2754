/**
 * Whether looking at media in the background disturbs editing: the app with the eyes that ship, its window in a real Chromium on a timeline
 * that is scrolled all the time. Measured while nothing else goes on, while films are prepared, while they are looked at, and afterwards:
 * what the page's frames cost and how far they lie apart, and how long the studio's own event loop does not turn
 * (test/bench/event-loop-probe.ts).
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import type { MediaFacts } from "../../core/contract/index.ts";
import { askStudio, launchBrowser, openWindow, startApp } from "../e2e/harness.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import type { LoopReport } from "./event-loop-probe.ts";
import { spread, type Spread, words } from "./spread.ts";
import { cpuOf, FRAMES, measureFrames } from "./timeline-window.ts";
import { encodeMedia, filmArgs, importPrepared, projectWith } from "./timeline-project.ts";

/** The promise: the studio's event loop never blocks longer. */
const LIMIT_MS = 50;
const SECONDS = 40;
const CLIPS = 60;
/** Rounds of frames while nothing goes on, before and after. */
const IDLE_ROUNDS = 2;
const probe = new URL("./event-loop-probe.ts", import.meta.url).href;
const entry = resolve(import.meta.dirname, "..", "..", "main", "shell-browser", "testing", "main-eyes.ts");

interface Phase {
  readonly seconds: number;
  /** CPU time of the page's thread for one frame on average, milliseconds. */
  readonly cpuMs: number;
  /** From one frame to the next, milliseconds. */
  readonly interval: Spread;
  /** Longest stretch of the studio's own work without a turn of its loop, milliseconds. */
  readonly longestWorkMs: number;
  /** Longest stretch without a turn for whatever reason, waiting for a processor included. */
  readonly longestDelayMs: number;
}

export interface EyesResult {
  readonly limitMs: number;
  readonly films: number;
  readonly secondsEach: number;
  readonly phases: Readonly<Record<"idle before" | "looking" | "idle after", Phase>>;
  /** CPU of a frame while looking by that of idle ones. */
  readonly ofIdle: number;
  readonly met: boolean;
}

export async function benchEyes({ args, say }: BenchContext): Promise<EyesResult> {
  const seconds = numberAfter(args, "--seconds") ?? SECONDS;
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-eyes-"));
  const browser = await launchBrowser();
  try {
    const encode = (name: string, picture: string, length: number, n: number) =>
      encodeMedia(join(folder, name), filmArgs(picture, "1280x720", length, 110 * n));
    const [short, ...films] = [
      await encode("edited.mp4", "testsrc2", 6, 1),
      await encode("first.mp4", "testsrc2", seconds, 2),
      await encode("second.mp4", "mandelbrot", seconds, 3),
    ] as const;
    const report = join(folder, "event-loop.json");
    const environment = {
      PLUME_HOME: join(folder, "home"),
      PLUME_OUTPUT: join(folder, "out"),
      PLUME_LOOP_REPORT: report,
    };
    const app = await startApp(entry, environment, ["--import", probe]);
    let measured: Record<keyof EyesResult["phases"], Rounds>;
    try {
      const { page } = await openWindow(browser, app.url);
      const [edited] = await importPrepared(page, [short]);
      await edit(page, edited!);
      await isSeen(page, [edited!], true);
      const before = await rounds(page, (n) => Promise.resolve(n < IDLE_ROUNDS));
      const ids = await importPrepared(page, films);
      const looking = await rounds(page, async () => !(await isSeen(page, ids)));
      const after = await rounds(page, (n) => Promise.resolve(n < IDLE_ROUNDS));
      measured = { "idle before": before, looking, "idle after": after };
    } finally {
      await app.stop();
    }
    const { stalls } = JSON.parse(await readFile(report, "utf8")) as LoopReport;
    const phase = ({ from, to, cpuMs, interval }: Rounds): Phase => {
      const here = stalls.filter(({ at }) => at > from && at <= to);
      const longest = (of: (stall: (typeof here)[number]) => number) => Math.max(0, ...here.map(of));
      return {
        seconds: (to - from) / 1000,
        cpuMs,
        interval: spread(interval),
        longestWorkMs: longest(({ workedMs }) => workedMs),
        longestDelayMs: longest(({ workedMs, sleptMs, waitedMs }) => workedMs + sleptMs + (waitedMs ?? 0)),
      };
    };
    const phases = {
      "idle before": phase(measured["idle before"]),
      looking: phase(measured.looking),
      "idle after": phase(measured["idle after"]),
    };
    say(`${films.length} films of ${seconds} s, 1280×720, looked at while a timeline of ${CLIPS} clips is scrolled`);
    for (const [name, { cpuMs, interval, longestWorkMs, longestDelayMs, ...rest }] of Object.entries(phases))
      say(
        `  ${name.padEnd(12)} ${rest.seconds.toFixed(0).padStart(3)} s   page ${cpuMs.toFixed(1)} ms of CPU a frame, interval ${words(interval)}   ` +
          `studio: longest work ${longestWorkMs.toFixed(1)} ms, longest delay ${longestDelayMs.toFixed(1)} ms`,
      );
    const ofIdle = (2 * phases.looking.cpuMs) / (phases["idle before"].cpuMs + phases["idle after"].cpuMs);
    const met = phases.looking.longestWorkMs <= LIMIT_MS;
    say(`  a frame while looking costs the page ${ofIdle.toFixed(2)} of an idle one`);
    say(`${met ? "reached" : "MISSED "}  looking never blocks the event loop over ${LIMIT_MS} ms`);
    return { limitMs: LIMIT_MS, films: films.length, secondsEach: seconds, phases, ofIdle, met };
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A project whose timeline has the film many times, open in Edit. */
async function edit(page: Page, media: string): Promise<void> {
  const { id, document: empty } = await projectWith(page, [media], { name: "Cut" });
  const track = empty.tracks.find(({ kind }) => kind === "video")!;
  const args = { clips: [{ track: track.id, clip: { media } }] };
  for (let n = 0; n < CLIPS; n++) await askStudio(page, "projects.edit", { id, name: "append", arguments: args });
  await page.reload();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.waitForFunction(() => document.querySelector('[role="gridcell"][data-clip]') !== null);
}

/** Whether all of these have been looked at. @param wait until they have */
async function isSeen(page: Page, ids: readonly string[], wait = false): Promise<boolean> {
  for (;;) {
    const known = await askStudio<{ facts: MediaFacts | null }[]>(page, "analysis.facts", { ids });
    if (known.every(({ facts }) => facts !== null)) return true;
    if (!wait) return false;
    await new Promise((done) => setTimeout(done, 200));
  }
}

interface Rounds {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly cpuMs: number;
  readonly interval: readonly number[];
}

/** Scrolls the timeline, round after round of frames, for as long as `goesOn` says before each. */
async function rounds(page: Page, goesOn: (round: number) => Promise<boolean>): Promise<Rounds> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const [from, before] = [Date.now(), await cpuOf(session)];
  const interval: number[] = [];
  let round = 0;
  for (; await goesOn(round); round++)
    interval.push(...(await measureFrames(page, { kind: "wheel", zoom: false, by: 40 })).interval);
  if (round === 0) throw new Error("All was seen before it could be measured: take longer films with --seconds.");
  const cpuMs = ((await cpuOf(session)) - before) / (round * FRAMES);
  await session.detach();
  return { from, to: Date.now(), cpuMs, interval };
}
