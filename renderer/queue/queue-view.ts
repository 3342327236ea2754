import type { GenerateJob, JobSnapshot, ResolvedRequest } from "../../core/contract/index.ts";
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
