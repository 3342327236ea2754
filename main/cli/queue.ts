import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseAxis, parsePromptList, sweep } from "../../core/batch/index.ts";
import {
  type GenerationRequest,
  isHeld,
  isMediaJob,
  type JobSnapshot,
  type QueueHold,
  type Priority,
  prioritySchema,
  type QueueState,
  StudioError,
} from "../../core/contract/index.ts";
import type { QueueAccess, Studio } from "../studio/index.ts";
import { type GenerateOptions, toRequest } from "./generate.ts";
import { describe, duration, type Output } from "./output.ts";

export interface AddOptions extends Omit<GenerateOptions, "output" | "overwrite"> {
  readonly priority?: string;
  /** `--sweep steps=2,4 --sweep seed=1..4` */
  readonly sweep?: readonly string[];
  readonly dryRun?: boolean;
}

const ENDED: ReadonlySet<JobSnapshot["state"]> = new Set(["done", "failed", "cancelled"]);

/** `plume queue list` */
export async function listQueue(queue: QueueAccess, all: boolean, output: Output): Promise<void> {
  const [state, jobs] = [await queue.call("queue.state", {}), await queue.call("jobs.list", {})];
  // What is done for media stays until somebody says what to do with what failed.
  const shown = jobs.filter((job) => all || !ENDED.has(job.state) || (isMediaJob(job) && job.state !== "done"));
  const lines = [
    ...(state.hold === null ? [] : [holdWords(state.hold)]),
    ...(all ? shown.map(lineOf) : grouped(shown, jobs)),
    ...(shown.length === 0 ? ["Nothing is in the queue."] : []),
    ...(!queue.isOpen && shown.some((job) => job.state === "queued")
      ? ["No studio is open: start it, or run `plume queue run`, and this is worked on."]
      : []),
  ];
  output.result({ open: queue.isOpen, queue: state, jobs: shown }, lines.join("\n"));
}

/** `plume queue add PROMPT`; with --sweep every combination. */
export async function addToQueue(
  queue: QueueAccess,
  prompt: string,
  options: AddOptions,
  output: Output,
): Promise<void> {
  const request = toRequest(prompt, options);
  const axes = (options.sweep ?? []).map(parseAxis);
  const count = options.variations === undefined ? 1 : Number(options.variations);
  if (!Number.isInteger(count) || count < 1)
    throw new StudioError("BAD_REQUEST", "The number of variations must be a whole number, 1 or more.");
  const seed = request.seed ?? Math.floor(Math.random() * 2 ** 32);
  const seeds =
    count === 1 ? [] : [{ field: "seed", values: Array.from({ length: count }, (_, n) => (seed + n) >>> 0) } as const];
  await addAll(
    queue,
    axes.length + seeds.length === 0 ? [request] : sweep(request, [...axes, ...seeds], seed),
    options,
    output,
  );
}

/** `plume queue import FILE` */
export async function importList(queue: QueueAccess, file: string, options: AddOptions, output: Output): Promise<void> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new StudioError("BAD_REQUEST", "This file cannot be read: check its path.", String(cause));
  });
  const { prompt: _, ...base } = toRequest("", options);
  await addAll(queue, parsePromptList(basename(file), text, base), options, output);
}

async function addAll(
  queue: QueueAccess,
  requests: GenerationRequest[],
  options: AddOptions,
  output: Output,
): Promise<void> {
  const clips = requests.length === 1 ? "1 clip" : `${requests.length} clips`;
  if (options.dryRun === true)
    return output.result({ requests }, [`${clips}:`, ...requests.map((each) => JSON.stringify(each))].join("\n"));
  const jobs = await queue.call("jobs.batch", { requests, ...priorityOf(options.priority) });
  output.result({ jobs }, jobs.map(({ id }) => id).join("\n"));
  output.remark(`${clips} added${queue.isOpen ? "" : "; start the studio, or run `plume queue run`"}.`);
}

/** `plume queue pause [ID]`: one job, or without an id everything. */
export async function pauseQueue(queue: QueueAccess, id: string | undefined, output: Output): Promise<void> {
  if (id !== undefined) return tellJobs(await steer(queue, id, "pause"), output);
  tellState(await queue.call("queue.hold", {}), output);
}

/** `plume queue resume [ID]` */
export async function resumeQueue(queue: QueueAccess, id: string | undefined, output: Output): Promise<void> {
  if (id !== undefined) return tellJobs(await steer(queue, id, "resume"), output);
  tellState(await queue.call("queue.release", {}), output);
}

