import type {
  AnimateJob,
  Clip,
  GenerateJob,
  JobSnapshot,
  JobState,
  Media,
  ResolvedAnimationRequest,
  ResolvedRequest,
} from "../../core/contract/index.ts";

interface AnyItem {
  /** Stays the same from placeholder to clip. */
  readonly key: string;
  readonly state: JobState;
  readonly clip: Clip | null;
  readonly createdAt: string;
}
export interface GenerateItem extends AnyItem {
  readonly kind: "generate";
  readonly request: ResolvedRequest;
  readonly job: GenerateJob | null;
}
export interface AnimateItem extends AnyItem {
  readonly kind: "animate";
  readonly request: ResolvedAnimationRequest;
  readonly job: AnimateJob | null;
}
/** One tile: a job on its way, or a clip, with the job that made it as long as the studio remembers that. */
export type Item = GenerateItem | AnimateItem;

/** Still to be made, or to be asked about. */
export const isActive = ({ state }: Pick<JobSnapshot, "state">): boolean =>
  state === "queued" || state === "running" || state === "waiting" || state === "paused";

/** Everything that decides the picture except the seed, as text. */
export const lookOf = (request: Item["request"]) =>
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
    // A film that is written, or a model on its way, is no clip; the queue shows it.
    if (job.kind !== "generate" && job.kind !== "animate") continue;
    const clip = job.clip ? (library.get(job.clip.id) ?? null) : null;
    if (job.state === "done" && !clip) continue;
    if (clip) shown.add(clip.id);
    items.push(itemOf(job, clip));
  }
  for (const clip of clips) {
    if (shown.has(clip.id)) continue;
    const { record } = clip;
    const rest = { key: `clip:${clip.id}`, state: "done", job: null, clip, createdAt: record.createdAt } as const;
    if (record.schema === "plume.generation/1") items.push({ kind: "generate", request: record.request, ...rest });
    else items.push({ kind: "animate", request: record.request, ...rest });
  }
  items.sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.request.seed - a.request.seed);
  return orderVariations(items);
}

function itemOf(job: GenerateJob | AnimateJob, clip: Clip | null): Item {
  const rest = { key: `job:${job.id}`, state: job.state, clip, createdAt: job.createdAt };
  return job.kind === "generate"
    ? { kind: "generate", request: job.request, job, ...rest }
    : { kind: "animate", request: job.request, job, ...rest };
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

/** What an item is called: its words, or what it was made from when it has none. */
export function titleOf(item: Pick<Item, "request" | "clip">, media: readonly Media[]): string {
  const { request, clip } = item;
  if (request.prompt.trim() !== "" || !("picture" in request)) return request.prompt;
  const inputs = clip?.record.schema === "plume.animation/1" ? clip.record.inputs : null;
  const name = (id: string, made?: { readonly name: string }) =>
    (made?.name ?? media.find((each) => each.id === id)?.name ?? "").replace(/\.[^.]+$/, "");
  const names = [name(request.picture, inputs?.picture), name(request.sound, inputs?.sound)].filter(Boolean);
  return names.length > 0 ? names.join(" × ") : "Animated picture";
}

/** Jobs that wait for the user's word. */
export const askingOf = (jobs: readonly JobSnapshot[]): readonly AnimateJob[] =>
  jobs.filter((job): job is AnimateJob => job.kind === "animate" && job.state === "waiting");

const rank = { high: 0, normal: 1, low: 2 } as const;

/** Jobs still to be made, those that run first, then by priority and in the order in which they stand. */
export function queueOf(jobs: readonly JobSnapshot[]): readonly JobSnapshot[] {
  const waiting = jobs.filter((job) => job.state === "queued").sort((a, b) => rank[a.priority] - rank[b.priority]);
  return [...jobs.filter((job) => job.state === "running"), ...waiting];
}
