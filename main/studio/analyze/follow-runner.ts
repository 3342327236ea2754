import type { FollowJob, JobSnapshot } from "../../../core/contract/index.ts";
import type { JobContext, JobRunner, MediaResult } from "../jobs/job-runner.ts";
import { mediaJobAgain, teller } from "../media/proxy-runner.ts";
import type { MediaSources } from "../media/sources.ts";
import type { MaskKeeper } from "./mask-keeper.ts";
import type { TrackKeeper } from "./track-keeper.ts";

export interface FollowRunnerParts {
  readonly masks: Pick<MaskKeeper, "make">;
  readonly tracks: Pick<TrackKeeper, "make">;
  readonly sources: Pick<MediaSources, "ofVersion">;
}

/** How subjects are followed in the queue: whole, or not at all. What was stopped begins anew; what is there is not looked for again. */
export class FollowRunner implements JobRunner {
  private readonly parts: FollowRunnerParts;

  constructor(parts: FollowRunnerParts) {
    this.parts = parts;
  }

  async run(snapshot: JobSnapshot, context: JobContext): Promise<MediaResult> {
    const { version, media, look } = (snapshot as FollowJob).request;
    const source = await this.parts.sources.ofVersion({ media, version });
    // Null: the file is another one now, and whoever needs its subjects asks for those.
    if (source === null) return { version };
    const options = { signal: context.signal, onProgress: teller("look", context) };
    if (look.for === "masks") await this.parts.masks.make(source, { start: look.start, end: look.end }, options);
    else await this.parts.tracks.make(source, options);
    return { version };
  }

  async again(job: JobSnapshot): Promise<FollowJob> {
    return mediaJobAgain(job as FollowJob) as FollowJob;
  }
}
