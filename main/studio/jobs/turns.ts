import type { JobKind, JobSnapshot, Priority } from "../../../core/contract/index.ts";
import { hasEnded, type Queue } from "./queue.ts";

/**
 * Lanes of the queue: one job of each works at a time. Whatever computes shares one, because two models, or a model and an encoder, only
 * slow each other down and do not fit into memory together; a download needs neither. What the studio does for media by itself has a lane
 * of its own, on what the computer has left over: it stands in no clip's way. What somebody waits for at the screen, or an export in its
 * midst, has another: it must not stand behind the proxies of a whole import.
 */
export type Lane = "compute" | "network" | "media" | "asked";

export const lanes: readonly Lane[] = ["compute", "network", "media", "asked"];

export const laneOf: Readonly<Record<JobKind, Lane>> = {
  generate: "compute",
  animate: "compute",
  export: "compute",
  convert: "compute",
  download: "network",
  proxy: "media",
  analysis: "media",
  follow: "asked",
};

const RANK: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };

/** Jobs that wait, in the order in which their turns come: by priority, then as they stand. */
export function inLine(queue: Queue): JobSnapshot[] {
  // Sorting is stable.
  return queue.filter(({ state }) => state === "queued").sort((a, b) => RANK[a.priority] - RANK[b.priority]);
}

/** The jobs that could begin in this lane, the one whose turn it is first. */
export function readyOf(queue: Queue, lane: Lane): JobSnapshot[] {
  const ready = inLine(queue).filter((job) => laneOf[job.kind] === lane && isReady(queue, job));
  return lane === "media" && isComputing(queue) ? ready.filter(({ kind }) => kind !== "analysis") : ready;
}

/** A clip or a film is made, or a subject followed, or begins at once. A proxy is waited for at the viewer; looking at media gives way to this. */
function isComputing(queue: Queue): boolean {
  const first: readonly Lane[] = ["compute", "asked"];
  const isAtWork = queue.some(({ kind, state }) => state === "running" && first.includes(laneOf[kind]));
  return isAtWork || first.some((lane) => readyOf(queue, lane).some(({ waitsFor }) => waitsFor === null));
}

/** What it builds on is there. A job that was taken off the list had ended well, or nobody wanted it any more. */
function isReady(queue: Queue, job: JobSnapshot): boolean {
  if (job.after.length === 0) return true;
  return queue.every(({ id, state }) => !job.after.includes(id) || state === "done");
}

/** Jobs that can never begin, because what they build on failed or was cancelled; each with that. */
export function stranded(queue: Queue): { readonly job: JobSnapshot; readonly because: JobSnapshot }[] {
  return queue.flatMap((job) => {
    if (job.state !== "queued" || job.after.length === 0) return [];
    const because = queue.find((other) => job.after.includes(other.id) && hasEnded(other) && other.state !== "done");
    return because === undefined ? [] : [{ job, because }];
  });
}
