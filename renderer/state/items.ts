import type { Clip, JobSnapshot, JobState, ResolvedRequest } from "../../core/contract/index.ts";

/** One tile: a job on its way, or a clip, with the job that made it as long as the studio remembers that. */
export interface Item {
  /** Stays the same from placeholder to clip. */
  readonly key: string;
  readonly state: JobState;
  readonly request: ResolvedRequest;
  readonly job: JobSnapshot | null;
  readonly clip: Clip | null;
  readonly createdAt: string;
}

export const isActive = (job: Pick<JobSnapshot, "state">): boolean => job.state === "queued" || job.state === "running";

/** Everything that decides the picture except the seed, as text. */
const lookOf = (request: ResolvedRequest) =>
  JSON.stringify(
    Object.entries(request)
      .filter(([name]) => name !== "seed")
      .sort(([a], [b]) => a.localeCompare(b)),
  );

/**
 * Jobs and clips as tiles, newest first; the variations of one request stand together in the order of their seeds. A finished job
 * whose clip is not in the library any more (it was removed) has no tile.
 */
export function itemsOf(jobs: readonly JobSnapshot[], clips: readonly Clip[]): readonly Item[] {
  const library = new Map(clips.map((clip) => [clip.id, clip]));
  const shown = new Set<string>();
  const items: Item[] = [];
  for (const job of jobs) {
    const clip = job.clip ? (library.get(job.clip.id) ?? null) : null;
    if (job.state === "done" && !clip) continue;
    if (clip) shown.add(clip.id);
    items.push({ key: `job:${job.id}`, state: job.state, request: job.request, job, clip, createdAt: job.createdAt });
  }
  for (const clip of clips) {
    if (shown.has(clip.id)) continue;
    const { request, createdAt } = clip.record;
    items.push({ key: `clip:${clip.id}`, state: "done", request, job: null, clip, createdAt });
  }
  items.sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.request.seed - a.request.seed);
  return orderVariations(items);
}

/** Variations were queued with seeds that count up, so newest-first shows them counting down: turn each such run round. */
function orderVariations(items: readonly Item[]): readonly Item[] {
  const ordered: Item[] = [];
  let run: Item[] = [];
  const flush = () => {
    ordered.push(...run.reverse());
    run = [];
  };
  for (const item of items) {
    const last = run.at(-1);
    if (last && !(item.request.seed === last.request.seed - 1 && lookOf(item.request) === lookOf(last.request)))
      flush();
    run.push(item);
  }
  flush();
  return ordered;
}

/** Jobs still to be made, the running one first, then in the order in which they wait. */
export function queueOf(jobs: readonly JobSnapshot[]): readonly JobSnapshot[] {
  const waiting = jobs.filter((job) => job.state === "queued").sort((a, b) => a.createdAt.localeCompare(b.createdAt));
  return [...jobs.filter((job) => job.state === "running"), ...waiting];
}

/**
 * Seconds that one clip with these settings will take, measured: the newest clip on this machine that was made with the same
 * model, size, length, steps and precision. Null when there is none: nothing is guessed.
 */
export function measuredSeconds(
  clips: readonly Clip[],
  wanted: Pick<ResolvedRequest, "model" | "width" | "height" | "frames" | "steps" | "precision">,
): number | null {
  const keys = ["model", "width", "height", "frames", "steps", "precision"] as const;
  const alike = clips.find((clip) => keys.every((key) => clip.record.request[key] === wanted[key]));
  return alike ? Object.values(alike.record.seconds).reduce((sum, value) => sum + value, 0) : null;
}
