import type { GenerateJob, GenerationRequest, ModelSummary, ResolvedRequest } from "../../core/contract/index.ts";
import { freshJob, type JobRunner } from "./jobs/job-runner.ts";
import { type ProduceParts, produceClip } from "./produce.ts";
import { resolveRequest, variation } from "./resolve-request.ts";

const generateJob = (request: ResolvedRequest): GenerateJob => ({ kind: "generate", ...freshJob(), request });

/** Jobs for `variations` clips: the first with the given seed (or a fresh one), each next with the seed one higher. Errors: BAD_REQUEST. */
export function generateJobs(request: GenerationRequest, variations: number, model: ModelSummary): GenerateJob[] {
  const first = resolveRequest(request, model);
  return Array.from({ length: variations }, (_, n) => generateJob(variation(first, n)));
}

/** How clips are made from sentences. */
export function generateRunner(parts: ProduceParts): JobRunner {
  return {
    async run(job, { destination, signal, ...listener }) {
      const { request } = job as GenerateJob;
      return produceClip(request, destination, parts, listener, signal);
    },
    async again(job) {
      const { request } = job as GenerateJob;
      await parts.models.find(request.model);
      return generateJob(request);
    },
  };
}
