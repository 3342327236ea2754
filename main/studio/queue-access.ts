import { type Input, type Method, type Output, StudioError } from "../../core/contract/index.ts";
import { askRunning } from "./control.ts";
import { createStudio } from "./create-studio.ts";
import { chooseFolders } from "./folders.ts";
import type { Studio, StudioOptions } from "./studio.ts";

/** The one queue of a data folder, whoever holds it. */
export interface QueueAccess {
  /** Whether a studio is open on it, which works on whatever is put in. */
  readonly isOpen: boolean;
  call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>>;
  close(): Promise<void>;
}

/**
 * The queue of this data folder, for a command: where a studio is open, that studio is asked, over a socket that only this user can
 * open; else the command takes the data folder's lock itself, and what it changes is worked on when a studio is next opened, or by
 * `plume queue run`. Either way one process alone writes the journal.
 */
export async function openQueueAccess(
  options: Omit<StudioOptions, "queue" | "works">,
  open: (options: StudioOptions) => Promise<Studio> = createStudio,
): Promise<QueueAccess> {
  try {
    const studio = await open({ ...options, queue: "journal", works: false });
    return { isOpen: false, call: (method, input) => studio.call(method, input), close: () => studio.close() };
  } catch (error) {
    if (!(error instanceof StudioError) || error.code !== "ALREADY_RUNNING") throw error;
  }
  const { home } = await chooseFolders(options);
  return { isOpen: true, call: (method, input) => askRunning(home, method, input), close: async () => {} };
}
