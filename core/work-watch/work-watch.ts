/** What is worth a notification of all that happens to jobs: ends, keyframes that wait for the user, and a queue that stopped by itself. */
import { isMediaJob, type JobSnapshot, type StudioEvent } from "../contract/index.ts";

const TITLES = { generate: "Clip", animate: "Clip", export: "Film", download: "Download", convert: "Model" } as const;

/** Follows the studio's events and tells, in a title and a sentence, what somebody who looks elsewhere wants to know. */
export function createWorkWatch(tell: (title: string, body: string) => void): (event: StudioEvent) => void {
  const states = new Map<string, JobSnapshot["state"]>();
  let isStopped = false;

  function tellOf(job: JobSnapshot): void {
    if (isMediaJob(job)) return; // the studio's own idea: nobody waits to hear of it
    const what = TITLES[job.kind];
    if (job.state === "done") tell(`${what} is ready`, job.clip?.fileName ?? ("title" in job ? job.title : ""));
    else if (job.state === "failed") tell(`${what} could not be made`, job.error?.message ?? "");
    else if (job.state === "waiting") tell("Keyframes are ready", "They wait for your word.");
  }

  return (event) => {
    if (event.type === "hello") {
      states.clear();
      for (const { id, state } of event.jobs) states.set(id, state);
    } else if (event.type === "job") {
      const before = states.get(event.job.id);
      states.set(event.job.id, event.job.state);
      if (before !== undefined && before !== event.job.state) tellOf(event.job);
    } else if (event.type === "job-dismissed") states.delete(event.id);
    else if (event.type === "queue") {
      const { hold } = event.queue;
      if (hold?.by === "deaths" && !isStopped) tell("The queue has stopped", hold.message);
      isStopped = hold?.by === "deaths";
    }
  };
}
