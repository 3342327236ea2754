import { randomBytes } from "node:crypto";
import {
  isMediaJob,
  type JobSnapshot,
  type MediaJob,
  type Priority,
  type SubjectLook,
  type StudioEvent,
} from "../../../core/contract/index.ts";
import type { MediaSource } from "../media/sources.ts";
import { freshJob } from "./job-runner.ts";
import type { JobService } from "./job-service.ts";
import { hasEnded } from "./queue.ts";
import type { Lane } from "./turns.ts";

type Kind = MediaJob["kind"];

/** What a medium is waited for at the viewer goes before what is only good to know. */
const USUAL: Readonly<Record<Kind, Priority>> = { proxy: "normal", analysis: "low", follow: "normal" };
/** The same of media that are on a timeline. */
const USED: Readonly<Record<Kind, Priority>> = { proxy: "high", analysis: "normal", follow: "normal" };
/** Edits come many a second; what is on the timeline is looked up so long after one, ms. */
const RAISE_AFTER = 500;
/**
 * What was left from before is gone on with so long after the studio started, ms: who opens it wants to see it first, and an engine that
 * loads meanwhile makes a large project open in half as much time again (`npm run bench -- timeline --only window`).
 */
const SETTLES = 5_000;

export interface MediaLineOptions {
  readonly jobs: () => Pick<JobService, "list" | "add" | "cancel" | "dismiss" | "prioritize" | "pump">;
  /** Ids of media that are on the timeline of an open project. */
  readonly used: () => ReadonlySet<string>;
  readonly log: (line: string) => void;
}

/**
 * Work that the studio does for media by itself, as jobs of the queue: one for each version of media and kind, however many ask, and those
 * that come while others of their kind wait in one batch with them. A batch that is done leaves the list by itself. What failed or was
 * stopped stays there, and is not begun again unless somebody says so.
 */
export class MediaLine {
  private readonly options: MediaLineOptions;
  /** On their way into the journal. */
  private readonly adding = new Map<string, MediaJob>();
  /** Failed or stopped, by their ids: what they were for. */
  private readonly stuck = new Map<string, string>();
  /** The user took these off the list, failed or stopped: left alone until the studio is opened anew. */
  private readonly left = new Set<string>();
  /** Versions of media that were taken off the list. */
  private readonly gone = new Set<string>();
  /** Jobs that were raised once: the user may have lowered them since. */
  private readonly raised = new Set<string>();
  private raising: NodeJS.Timeout | undefined;
  private settling: NodeJS.Timeout | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  /** What is on its way into the journal is there then. */
  private added: Promise<unknown> = Promise.resolve();

  constructor(options: MediaLineOptions) {
    this.options = options;
  }

  /** Looks at how the queue was left. */
  async start(): Promise<void> {
    for (const job of this.all()) this.noteStuck(job);
    if (this.all().some((job) => !hasEnded(job)))
      this.settling = setTimeout(() => {
        this.settling = undefined;
        this.jobs.pump();
      }, SETTLES).unref();
    await this.tidy();
  }

  /**
   * Whether this lane may begin something now: while the studio has only just started with work that was left, nothing of it does.
   * @param isQuiet everything that shows media is there
   */
  mayBegin(lane: Lane, isQuiet: boolean): boolean {
    if (lane !== "media" && lane !== "asked") return true;
    return this.settling === undefined && (lane === "asked" || isQuiet);
  }

  /** Work of one kind, for those who know of no other. */
  of(kind: Exclude<Kind, "follow">) {
    return {
      want: (sources: readonly MediaSource[], again?: boolean) => this.want(kind, sources, again),
      find: (version: string) => this.find(kind, version),
      stop: (versions: readonly string[]) => this.stop(kind, versions),
    };
  }

  /** The job for this version in the list, or on its way there; null: none. */
  find(kind: Kind, version: string, look?: SubjectLook): MediaJob | null {
    const key = keyOf(kind, version, look);
    return this.adding.get(key) ?? this.all().findLast((job) => keyOfJob(job) === key) ?? null;
  }

  /** Queues what is not in the list. @param again also what failed, was stopped, or was taken off the list then */
  async want(kind: Kind, sources: readonly MediaSource[], again = false, look?: SubjectLook): Promise<void> {
    const known = new Map(this.all().map((job) => [keyOfJob(job), job] as const));
    const used = this.options.used();
    const fresh: MediaJob[] = [];
    const old: string[] = [];
    for (const { id, media } of sources) {
      const { version } = media;
      const key = keyOf(kind, version, look);
      const job = known.get(key);
      this.gone.delete(version);
      if (this.adding.has(key)) continue;
      if (job === undefined ? this.left.has(key) && !again : !isOver(job, again)) continue;
      this.left.delete(key);
      if (job !== undefined) old.push(job.id);
      const priority = used.has(id) ? USED[kind] : USUAL[kind];
      const shared = { ...freshJob(), title: media.name, priority, batch: this.batch(kind) };
      const request = { media: id, version };
      const made: MediaJob =
        kind === "follow" ? { kind, ...shared, request: { ...request, look: look! } } : { kind, ...shared, request };
      this.adding.set(key, made);
      fresh.push(made);
    }
    this.raiseSoon();
    // Others may have put it on its way: whoever wants it finds it in the list.
    if (fresh.length === 0) return void (await this.added);
    try {
      const adding = this.jobs.add(fresh);
      this.added = adding.catch(() => {}); // whoever adds is told
      await adding;
      const left = new Set(this.all().map(({ id }) => id));
      await this.jobs.dismiss(old.filter((id) => left.has(id)));
    } finally {
      for (const job of fresh) this.adding.delete(keyOfJob(job));
    }
  }