/** `plume queue cancel ID…` and `plume queue retry ID…` */
export async function eachJob(
  queue: QueueAccess,
  act: "cancel" | "retry",
  ids: readonly string[],
  output: Output,
): Promise<void> {
  const jobs: JobSnapshot[] = [];
  for (const id of ids) jobs.push(...(await steer(queue, id, act)));
  output.result({ jobs }, jobs.map(lineOf).join("\n"));
}

/** Does this to a job, or to all jobs of a batch; how they are then. */
async function steer(
  queue: QueueAccess,
  id: string,
  act: "pause" | "resume" | "cancel" | "retry",
): Promise<JobSnapshot[]> {
  const batch = await batchOf(queue, id);
  return batch === null
    ? [await queue.call(`jobs.${act}`, { id: await whole(queue, id) })]
    : queue.call("jobs.together", { batch, act });
}

export interface DuplicateOptions extends AddOptions {
  readonly replace?: boolean;
}

/** `plume queue duplicate ID [PROMPT] --steps 8 …` */
export async function duplicate(
  queue: QueueAccess,
  id: string,
  prompt: string | undefined,
  { replace = false, dryRun = false, ...options }: DuplicateOptions,
  output: Output,
): Promise<void> {
  const { prompt: words, ...rest } = toRequest(prompt ?? "", options);
  const change = { ...rest, ...(prompt === undefined ? {} : { prompt: words }) };
  const job = await whole(queue, id);
  if (dryRun) return output.result({ job, change }, JSON.stringify(change));
  const made = await queue.call("jobs.duplicate", { id: job, change, replace });
  const { priority } = priorityOf(options.priority);
  tellJob(priority === undefined ? made : await queue.call("jobs.prioritize", { id: made.id, priority }), output);
}

/** `plume queue dismiss ID…` */
export async function dismissJobs(queue: QueueAccess, ids: readonly string[], output: Output): Promise<void> {
  const dismissed: string[] = [];
  for (const each of ids) {
    const batch = await batchOf(queue, each);
    if (batch !== null) await queue.call("jobs.together", { batch, act: "dismiss" });
    const id = batch ?? (await whole(queue, each));
    if (batch === null) await queue.call("jobs.dismiss", { id });
    dismissed.push(id);
  }
  output.result({ dismissed }, dismissed.join("\n"));
}

/** `plume queue reorder ID [BEFORE]`; `--priority` changes that instead. */
export async function reorder(
  queue: QueueAccess,
  id: string,
  before: string | undefined,
  priority: string | undefined,
  output: Output,
): Promise<void> {
  const wished = priorityOf(priority).priority;
  const batch = wished === undefined ? null : await batchOf(queue, id);
  if (batch !== null && wished !== undefined)
    return tellJobs(await queue.call("jobs.together", { batch, act: { priority: wished } }), output);
  const job = await whole(queue, id);
  if (wished !== undefined && before === undefined)
    return tellJob(await queue.call("jobs.prioritize", { id: job, priority: wished }), output);
  const target = before === undefined ? null : await whole(queue, before);
  tellState(await queue.call("jobs.move", { id: job, before: target }), output);
}

/** `plume queue run`: works through the queue without a window, until nothing is left to do. */
export async function runQueue(studio: Studio, output: Output, signal: AbortSignal): Promise<void> {
  const ended: JobSnapshot[] = [];
  const known = new Set(
    (await studio.call("jobs.list", {})).filter(({ state }) => ENDED.has(state)).map(({ id }) => id),
  );
  await new Promise<void>((resolve) => {
    const isOver = async (): Promise<void> => {
      const [{ hold }, jobs] = [await studio.call("queue.state", {}), await studio.call("jobs.list", {})];
      const isWorking =
        jobs.some(({ state }) => state === "running") ||
        jobs.some(({ kind, state }) => state === "queued" && !isHeld(hold, kind));
      if (!isWorking || signal.aborted) resolve();
    };
    signal.addEventListener("abort", () => resolve(), { once: true });
    studio.subscribe((event) => {
      if (event.type === "hello" || event.type === "queue") return void isOver();
      if (event.type !== "job") return;
      const { job } = event;
      if (job.state === "running")
        return output.progress(job.progress.fraction, `${titleOf(job)}: ${describe(job.progress)}`);
      if (job.waitsFor !== null) output.remark(lineOf(job));
      if (ENDED.has(job.state) && !known.has(job.id)) {
        known.add(job.id);
        // What the studio does for media by itself is only worth a word where it fails.
        if (isMediaJob(job) && job.state === "done") return void isOver();
        ended.push(job);
        output.remark(lineOf(job));
      }
      void isOver();
    });
  });
  output.clear();
  if (signal.aborted) throw new StudioError("CANCELLED", "Stopped; the queue goes on from here when it is next run.");
  const { hold } = await studio.call("queue.state", {});
  const failed = ended.filter(({ state }) => state === "failed").length;
  const done = ended.length === 0 ? "Nothing was left to do." : ended.map(lineOf).join("\n");
  const sentence = hold === null ? done : holdWords(hold);
  output.result({ jobs: ended, queue: await studio.call("queue.state", {}) }, sentence, failed === 0 && hold === null);
}

