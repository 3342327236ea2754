import { join } from "node:path";
import { type StudioEvent, StudioError } from "../../../core/contract/index.ts";
import { locateFfmpeg } from "../../media/index.ts";
import type { JobRunner } from "../../studio/jobs/job-runner.ts";
import { JobService } from "../../studio/jobs/job-service.ts";
import { MediaLine } from "../../studio/jobs/media-line.ts";
import { MediaDesk, type MediaDeskOptions } from "../../studio/media/desk.ts";

interface Parts extends Pick<MediaDeskOptions, "library"> {
  readonly folder: string;
  readonly publish: (event: StudioEvent) => void;
  readonly used: () => ReadonlySet<string>;
}

const log = (): void => {};

/** The real desk for media, which needs no model, and a queue for its proxies alone. */
export function openMedia({ folder, library, publish, used }: Parts) {
  const emit = (event: StudioEvent): void => {
    if (event.type === "job") desk.shows.hear(event.job);
    line.hear(event);
    publish(event);
  };
  const line = new MediaLine({ jobs: () => jobs, used, log });
  const desk: MediaDesk = new MediaDesk({
    folder: join(folder, "media"),
    prepared: join(folder, "cache"),
    tools: () => locateFfmpeg(),
    proxies: line.of("proxy"),
    onIdle: () => jobs.pump(),
    onGone: (version) => line.drop(version),
    library,
    emit,
    log,
  });
  const none: JobRunner = {
    run: () => Promise.reject(new StudioError("INTERNAL", "There are no such jobs here.")),
    again: (job) => Promise.resolve(job),
  };
  const jobs: JobService = new JobService({
    book: { queue: [], hold: null },
    queueLog: { append: async () => {}, close: async () => {} },
    runners: {
      generate: none,
      animate: none,
      export: none,
      download: none,
      convert: none,
      analysis: none,
      follow: none,
      proxy: desk.shows.proxyRunner,
    },
    mayBegin: () => desk.shows.isQuiet,
    emit,
    onClip: () => {},
    onQueue: () => {},
    log,
  });
  jobs.begin();
  const close = async (): Promise<void> => {
    await line.close();
    await jobs.close();
    await desk.close();
  };
  return { desk, close };
}
