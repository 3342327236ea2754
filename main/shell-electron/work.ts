import type { JobSnapshot, StudioEvent } from "../../core/contract/index.ts";

/** What the desktop shows of work that goes on; Electron's calls, given from outside. */
export interface Desktop {
  /** Share of the work, 0 to 1; -1: none goes on, 2: how long it takes is not known. */
  setProgress(fraction: number): void;
  /** Keeps the computer from falling asleep; returns what lets it again. */
  stayAwake(): () => void;
  isWatched(): boolean;
  notify(title: string, body: string): void;
}

const TITLES = { generate: "Clip", animate: "Clip", export: "Film", download: "Download", convert: "Model" } as const;

/** Follows the studio's events: progress in dock or taskbar, no sleep while a job runs, and word of an end that nobody was watching. */
export function createWorkIndicator(desktop: Desktop): (event: StudioEvent) => void {
  const jobs = new Map<string, JobSnapshot>();
  let shown = -1;
  let sleep: (() => void) | null = null;
  let isStopped = false;

  function show(): void {
    const running = [...jobs.values()].filter(({ state }) => state === "running");
    const fractions = running.map(({ progress }) => progress.fraction);
    const fraction = running.length === 0 ? -1 : fractions.every((each) => each === 0) ? 2 : Math.max(...fractions);
    // A taskbar has a hundred pixels at most.
    const rounded = fraction < 0 || fraction > 1 ? fraction : Math.round(fraction * 100) / 100;
    if (rounded !== shown) desktop.setProgress((shown = rounded));
    if (running.length > 0) sleep ??= desktop.stayAwake();
    else {
      sleep?.();
      sleep = null;
    }
  }

  function tell(job: JobSnapshot): void {
    if (desktop.isWatched()) return;
    const what = TITLES[job.kind];
    if (job.state === "done")
      desktop.notify(`${what} is ready`, job.clip?.fileName ?? ("title" in job ? job.title : ""));
    else if (job.state === "failed") desktop.notify(`${what} could not be made`, job.error?.message ?? "");
    else if (job.state === "waiting") desktop.notify("Keyframes are ready", "They wait for your word.");
  }

  return (event) => {
    if (event.type === "hello") {
      jobs.clear();
      for (const job of event.jobs) jobs.set(job.id, job);
    } else if (event.type === "job") {
      const before = jobs.get(event.job.id)?.state;
      jobs.set(event.job.id, event.job);
      if (before !== undefined && before !== event.job.state) tell(event.job);
    } else if (event.type === "job-dismissed") jobs.delete(event.id);
    else if (event.type === "queue") {
      const { hold } = event.queue;
      if (hold?.by === "deaths" && !isStopped && !desktop.isWatched())
        desktop.notify("The queue has stopped", hold.message);
      isStopped = hold?.by === "deaths";
      return;
    } else return;
    show();
  };
}