/** Ids may be shortened to what tells them apart. Errors: NOT_FOUND, BAD_REQUEST. */
async function whole(queue: QueueAccess, id: string): Promise<string> {
  const found = (await queue.call("jobs.list", {})).map((job) => job.id).filter((each) => each.startsWith(id));
  if (found.includes(id)) return id;
  if (found.length === 1) return found[0]!;
  if (found.length === 0)
    throw new StudioError("NOT_FOUND", `No job begins with ${id}: see \`plume queue list --all\`.`);
  throw new StudioError("BAD_REQUEST", `${found.length} jobs begin with ${id}: write more of it.`);
}

/** The batch that an id, or its beginning, names; null: none, or a job. Errors: BAD_REQUEST. */
async function batchOf(queue: QueueAccess, id: string): Promise<string | null> {
  const jobs = await queue.call("jobs.list", {});
  if (jobs.some((job) => job.id.startsWith(id))) return null;
  const found = [...new Set(jobs.flatMap(({ batch }) => (batch?.startsWith(id) === true ? [batch] : [])))];
  if (found.length > 1)
    throw new StudioError("BAD_REQUEST", `${found.length} batches begin with ${id}: write more of it.`);
  return found[0] ?? null;
}

function priorityOf(text: string | undefined): { priority?: Priority } {
  if (text === undefined) return {};
  const priority = prioritySchema.safeParse(text);
  if (!priority.success) throw new StudioError("BAD_REQUEST", "The priority must be high, normal or low.");
  return { priority: priority.data };
}

function tellJob(job: JobSnapshot, output: Output): void {
  output.result({ job }, lineOf(job));
}

function tellJobs(jobs: JobSnapshot[], output: Output): void {
  if (jobs.length === 1) return tellJob(jobs[0]!, output);
  output.result({ jobs }, jobs.map(lineOf).join("\n"));
}

function tellState(queue: QueueState, output: Output): void {
  output.result({ queue }, queue.hold === null ? "The queue goes on." : holdWords(queue.hold));
}

/** Here there is no button to press. */
const holdWords = ({ message }: QueueHold): string => message.replace("press Resume", "run `plume queue resume`");

/** What tells the clips of a sweep or a list apart. */
function factsOf(job: JobSnapshot): string {
  if (job.kind !== "generate") return "";
  const { width, height, frames, steps, seed } = job.request;
  return `, ${width}×${height}, ${frames} frames, ${steps} steps, seed ${seed}`;
}

function titleOf(job: JobSnapshot): string {
  if ("title" in job) return job.title;
  if (job.kind === "export") return job.request.fileName;
  return job.request.prompt.trim() === "" ? "animated picture" : job.request.prompt;
}

/** A line each, but one for all work of a kind that is done together for media; its id stands for all of them. */
function grouped(shown: readonly JobSnapshot[], all: readonly JobSnapshot[]): string[] {
  const told = new Set<string>();
  return shown.flatMap((job) => {
    const together = isMediaJob(job) ? all.filter((other) => other.batch !== null && other.batch === job.batch) : [];
    if (together.length < 2) return [lineOf(job)];
    if (told.has(job.batch!)) return [];
    told.add(job.batch!);
    const count = (state: JobSnapshot["state"]): number => together.filter((each) => each.state === state).length;
    const states = (["running", "paused", "failed", "cancelled"] as const).flatMap((state) =>
      count(state) === 0 ? [] : [`, ${count(state)} ${state}`],
    );
    const why = together.find(({ error }) => error !== null)?.error?.message;
    const facts = `${count("done")} of ${together.length} done${states.join("")}${why === undefined ? "" : ` (${why})`}`;
    return [`${job.batch}  together   ${job.kind}: ${together.length} media, ${facts}`];
  });
}

/** `id  state  what, and how far` */
function lineOf(job: JobSnapshot): string {
  const state = job.state === "running" ? `${Math.round(job.progress.fraction * 100)} %` : job.state;
  const priority = job.priority === "normal" ? "" : `, ${job.priority} priority`;
  const left =
    job.state === "running" && job.progress.etaMs !== null ? `, about ${duration(job.progress.etaMs)} left` : "";
  const reason = job.error?.message ?? job.waitsFor;
  const why = reason === null ? "" : ` (${reason})`;
  return `${job.id}  ${state.padEnd(9)}  ${job.kind}: ${titleOf(job)}${factsOf(job)}${priority}${left}${why}`;
}
