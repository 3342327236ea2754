import type { JobSnapshot, MediaJob } from "../../../core/contract/index.ts";
import type { JobContext, JobRunner, MediaResult } from "../jobs/job-runner.ts";
import { mediaJobAgain, teller } from "../media/proxy-runner.ts";
import type { MediaSources } from "../media/sources.ts";
import type { AnalyzeService } from "./analyze-service.ts";
import type { FactsKeeper } from "./facts-keeper.ts";

export interface AnalysisRunnerParts {
  readonly analyze: Pick<AnalyzeService, "analyze">;
  readonly keeper: Pick<FactsKeeper, "isKnown" | "keep">;
  readonly sources: Pick<MediaSources, "ofVersion">;
}

/** How media are looked at in the queue: at a glance and modestly. A look that was stopped begins anew; what is known is not looked at again. */
export class AnalysisRunner implements JobRunner {
  private readonly parts: AnalysisRunnerParts;

  constructor(parts: AnalysisRunnerParts) {
    this.parts = parts;
  }

  async run(snapshot: JobSnapshot, context: JobContext): Promise<MediaResult> {
    const { request } = snapshot as MediaJob;
    const { analyze, keeper, sources } = this.parts;
    const source = await sources.ofVersion(request);
    // Null: the file is another one now, and what is there has a job of its own.
    if (source === null || (await keeper.isKnown(request.version))) return { version: request.version };
    const { facts } = await analyze.analyze(source, {
      care: "glance",
      model: "welcome",
      objects: true,
      masks: false,
      inBackground: true,
      signal: context.signal,
      onProgress: teller("look", context),
    });
    await keeper.keep(source.id, facts);
    return { version: request.version };
  }

  async again(job: JobSnapshot): Promise<MediaJob> {
    return mediaJobAgain(job as MediaJob);
  }
}
