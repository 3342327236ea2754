import type { JobKind, JobSnapshot, Priority } from "../../../core/contract/index.ts";
import { hasEnded, type Queue } from "./queue.ts";

/**
 * Lanes of the queue: one job of each works at a time. Whatever computes shares one, because two models, or a model and an encoder, only
 * slow each other down and do not fit into memory together; a download needs neither.
 */
export type Lane = "compute" | "network";

export const lanes: readonly Lane[] = ["compute", "network"];

export const laneOf: Readonly<Record<JobKind, Lane>> = {
  generate: "compute",
  animate: "compute",
  export: "compute",
  convert: "compute",
  download: "network",
};

const RANK: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };

/** Jobs that wait, in the order in which their turns come: by priority, then as they stand. */
export function inLine(queue: Queue): JobSnapshot[] {
  // Sorting is stable.
  return queue.filter(({ state }) => state === "queued").sort((a, b) => RANK[a.priority] - RANK[b.priority]);
}

/** The jobs that could begin in this lane, the one whose turn it is first. */
export function readyOf(queue: Queue, lane: Lane): JobSnapshot[] {
  return inLine(queue).filter((job) => laneOf[job.kind] === lane && isReady(queue, job));
}

/** What it builds on is there. A job that was taken off the list had ended well, or nobody wanted it any more. */
function isReady(queue: Queue, job: JobSnapshot): boolean {
  return queue.every(({ id, state }) => !job.after.includes(id) || state === "done");
}

/** Jobs that can never begin, because what they build on failed or was cancelled; each with that. */
export function stranded(queue: Queue): { readonly job: JobSnapshot; readonly because: JobSnapshot }[] {
  return queue.flatMap((job) => {
    if (job.state !== "queued") return [];
    const because = queue.find((other) => job.after.includes(other.id) && hasEnded(other) && other.state !== "done");
    return because === undefined ? [] : [{ job, because }];
  });
}
