import type { BatchAct, GenerationRequest, Priority } from "../../core/contract/index.ts";
import type { WindowClient } from "../client/client.ts";
import { plural } from "../ui/format.ts";
import { attempt } from "./attempt.ts";
import type { Store } from "./store.ts";

/** Everything that the user can do with the queue. None rejects: a refusal becomes a sentence in the window. */
export interface QueueActions {
  readonly show: (shown?: boolean) => void;
  /** Pauses the queue, or goes on with it. */
  readonly toggle: () => Promise<void>;
  readonly pause: (id: string) => Promise<void>;
  readonly resume: (id: string) => Promise<void>;
  readonly cancel: (id: string) => Promise<void>;
  readonly retry: (id: string) => Promise<void>;
  readonly dismiss: (id: string) => Promise<void>;
  readonly dismissEnded: () => Promise<void>;
  readonly move: (id: string, before: string | null) => Promise<void>;
  readonly prioritize: (id: string, priority: Priority) => Promise<void>;
  /** The same for all jobs of a batch. */
  readonly together: (batch: string, act: BatchAct) => Promise<void>;
  /** Resolves with whether it was taken. */
  readonly duplicate: (id: string, change: Partial<GenerationRequest>, replace: boolean) => Promise<boolean>;
  readonly add: (requests: readonly GenerationRequest[]) => Promise<boolean>;
}

export function createQueueActions(store: Store, client: WindowClient): QueueActions {
  const done = async (work: () => Promise<unknown>): Promise<boolean> => {
    let isDone = false;
    await attempt(store, async () => {
      await work();
      isDone = true;
    });
    return isDone;
  };
  const quietly = (work: () => Promise<unknown>): Promise<void> => attempt(store, async () => void (await work()));
  return {
    show: (shown) => store.setState({ showsQueue: shown ?? !store.getState().showsQueue }),
    toggle: () => quietly(() => client.call(store.getState().queue.hold === null ? "queue.hold" : "queue.release", {})),
    pause: (id) => quietly(() => client.call("jobs.pause", { id })),
    resume: (id) => quietly(() => client.call("jobs.resume", { id })),
    cancel: (id) => quietly(() => client.call("jobs.cancel", { id })),
    retry: (id) =>
      quietly(async () => {
        await client.call("jobs.retry", { id });
        await client.call("jobs.dismiss", { id });
      }),
    dismiss: (id) => quietly(() => client.call("jobs.dismiss", { id })),
    dismissEnded: () =>
      quietly(async () => {
        for (const { id, finishedAt } of store.getState().jobs)
          if (finishedAt !== null) await client.call("jobs.dismiss", { id });
      }),
    move: (id, before) => quietly(() => client.call("jobs.move", { id, before })),
    prioritize: (id, priority) => quietly(() => client.call("jobs.prioritize", { id, priority })),
    together: (batch, act) => quietly(() => client.call("jobs.together", { batch, act })),
    duplicate: (id, change, replace) => done(() => client.call("jobs.duplicate", { id, change, replace })),
    add: (requests) =>
      done(async () => {
        const jobs = await client.call("jobs.batch", { requests: [...requests] });
        store.setState({ announcement: `${plural(jobs.length, "clip")} added to the queue.` });
      }),
  };
}
