import { StudioError } from "../../../core/contract/index.ts";
import { freshJob, type JobRunner } from "./job-runner.ts";

/** For kinds of jobs that this studio has nobody for. */
export const unknownWork: JobRunner = {
  run: () =>
    Promise.reject(new StudioError("NOT_FOUND", "This studio cannot do this kind of work: update Plume Studio.")),
  again: async (job) => ({ ...job, ...freshJob() }),
};
