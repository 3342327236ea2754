import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Clip,
  type GenerateJob,
  type GenerationRequest,
  type ModelSummary,
  type ResolvedRequest,
  resolvedRequestSchema,
} from "../../core/contract/index.ts";
import { freshJob, type JobRunner } from "./jobs/job-runner.ts";
import { savedState } from "./jobs/saved-state.ts";
import type { Library } from "./library.ts";
import { type ProduceParts, produceClip } from "./produce.ts";
import { resolveRequest, variation } from "./resolve-request.ts";

const generateJob = (request: ResolvedRequest): GenerateJob => ({ kind: "generate", ...freshJob(), request });

/** Jobs for `variations` clips: the first with the given seed (or a fresh one), each next with the seed one higher. Errors: BAD_REQUEST. */
export function generateJobs(request: GenerationRequest, variations: number, model: ModelSummary): GenerateJob[] {
  const first = resolveRequest(request, model);
  return Array.from({ length: variations }, (_, n) => generateJob(variation(first, n)));
}

/** The clip of a job whose studio was killed between naming the clip and noting that it is done. */
async function madeBefore({ request, interruptions, startedAt }: GenerateJob, library: Library): Promise<Clip | null> {
  if (interruptions === 0 || startedAt === null) return null;
  const wanted = JSON.stringify(resolvedRequestSchema.parse(request));
  const isIt = ({ record }: Clip): boolean =>
    record.schema === "plume.generation/1" &&
    record.createdAt >= startedAt &&
    JSON.stringify(record.request) === wanted;
  return (await library.list()).find(isIt) ?? null;
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
      const made = destination === null ? await madeBefore(job as GenerateJob, parts.library) : null;
      if (made !== null) return made;
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
