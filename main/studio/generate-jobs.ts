import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { GenerateJob, GenerationRequest, ModelSummary, ResolvedRequest } from "../../core/contract/index.ts";
import { freshJob, type JobRunner } from "./jobs/job-runner.ts";
import { savedState } from "./jobs/saved-state.ts";
import { type ProduceParts, produceClip } from "./produce.ts";
import { resolveRequest, variation } from "./resolve-request.ts";

const generateJob = (request: ResolvedRequest): GenerateJob => ({ kind: "generate", ...freshJob(), request });

/** Jobs for `variations` clips: the first with the given seed (or a fresh one), each next with the seed one higher. Errors: BAD_REQUEST. */
export function generateJobs(request: GenerationRequest, variations: number, model: ModelSummary): GenerateJob[] {
  const first = resolveRequest(request, model);
  return Array.from({ length: variations }, (_, n) => generateJob(variation(first, n)));
}

/**
 * How clips are made from sentences. Steps that were computed once are kept in the job's work folder, so that a job that was paused,
 * interrupted or killed goes on from there.
 */
export function generateRunner(parts: ProduceParts & { readonly workRoot: string }): JobRunner {
  const folder = (id: string): string => join(parts.workRoot, id);
  return {
    async run(job, { destination, signal, ...listener }) {
      const { request, id } = job as GenerateJob;
      return produceClip(request, destination, parts, listener, savedState(folder(id), request), signal);
    },
    async again(job) {
      const { request } = job as GenerateJob;
      await parts.models.find(request.model);
      const fresh = generateJob(request);
      // What a failed job had computed is good; most have nothing.
      if (job.state === "failed") await rename(folder(job.id), folder(fresh.id)).catch(() => {});
      return fresh;
    },
    forget: (id) => rm(folder(id), { recursive: true, force: true }),
  };
}
