import {
  type ConvertJob,
  isMediaJob,
  type JobSnapshot,
  type PlanWish,
  StudioError,
} from "../../../core/contract/index.ts";
import { spokenMemory } from "../../../core/planner/index.ts";
import type { ModelService } from "../models/model-service.ts";
import type { MemoryBudget } from "./memory.ts";
import type { Planner } from "./planner.ts";

export interface AdmissionOptions {
  readonly planner: Pick<Planner, "plan">;
  readonly memory: Pick<MemoryBudget, "limit" | "available" | "makeRoom" | "total">;
  readonly models: Pick<ModelService, "has">;
  /** Bytes of memory that installing takes. */
  readonly conversion: (job: ConvertJob) => Promise<number>;
}

/** What jobs without a plan of their own may take: the frames of a film on their way to the encoder. */
const OTHER_WORK = 1.5e9;

/** Lets jobs begin only when there is memory for them. */
export class Admission {
  private readonly options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.options = options;
  }

  /**
   * Null: this job may begin now. A sentence: what it waits for. Errors: MODEL_OUT_OF_MEMORY, with what would make it fit, for one that
   * this computer never has the memory for, or is not allowed to use it.
   */
  async admit(job: JobSnapshot): Promise<string | null> {
    if (job.kind === "convert") return this.admitConversion(job);
    const plan = await this.planOf(job);
    if (plan === null || plan.memoryBytes <= (await this.options.memory.available())) return null;
    const fits = plan.advice.length === 0 ? "" : ` What fits: ${plan.advice.map(({ text }) => text).join(" or ")}.`;
    if (plan.memoryBytes > (await this.options.memory.limit()))
      throw new StudioError("MODEL_OUT_OF_MEMORY", `${plan.reason}${fits}`);
    return `Waits for memory. ${plan.reason}`;
  }

  /** Before a job that was admitted begins. Waits until what has to go has finished what it is doing. */
  async makeRoom(job: JobSnapshot): Promise<void> {
    if (isMediaJob(job)) return; // small, and of the eyes the engine itself asks before it starts
    const need = job.kind === "convert" ? await this.options.conversion(job) : await this.planned(job);
    await this.options.memory.makeRoom(need ?? OTHER_WORK, need !== null);
  }

  private async admitConversion(job: ConvertJob): Promise<string | null> {
    const { conversion, memory } = this.options;
    const [need, have, limit] = [await conversion(job), await memory.available(), await memory.limit()];
    if (need <= have) return null;
    const takes = `Installing this model takes about ${spokenMemory(need)} of memory`;
    if (need <= limit) return `Waits for memory. ${takes}, and ${spokenMemory(have)} are free: close other programs.`;
    throw new StudioError(
      "MODEL_OUT_OF_MEMORY",
      need <= memory.total
        ? `${takes}, and models may use ${spokenMemory(limit)} of this computer's ${spokenMemory(memory.total)}: raise that limit.`
        : `${takes}, and this computer has ${spokenMemory(memory.total)}: choose a smaller model.`,
    );
  }

  /** Bytes of memory that the planner says this job takes, or null where it cannot tell. Never rejects. */
  async planned(job: JobSnapshot): Promise<number | null> {
    const plan = await this.planOf(job).catch(() => null); // the job itself says what is wrong with its model
    return plan?.memoryBytes ?? null;
  }

  /** Null where nothing is known beforehand: another kind of work, or a model that is not there yet. */
  private async planOf(job: JobSnapshot) {
    const wish = wishOf(job);
    if (wish?.request.model === undefined || !(await this.options.models.has(wish.request.model))) return null;
    return this.options.planner.plan(wish).catch((error: unknown) => {
      if (error instanceof StudioError && error.code.startsWith("MODEL_")) return null; // so does the job itself
      throw error;
    });
  }
}

/** The job as somebody would ask the planner about it. */
function wishOf(job: JobSnapshot): PlanWish | null {
  if (job.kind === "generate") {
    const { prompt: _, negativePrompt: __, seed: ___, ...request } = job.request;
    return { kind: "generate", request };
  }
  if (job.kind !== "animate") return null;
  const { model, width, height, frames, preset, steps, guidance } = job.request;
  return { kind: "animate", request: { model, width, height, frames, preset, steps, guidance } };
}
