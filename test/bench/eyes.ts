/**
 * Whether looking at media in the background leaves the studio awake: the app takes in a film, prepares it, then looks at it, and a probe
 * inside the studio's process measures how long its event loop does not turn (test/bench/event-loop-probe.ts): while it prepares, while it
 * looks, and afterwards, when it has nothing to do.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { StudioEvent } from "../../core/contract/index.ts";
import { startApp } from "../app.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import type { LoopReport } from "./event-loop-probe.ts";
import { listen } from "./studio.ts";

/** The promise: the studio's event loop never blocks longer. */
const LIMIT_MS = 50;
const SECONDS = 20;
const IDLE_MS = 5000;
const probe = new URL("./event-loop-probe.ts", import.meta.url).href;
/** The real studio; only the networks, which run in a process of their own, are stood in for. */
const entry = resolve(import.meta.dirname, "..", "..", "main", "shell-browser", "testing", "main-animation.ts");

export interface EyesResult {
  readonly limitMs: number;
  /** Longest stretch of the studio's own work without a turn of its loop, milliseconds. */
  readonly longestWorkMs: { readonly preparing: number; readonly looking: number; readonly idle: number };
  readonly lookingSeconds: number;
  readonly met: boolean;
}

export async function benchEyes({ args, say }: BenchContext): Promise<EyesResult> {
  const seconds = numberAfter(args, "--seconds") ?? SECONDS;
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-eyes-"));
  try {
    const film = join(folder, "film.mp4");
    const picture = ["-f", "lavfi", "-i", `testsrc2=s=1920x1080:r=30:d=${seconds}`];
    execFileSync("ffmpeg", ["-v", "error", ...picture, "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", film]);
    const report = join(folder, "event-loop.json");
    const home = { PLUME_HOME: join(folder, "home"), PLUME_OUTPUT: join(folder, "out") };
    const environment = { ...home, PLUME_LOOP_REPORT: report, PLUME_FAKE_EYES: "1" };
    const app = await startApp(entry, environment, ["--import", probe]);
    let times: Times;
    try {
      times = await takeIn(app.url, film);
    } finally {
      await app.stop();
    }
    const { stalls } = JSON.parse(await readFile(report, "utf8")) as LoopReport;
    const longest = (from: number, to: number): number =>
      stalls.filter(({ at }) => at > from && at <= to).reduce((most, { workedMs }) => Math.max(most, workedMs), 0);
    const longestWorkMs = {
      preparing: longest(times.started, times.prepared),
      looking: longest(times.prepared, times.seen),
      idle: longest(times.seen, times.ended),
    };
    const lookingSeconds = (times.seen - times.prepared) / 1000;
    const met = longestWorkMs.looking <= LIMIT_MS;
    say(`a film of ${seconds} s, 1920×1080: looked at in ${lookingSeconds.toFixed(1)} s`);
    for (const [what, ms] of Object.entries(longestWorkMs))
      say(`  ${what.padEnd(10)} longest work without a turn: ${ms === 0 ? "none of note" : `${ms.toFixed(1)} ms`}`);
    say(`${met ? "reached" : "MISSED "}  looking never blocks the event loop over ${LIMIT_MS} ms`);
    return { limitMs: LIMIT_MS, longestWorkMs, lookingSeconds, met };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds since the epoch. */
interface Times {
  readonly started: number;
  readonly prepared: number;
  readonly seen: number;
  readonly ended: number;
}

/** Hands the film over as the window does, and waits until it was looked at. */
async function takeIn(launchUrl: string, film: string): Promise<Times> {
  const { origin } = new URL(launchUrl);
  const launch = await fetch(launchUrl, { redirect: "manual" });
  const cookie = launch.headers.get("set-cookie")?.split(";")[0] ?? "";
  const events = listen(await fetch(`${origin}/events`, { headers: { cookie } }));
  const body = await readFile(film);
  const started = Date.now();
  const headers = { cookie, origin, "content-type": "application/octet-stream" };
  const uploading = fetch(`${origin}/upload?name=film.mp4`, { method: "POST", headers, body });
  let prepared = started;
  for await (const event of events) {
    if (isPrepared(event)) prepared = Date.now();
    if (event.type === "media-facts") break;
  }
  await uploading;
  const seen = Date.now();
  await new Promise((done) => setTimeout(done, IDLE_MS));
  return { started, prepared, seen, ended: Date.now() };
}

const isPrepared = (event: StudioEvent): boolean =>
  event.type === "media-status" && event.status.every(({ work }) => work === null);