  /** Stops what is done of this kind for these versions. */
  async stop(kind: Kind, versions: readonly string[]): Promise<void> {
    const all = this.all().filter((job) => job.kind === kind && versions.includes(job.request.version));
    await this.jobs.cancel(all.map(({ id }) => id));
  }

  /** The media are gone from the studio: nobody wants anything of them. */
  drop(version: string): void {
    this.gone.add(version);
    const ids = this.all().flatMap((job) => (job.request.version === version ? [job.id] : []));
    this.jobs
      .cancel(ids)
      .then(() => this.tidy())
      .catch((error: unknown) => this.options.log(`queue: ${String(error)}`));
  }

  hear(event: StudioEvent): void {
    if (event.type === "project-changed") this.raiseSoon();
    if (event.type === "job-dismissed") {
      const key = this.stuck.get(event.id);
      this.stuck.delete(event.id);
      if (key !== undefined && !this.adding.has(key) && !this.all().some((job) => keyOfJob(job) === key))
        this.left.add(key);
    }
    if (event.type !== "job" || !hasEnded(event.job) || !isMediaJob(event.job)) return;
    this.noteStuck(event.job);
    void this.tidy();
  }

  /** Takes batches that are done off the list. Never rejects. */
  tidy(): Promise<unknown> {
    this.turn = this.turn
      .then(() => this.clear())
      .catch((error: unknown) => this.options.log(`queue: ${String(error)}`));
    return this.turn;
  }

  /** Resolves when nothing of this is on its way any more. */
  async close(): Promise<void> {
    clearTimeout(this.raising);
    clearTimeout(this.settling);
    await this.turn;
  }

  private async clear(): Promise<void> {
    const all = this.all();
    const open = new Set(all.flatMap((job) => (hasEnded(job) ? [] : [job.batch])));
    const isLeaving = (job: MediaJob): boolean =>
      hasEnded(job) && (job.state === "done" ? !open.has(job.batch) : this.gone.has(job.request.version));
    for (const job of all) if (this.gone.has(job.request.version)) this.stuck.delete(job.id);
    await this.jobs.dismiss(all.filter(isLeaving).map(({ id }) => id));
  }

  private raiseSoon(): void {
    if (!this.all().some((job) => this.mayRaise(job))) return;
    this.raising ??= setTimeout(() => {
      this.raising = undefined;
      this.raise().catch((error: unknown) => this.options.log(`queue: ${String(error)}`));
    }, RAISE_AFTER).unref();
  }

  /** What is on a timeline goes before what is not. */
  private async raise(): Promise<void> {
    const used = this.options.used();
    const jobs = this.all().filter((job) => this.mayRaise(job) && used.has(job.request.media));
    for (const { id } of jobs) this.raised.add(id);
    for (const kind of ["proxy", "analysis"] as const) {
      const ids = jobs.flatMap((job) => (job.kind === kind ? [job.id] : []));
      await this.jobs.prioritize(ids, USED[kind]);
    }
  }

  private mayRaise({ id, kind, state, priority }: MediaJob): boolean {
    return state === "queued" && priority === USUAL[kind] && !this.raised.has(id);
  }

  /** The batch that more work of this kind belongs to. */
  private batch(kind: Kind): string {
    for (const job of this.adding.values()) if (job.kind === kind && job.batch !== null) return job.batch;
    const open = this.all().findLast((job) => job.kind === kind && (job.state === "queued" || job.state === "running"));
    return open?.batch ?? randomBytes(9).toString("base64url").replace(/^-/, "b");
  }

  private noteStuck(job: JobSnapshot): void {
    if (isMediaJob(job) && (job.state === "failed" || job.state === "cancelled")) this.stuck.set(job.id, keyOfJob(job));
  }

  private get jobs(): ReturnType<MediaLineOptions["jobs"]> {
    return this.options.jobs();
  }

  private all(): MediaJob[] {
    return this.jobs.list().filter(isMediaJob);
  }
}

function keyOf(kind: Kind, version: string, look?: SubjectLook): string {
  if (look === undefined) return `${kind} ${version}`;
  return look.for === "masks" ? `${kind} ${version} ${look.start} ${look.end}` : `${kind} ${version} ${look.for}`;
}
const keyOfJob = (job: MediaJob): string =>
  keyOf(job.kind, job.request.version, job.kind === "follow" ? job.request.look : undefined);

/** Whether another job may take its place. Of media that were missing, and are there again, it may. */
function isOver(job: MediaJob, again: boolean): boolean {
  return job.state === "done" || (hasEnded(job) && (again || job.error?.code === "MEDIA_MISSING"));
}
