import { type JobSnapshot, type MediaJob, type Progress, StudioError } from "../../../core/contract/index.ts";
import { makeFilmProxy, makeSoundProxy, makeStillProxy, type MediaTools } from "../../media/index.ts";
import { freshJob, type JobContext, type JobRunner, type MediaResult } from "../jobs/job-runner.ts";
import type { PreparedCache } from "./cache.ts";
import { pictureSource, soundSource, whyNot } from "./preparer.ts";
import type { MediaSource, MediaSources } from "./sources.ts";

export interface ProxyRunnerParts {
  readonly cache: PreparedCache;
  readonly sources: Pick<MediaSources, "ofVersion">;
  readonly tools: () => Promise<MediaTools>;
}

/** Progress is told this often, ms. */
const TELL_EVERY = 250;
/** The rest is told from what has taken this share. */
const KNOWN_FROM = 0.05;

/** Tells fractions of one thing, 0 to 1, as a job's progress, now and then. */
export function teller(phase: Progress["phase"], { progress }: Pick<JobContext, "progress">) {
  const began = performance.now();
  let [told, best] = [began, 0];
  progress({ phase, done: 0, total: 1, fraction: 0, etaMs: null });
  return (fraction: number): void => {
    const now = performance.now();
    best = Math.max(best, Math.min(1, fraction));
    if (now - told < TELL_EVERY) return;
    told = now;
    const etaMs = best < KNOWN_FROM ? null : ((now - began) * (1 - best)) / best;
    progress({ phase, done: best, total: 1, fraction: best, etaMs });
  };
}

/** Work on media queued again stays with those that it was queued with. */
export const mediaJobAgain = (job: MediaJob): MediaJob => {
  const { priority, batch } = job;
  return { ...job, ...freshJob(), priority, batch };
};

/** How proxies are made: whole, or not there. One that was stopped begins anew; what is there already is not made again. */
export class ProxyRunner implements JobRunner {
  private readonly parts: ProxyRunnerParts;

  constructor(parts: ProxyRunnerParts) {
    this.parts = parts;
  }

  async run(snapshot: JobSnapshot, context: JobContext): Promise<MediaResult> {
    const { request } = snapshot as MediaJob;
    const { cache, sources } = this.parts;
    const source = await sources.ofVersion(request);
    // Null: the file is another one now, and what is there has a job of its own.
    if (source !== null && (await cache.made(request.version)).files.proxy === undefined)
      await cache
        .make(request.version, "proxy", extension(source), async (path) => {
          await this.make(source, path, teller("proxy", context), context.signal);
          return {};
        })
        .catch((cause: unknown) => {
          throw context.signal.aborted
            ? new StudioError("CANCELLED", "The work was cancelled.")
            : whyNot("proxy", source, StudioError.from(cause));
        });
    return { version: request.version };
  }

  async again(job: JobSnapshot): Promise<MediaJob> {
    return mediaJobAgain(job as MediaJob);
  }

  private async make(
    source: MediaSource,
    path: string,
    onProgress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const tools = await this.parts.tools();
    const { media } = source;
    if (media.kind === "picture") return makeStillProxy(tools, pictureSource(source), path, signal);
    if (media.kind === "sound") return makeSoundProxy(tools, soundSource(source), path, onProgress, signal);
    const film = { ...pictureSource(source), rate: media.rate, audio: media.audio !== null };
    return makeFilmProxy(tools, film, path, onProgress, signal);
  }
}

function extension({ media }: MediaSource): string {
  if (media.kind === "picture") return media.alpha ? "png" : "jpg";
  if (media.kind === "sound") return "m4a";
  return media.video.alpha ? "webm" : "mp4";
}
