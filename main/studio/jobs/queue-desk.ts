import { randomBytes } from "node:crypto";
import {
  type GenerationRequest,
  type Input,
  type JobSnapshot,
  type Method,
  type Output,
  type QueueState,
  StudioError,
  type StudioEvent,
} from "../../../core/contract/index.ts";
import { generateJobs } from "../generate-jobs.ts";
import type { ModelService } from "../models/model-service.ts";
import type { JobService } from "./job-service.ts";
import { defined, hasEnded } from "./queue.ts";

type QueueMethod =
  | Extract<Method, `queue.${string}`>
  | "jobs.list"
  | "jobs.cancel"
  | "jobs.pause"
  | "jobs.resume"
  | "jobs.retry"
  | "jobs.dismiss"
  | "jobs.batch"
  | "jobs.duplicate"
  | "jobs.move"
  | "jobs.prioritize"
  | "jobs.together";
type Handlers = { [M in QueueMethod]: (input: Input<M>) => Promise<Output<M>> };

export interface QueueDeskOptions {
  readonly jobs: JobService;
  readonly models: Pick<ModelService, "find">;
  readonly emit: (event: StudioEvent) => void;
}

/** Everything that a user can ask of the queue. */
export class QueueDesk {
  private readonly options: QueueDeskOptions;

  constructor(options: QueueDeskOptions) {
    this.options = options;
  }

  get state(): QueueState {
    return this.options.jobs.state;
  }

  /** The queue as a whole has changed. */
  tell(): void {
    this.options.emit({ type: "queue", queue: this.state });
  }

  readonly handlers: Handlers = {
    "queue.state": async () => this.state,
    "queue.hold": async () => {
      await this.options.jobs.holdAll();
      return this.state;
    },
    "queue.release": async () => {
      await this.options.jobs.release();
      return this.state;
    },
    "jobs.list": async () => this.options.jobs.list(),
    "jobs.cancel": async ({ id }) => {
      await this.options.jobs.cancel([id]);
      return this.options.jobs.get(id);
    },
    "jobs.pause": async ({ id }) => {
      const { state } = this.options.jobs.get(id);
      if (state !== "queued" && state !== "running")
        throw new StudioError("BAD_REQUEST", "Only a job that waits its turn or is worked on can be paused.");
      await this.options.jobs.pause([id]);
      return this.options.jobs.get(id);
    },
    "jobs.resume": async ({ id }) => {
      const { state, waitsFor } = this.options.jobs.get(id);
      if (state !== "paused" && waitsFor === null) throw new StudioError("BAD_REQUEST", "This job is not paused.");
      await this.options.jobs.resume([id]);
      return this.options.jobs.get(id);
    },
    "jobs.together": (input) => this.together(input),
    "jobs.retry": ({ id }) => this.options.jobs.retry(id),
    "jobs.dismiss": async ({ id }) => {
      await this.options.jobs.dismiss([id]);
      return {};
    },
    "jobs.move": async ({ id, before }) => {
      await this.options.jobs.move(id, before);
      return this.state;
    },
    "jobs.prioritize": async ({ id, priority }) => {
      await this.options.jobs.prioritize([id], priority);
      return this.options.jobs.get(id);
    },
    "jobs.batch": (input) => this.batch(input),
    "jobs.duplicate": (input) => this.duplicate(input),
  };

  private async batch({ requests, priority = "normal" }: Input<"jobs.batch">): Promise<Output<"jobs.batch">> {
    const batch = randomBytes(9).toString("base64url");
    const jobs = await Promise.all(requests.map((request, n) => this.newJob(request, `Line ${n + 1}`)));
    return this.options.jobs.add(jobs.map((job) => ({ ...job, priority, batch })));
  }

  private async together({ batch, act }: Input<"jobs.together">): Promise<Output<"jobs.together">> {
    const { jobs } = this.options;
    const all = () => jobs.list().filter((job) => job.batch === batch);
    if (all().length === 0) throw new StudioError("NOT_FOUND", "These jobs are no longer in the list.");
    const ids = (isMeant: (job: JobSnapshot) => boolean): string[] =>
      all().flatMap((job) => (isMeant(job) ? [job.id] : []));
    if (act === "pause") await jobs.pause(ids(() => true));
    else if (act === "resume") await jobs.resume(ids(() => true));
    else if (act === "cancel") await jobs.cancel(ids(() => true));
    else if (act === "dismiss") await jobs.dismiss(ids(hasEnded));
    else if (act === "retry") {
      const old = ids((job) => hasEnded(job) && job.state !== "done");
      const again = await Promise.all(old.map(async (id) => ({ ...(await jobs.again(id)), batch })));
      await jobs.add(again);
      await jobs.dismiss(old);
    } else
      await jobs.prioritize(
        ids((job) => !hasEnded(job)),
        act.priority,
      );
    return all();
  }

  private async duplicate({ id, change, replace = false }: Input<"jobs.duplicate">): Promise<JobSnapshot> {
    const { jobs } = this.options;
    const job = jobs.get(id);
    if (job.kind !== "generate")
      throw new StudioError(
        "BAD_REQUEST",
        "Only clips that are made from words can be made again with other settings.",
      );
    if (replace && (job.state === "running" || job.state === "done"))
      throw new StudioError("BAD_REQUEST", "This clip is made already, or being made: duplicate it instead.");
    const { priority, batch } = job;
    const fresh = { ...(await this.newJob({ ...job.request, ...defined(change) })), priority, batch };
    const [added] = await jobs.add([fresh]);
    if (!replace) return added!;
    if (!hasEnded(job)) await jobs.move(fresh.id, id);
    if (!hasEnded(job)) await jobs.cancel([id]);
    await jobs.dismiss([id]);
    return jobs.get(fresh.id);
  }

  /** Errors: BAD_REQUEST, MODEL_*; those of one among many begin with its name. */
  private async newJob(request: GenerationRequest, name?: string) {
    try {
      const { summary } = await this.options.models.find(request.model, undefined, undefined, "text-to-video");
      return generateJobs(request, 1, summary)[0]!;
    } catch (cause) {
      const error = StudioError.from(cause);
      if (name === undefined) throw error;
      throw new StudioError(error.code, `${name}: ${error.message}`, error.detail);
    }
  }
}
