/**
 * Whether the studio stays awake while it works: the real app with the real engine makes clips for a window that listens to its
 * events, fetches every preview and plays what comes out, and a probe inside the studio's process measures how long the event loop
 * does not turn (test/bench/event-loop-probe.ts). First as a newcomer has it, then with a library of many clips.
 */
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobSnapshot, type Method, replySchema, type StudioEvent } from "../../core/contract/index.ts";
import { realEntry, startApp } from "../app.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import type { LoopReport, Stall } from "./event-loop-probe.ts";

/** The promise: the studio's event loop never blocks longer. */
const LIMIT_MS = 50;
const LIBRARY = 500;
const probe = new URL("./event-loop-probe.ts", import.meta.url).href;

export interface StudioResult {
  readonly limitMs: number;
  readonly phases: readonly PhaseResult[];
}
interface PhaseResult {
  readonly phase: string;
  readonly clipsInLibrary: number;
  readonly seconds: number;
  /** Longest stretch of the studio's own work without a turn of the loop, milliseconds. */
  readonly longestWorkMs: number;
  /** Longest sleep inside a turn. */
  readonly longestSleepMs: number;
  readonly met: boolean;
}

export async function benchStudio({ args, say }: BenchContext): Promise<StudioResult> {
  const many = numberAfter(args, "--clips") ?? LIBRARY;
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-studio-"));
  try {
    const phases = [await phase("first start: installs the starter, one clip", folder, say)];
    await multiply(join(folder, "clips"), many);
    phases.push(await phase(`a library of ${many} clips: two more`, folder, say, 2));
    return { limitMs: LIMIT_MS, phases };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Fills the library with copies of the one clip that is in it. */
async function multiply(clips: string, count: number): Promise<void> {
  const video = (await readdir(clips)).find((name) => name.endsWith(".mp4"))!;
  const record = video.replace(".mp4", ".json");
  for (let n = 1; n < count; n++) {
    const copy = join(clips, `copy-${n}.mp4`);
    await link(join(clips, video), copy).catch(() => copyFile(join(clips, video), copy));
    await writeFile(copy.replace(".mp4", ".json"), await readFile(join(clips, record)));
  }
}

async function phase(name: string, folder: string, say: (line: string) => void, variations = 1): Promise<PhaseResult> {
  const report = join(folder, "event-loop.json");
  const clips = join(folder, "clips");
  await mkdir(clips, { recursive: true });
  const environment = { PLUME_HOME: join(folder, "home"), PLUME_OUTPUT: clips, PLUME_LOOP_REPORT: report };
  const app = await startApp(realEntry, environment, ["--import", probe]);
  const ready = Date.now();
  let inLibrary = 0;
  try {
    inLibrary = await actAsWindow(app.url, variations);
  } finally {
    await app.stop();
  }
  const { stalls } = JSON.parse(await readFile(report, "utf8")) as LoopReport;
  // Before it said where it is there was no loop yet: its modules were being loaded.
  const counted = stalls.filter(({ at }) => at > ready);
  const work = counted.toSorted((a, b) => b.workedMs - a.workedMs);
  const sleep = counted.toSorted((a, b) => b.sleptMs - a.sleptMs);
  const longestWorkMs = work[0]?.workedMs ?? 0;
  const longestSleepMs = sleep[0]?.sleptMs ?? 0;
  const met = longestWorkMs <= LIMIT_MS;
  const seconds = (Date.now() - ready) / 1000;
  say(`${name} (${inLibrary} clips in the end, ${seconds.toFixed(0)} s)`);
  const list = (some: readonly Stall[], pick: (stall: Stall) => number) =>
    some.slice(0, 5).map((stall) => `${pick(stall).toFixed(1)} ms after ${((stall.at - ready) / 1000).toFixed(1)} s`);
  say(`  longest work without a turn: ${list(work, ({ workedMs }) => workedMs).join(", ")}`);
  say(
    `  longest sleep in a turn (a child that starts late on a busy machine): ${list(sleep, ({ sleptMs }) => sleptMs).join(", ")}`,
  );
  say(
    `${met ? "reached" : "MISSED "}  the event loop never blocks over ${LIMIT_MS} ms: ${longestWorkMs.toFixed(1)} ms`,
  );
  return { phase: name, clipsInLibrary: inLibrary, seconds, longestWorkMs, longestSleepMs, met };
}

/** What the window does while clips are made; returns the number of clips in the library at the end. */
async function actAsWindow(launchUrl: string, variations: number): Promise<number> {
  const { origin } = new URL(launchUrl);
  const launch = await fetch(launchUrl, { redirect: "manual" });
  const cookie = launch.headers.get("set-cookie")?.split(";")[0] ?? "";
  const get = (path: string) => fetch(origin + path, { headers: { cookie } }).then((answer) => answer.arrayBuffer());
  const call = async (method: Method, input: unknown): Promise<unknown> => {
    const headers = { cookie, origin, "content-type": "application/json" };
    const answer = await fetch(`${origin}/api/${method}`, { method: "POST", headers, body: JSON.stringify(input) });
    const reply = replySchema.parse(await answer.json());
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value;
  };
  const events = listen(await fetch(`${origin}/events`, { headers: { cookie } }));
  await Promise.all([call("library.list", {}), call("system.info", {}), get("/")]);
  await call("models.list", {});
  const request = { prompt: "blue bubbles rising slowly", seed: 1 };
  const jobs = (await call("jobs.generate", { request, variations })) as JobSnapshot[];
  const waiting = new Set(jobs.map(({ id }) => id));
  for await (const event of events) {
    if (event.type !== "job") continue;
    const { job } = event;
    if (job.state === "failed") throw new Error(job.error?.message);
    if (job.preview !== null && job.state === "running") await get(`/preview/${job.id}/${job.preview.step}`);
    if (job.state !== "done") continue;
    await get(`/media/${job.clip!.id}`);
    waiting.delete(job.id);
    if (waiting.size === 0) break;
  }
  return ((await call("library.list", {})) as unknown[]).length;
}

/** The studio's events as they come. */
export async function* listen(answer: Response): AsyncGenerator<StudioEvent> {
  const text = answer.body!.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const chunk of text) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: ")) yield JSON.parse(line.slice(6)) as StudioEvent;
  }
}
