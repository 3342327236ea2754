import type { GenerateJob, JobSnapshot, MediaJob, ResolvedRequest } from "../../core/contract/index.ts";
import { queueOf } from "../state/items.ts";

/** What the queue's panel shows, in the order in which it shows it. */
export interface QueueView {
  /** At work, then waiting in line. */
  readonly line: readonly JobSnapshot[];
  /** Paused by the user, or waiting for the user's word. */
  readonly aside: readonly JobSnapshot[];
  /** Newest first. */
  readonly ended: readonly JobSnapshot[];
}

/** Ended jobs that are shown; the library shows the clips of all. */
const ENDED = 40;

export function queueView(jobs: readonly JobSnapshot[]): QueueView {
  return {
    line: queueOf(jobs),
    aside: jobs.filter(({ state }) => state === "paused" || state === "waiting"),
    ended: jobs
      .filter(({ finishedAt }) => finishedAt !== null)
      .toSorted((a, b) => b.finishedAt!.localeCompare(a.finishedAt!))
      .slice(0, ENDED),
  };
}

/** Work on media that was queued together: one row, which opens. */
export interface MediaGroup {
  readonly batch: string;
  readonly kind: MediaJob["kind"];
  readonly all: readonly MediaJob[];
  /** Those that are not done: what is worked on and waits in order, then what is paused, what failed before all. */
  readonly rows: readonly MediaJob[];
  readonly done: number;
  readonly failed: number;
  readonly stopped: number;
  readonly running: MediaJob | null;
  /** What most of it comes to: while one runs or waits it goes on; `ended`: what is left failed or was stopped. */
  readonly state: "running" | "queued" | "paused" | "ended";
  /** Why the first of those failed that did. */
  readonly problem: string | null;
}

/** Work on media by its batches, in the order in which their turns come; a batch that is done is not shown. */
export function mediaGroups(jobs: readonly MediaJob[]): readonly MediaGroup[] {
  const batches = new Map<string, MediaJob[]>();
  for (const job of jobs) batches.set(job.batch ?? job.id, [...(batches.get(job.batch ?? job.id) ?? []), job]);
  const groups = [...batches].map(([batch, all]) => groupOf(batch, all));
  const line = queueOf(jobs);
  const place = ({ all }: MediaGroup): number => {
    const at = line.findIndex((job) => all.includes(job as MediaJob));
    return at < 0 ? line.length : at;
  };
  return groups.filter(({ rows }) => rows.length > 0).toSorted((a, b) => place(a) - place(b));
}

function groupOf(batch: string, all: readonly MediaJob[]): MediaGroup {
  const of = (state: MediaJob["state"]): readonly MediaJob[] => all.filter((job) => job.state === state);
  const [failed, stopped, paused] = [of("failed"), of("cancelled"), of("paused")];
  const line = queueOf(all) as readonly MediaJob[];
  const running = line[0]?.state === "running" ? line[0] : null;
  const waits = line.length > 0 ? "queued" : paused.length > 0 ? "paused" : "ended";
  return {
    batch,
    kind: all[0]!.kind,
    all,
    rows: [...failed, ...line, ...paused, ...stopped],
    done: of("done").length,
    failed: failed.length,
    stopped: stopped.length,
    running,
    state: running === null ? waits : "running",
    problem: failed[0]?.error?.message ?? null,
  };
}

export const groupName = ({ kind, all }: MediaGroup): string => {
  const what = all.length === 1 ? all[0]!.title : `${all.length} media`;
  if (kind === "follow") return `Following the subjects of ${what}`;
  return kind === "analysis" ? `Looking at ${what}` : `Making ${what} play smoothly`;
};

/** What is being done for media at this moment, in a few words; null: nothing. */
export function mediaWords(groups: readonly MediaGroup[]): string | null {
  const group = groups.find(({ running }) => running !== null);
  if (group === undefined) return null;
  const { all, done } = group;
  return all.length === 1 ? groupName(group) : `${groupName(group)}: ${done} done`;
}

/** A clip or a film is being made, or a model converted: what is only good to know waits. */
export const isComputing = (jobs: readonly JobSnapshot[]): boolean =>
  jobs.some(
    ({ kind, state, waitsFor }) =>
      kind !== "download" && waitsFor === null && (state === "running" || state === "queued"),
  );

/** Where a job goes that is moved by so many places among those that wait: before this one; null: at the end; undefined: it cannot. */
export function placeAfterMove(line: readonly JobSnapshot[], id: string, by: -1 | 1): string | null | undefined {
  const waiting = line.filter(({ state }) => state === "queued");
  const at = waiting.findIndex((job) => job.id === id);
  if (at < 0 || waiting[at + by] === undefined) return undefined;
  return by < 0 ? waiting[at - 1]!.id : (waiting[at + 2]?.id ?? null);
}

/** Clips of one list or sweep as a table. */
export interface BatchGrid {
  /** What the columns and rows go through, as words; null: nothing. */
  readonly across: string | null;
  readonly down: string | null;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly label: string; readonly cells: readonly (GenerateJob | null)[] }[];
}

const NAMES: readonly (readonly [keyof ResolvedRequest, string])[] = [
  ["prompt", "Prompt"],
  ["steps", "Steps"],
  ["guidance", "Guidance"],
  ["width", "Width"],
  ["height", "Height"],
  ["frames", "Frames"],
  ["fps", "Frames per second"],
  ["precision", "Precision"],
  ["model", "Model"],
  ["negativePrompt", "Negative prompt"],
  ["seed", "Seed"],
];

/**
 * The table of a batch: what takes the fewest values goes down, the next across; what else differs (and seeds, where nothing else does)
 * is told in the cells. Of clips that are asked for twice, the newest is shown.
 */
export function batchGrid(jobs: readonly GenerateJob[]): BatchGrid {
  const values = (field: keyof ResolvedRequest): string[] => [
    ...new Set(jobs.map(({ request }) => String(request[field]))),
  ];
  const axes = NAMES.map(([field, name]) => ({ field, name, values: values(field) })).filter(
    (axis) => axis.values.length > 1,
  );
  const [first, second] = axes.toSorted((a, b) => a.values.length - b.values.length);
  // One axis alone goes across and wraps.
  const [down, across] = second === undefined ? [undefined, first] : [first, second];
  const cell = (row: string | null, column: string | null): GenerateJob | null =>
    jobs.findLast(
      ({ request }) =>
        (down === undefined || String(request[down.field]) === row) &&
        (across === undefined || String(request[across.field]) === column),
    ) ?? null;
  const columns = across?.values ?? [""];
  return {
    across: across?.name ?? null,
    down: down?.name ?? null,
    columns,
    rows: (down?.values ?? [""]).map((label) => ({ label, cells: columns.map((column) => cell(label, column)) })),
  };
}
