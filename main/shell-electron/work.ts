import { isMediaJob, type JobSnapshot, type StudioEvent } from "../../core/contract/index.ts";
import { createWorkWatch } from "../../core/work-watch/work-watch.ts";

/** What the desktop shows of work that goes on; Electron's calls, given from outside. */
export interface Desktop {
  /** Share of the work, 0 to 1; -1: none goes on, 2: how long it takes is not known. */
  setProgress(fraction: number): void;
  /** Keeps the computer from falling asleep; returns what lets it again. */
  stayAwake(): () => void;
  isWatched(): boolean;
  notify(title: string, body: string): void;
}

/** Follows the studio's events: progress in dock or taskbar, no sleep while a job runs that the user asked for, and word of an end that nobody was watching. */
export function createWorkIndicator(desktop: Desktop): (event: StudioEvent) => void {
  const jobs = new Map<string, JobSnapshot>();
  let shown = -1;
  let sleep: (() => void) | null = null;

  function show(): void {
    const running = [...jobs.values()].filter((job) => job.state === "running" && !isMediaJob(job));
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

  const watch = createWorkWatch((title, body) => {
    if (!desktop.isWatched()) desktop.notify(title, body);
  });

  return (event) => {
    watch(event);
    if (event.type === "hello") {
      jobs.clear();
      for (const job of event.jobs) jobs.set(job.id, job);
    } else if (event.type === "job") jobs.set(event.job.id, event.job);
    else if (event.type === "job-dismissed") jobs.delete(event.id);
    else return;
    show();
  };
}
