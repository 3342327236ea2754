import {
  animationRequestSchema,
  type GenerationRequest,
  generationRequestSchema,
  type Input,
  type JobSnapshot,
  type Output,
  StudioError,
} from "../../../core/contract/index.ts";
import {
  addTake,
  type Clip,
  clipsOf,
  findClip,
  ok,
  overwrite,
  removeTake,
  type Result,
  type Take,
  type Timeline,
} from "../../../core/timeline/index.ts";
import type { Project } from "./project.ts";

/** What promises ask of the queue. */
export interface PromiseQueue {
  /** Jobs that are not in line yet. Errors: those of `jobs.generate`. */
  prepare(request: GenerationRequest, variations: number): Promise<JobSnapshot[]>;
  /** The same for a job that ended. Errors: NOT_FOUND, MODEL_NOT_FOUND. */
  again(id: string): Promise<JobSnapshot>;
  add(jobs: readonly JobSnapshot[]): Promise<JobSnapshot[]>;
  list(): readonly JobSnapshot[];
}

const NAME = 60;

/** `projects.generate`: a promise on the timeline and the jobs that keep it, both or none. */
export async function generateInto(
  project: Project,
  queue: PromiseQueue,
  { track, at, duration, request, variations = 1 }: Input<"projects.generate">,
): Promise<Output<"projects.generate">> {
  const jobs = await queue.prepare(request, variations);
  const name = request.prompt.trim().slice(0, NAME);
  const label = `Generate ‘${name.slice(0, 40)}’`;
  const [first, ...others] = jobs;
  const promise = (document: Timeline): Result<Timeline> => {
    let result = overwrite(document, { at, clips: [{ track, clip: { job: first!.id, name, duration } }] });
    for (const { id } of others) {
      if (!result.ok) return result;
      const clip = promiseOf(result.value, first!.id)!.id;
      result = addTake(result.value, { clip, media: null, job: id, activate: false });
    }
    return result;
  };
  return together(project, queue, jobs, label, promise, (change, queued) => ({
    change,
    clip: promiseOf(project.document, first!.id)!.id,
    jobs: queued,
  }));
}

/** `projects.retake`: a failed take anew, or another version of one that is there. */
export async function retake(
  project: Project,
  queue: PromiseQueue,
  { clip, take: takeId, request }: Input<"projects.retake">,
): Promise<Output<"projects.retake">> {
  const { take, clip: found } = takeOf(project.document, clip, takeId);
  const failed = take.media === null && take.problem !== null;
  const [job] = request === undefined ? [await anew(project, queue, take, failed)] : await queue.prepare(request, 1);
  const label = `${failed ? "Retry" : "Make another take of"} ‘${found.name.slice(0, 40)}’`;
  const change = (document: Timeline): Result<Timeline> => {
    const added = addTake(document, { clip, media: null, job: job!.id, activate: true });
    if (!added.ok || !failed) return added;
    const stillThere = findClip(added.value, clip)?.content;
    const isThere = stillThere?.type === "media" && stillThere.takes.some(({ id }) => id === take.id);
    return isThere ? removeTake(added.value, { clip, take: take.id }) : ok(added.value);
  };
  return together(project, queue, [job!], label, change, (changed, queued) => ({ change: changed, job: queued[0]! }));
}

/** `projects.takeRequest`. Errors: NOT_FOUND. */
export function takeRequest(
  project: Project,
  queue: PromiseQueue,
  { clip, take: takeId }: Input<"projects.takeRequest">,
): Output<"projects.takeRequest"> {
  const { take } = takeOf(project.document, clip, takeId);
  const job = queue.list().find(({ id }) => id === take.job);
  const record = take.media === null ? null : project.document.media[take.media]?.record;
  const asked: unknown = job?.request ?? record?.["request"];
  const words = generationRequestSchema.safeParse(known(asked, Object.keys(generationRequestSchema.shape)));
  if (words.success && job?.kind !== "animate" && record?.schema !== "plume.animation/1")
    return { kind: "generate", request: words.data };
  const animation = animationRequestSchema.safeParse(known(asked, Object.keys(animationRequestSchema.shape)));
  if (animation.success) return { kind: "animate", request: animation.data };
  throw new StudioError("NOT_FOUND", "Nobody knows any more what this was asked for with: generate it anew.");
}

/** Takes that wait for jobs, by job. */
export function waitingJobs(document: Timeline): string[] {
  const jobs = [...clipsOf(document)].flatMap(({ content }) =>
    content.type === "media" ? content.takes.flatMap((take) => (isWaiting(take) ? [take.job!] : [])) : [],
  );
  return [...new Set(jobs)];
}

const isWaiting = (take: Take): boolean => take.job !== null && take.media === null && take.problem === null;

/** The job to queue where no other request is given. */
async function anew(project: Project, queue: PromiseQueue, take: Take, failed: boolean): Promise<JobSnapshot> {
  if (failed && take.job !== null && queue.list().some(({ id }) => id === take.job)) return queue.again(take.job);
  const asked = takeRequest(project, queue, { id: project.id, clip: clipOf(project.document, take), take: take.id });
  if (asked.kind === "animate")
    throw new StudioError("BAD_REQUEST", "This was moved by a sound: open it in the motion lane to make it again.");
  const { seed, ...rest } = asked.request;
  const [job] = await queue.prepare(failed && seed !== undefined ? { ...rest, seed } : rest, 1);
  return job!;
}

/** Makes the edit, then queues; should the queue refuse (its disk is full), the edit is taken back as if it had never been. */
async function together<T>(
  project: Project,
  queue: PromiseQueue,
  jobs: readonly JobSnapshot[],
  label: string,
  edit: (document: Timeline) => Result<Timeline>,
  answer: (change: Output<"projects.edit">, queued: JobSnapshot[]) => T,
): Promise<T> {
  const gesture = `jobs-${jobs[0]!.id}`;
  const change = project.change(label, edit, gesture);
  try {
    const queued = await queue.add(jobs);
    const result = answer(change, queued);
    project.endGesture(gesture, "keep");
    return result;
  } catch (error) {
    project.endGesture(gesture, "cancel");
    throw error;
  }
}

const promiseOf = (document: Timeline, job: string): Clip | undefined =>
  [...clipsOf(document)].find(
    ({ content }) => content.type === "media" && content.takes.some((take) => take.job === job),
  );

function clipOf(document: Timeline, take: Take): string {
  const clip = [...clipsOf(document)].find(
    ({ content }) => content.type === "media" && content.takes.some(({ id }) => id === take.id),
  );
  return clip!.id;
}

/** Errors: NOT_FOUND. */
function takeOf(document: Timeline, clipId: string, takeId?: string): { take: Take; clip: Clip } {
  const clip = findClip(document, clipId);
  const content = clip?.content;
  const take =
    content?.type === "media" ? content.takes.find(({ id }) => id === (takeId ?? content.activeTake)) : undefined;
  if (clip === null || take === undefined)
    throw new StudioError("NOT_FOUND", "This take is not there any more: it may have been undone.");
  return { take, clip };
}

/** The fields of these names: a stored request has more than one that is made. */
function known(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}
