import { Journal } from "../journal.ts";
import type { QueueKind } from "../studio.ts";
import type { QueueLog } from "./job-runner.ts";
import { compact, type QueueBook, restore } from "./queue.ts";

/** Reads the queue as it was left and opens its journal. Errors: the file system's. */
export async function openQueue(
  kind: QueueKind,
  journal: string,
  log: (line: string) => void,
): Promise<{ book: QueueBook; queueLog: QueueLog }> {
  let book: QueueBook = { queue: [], hold: null };
  if (kind === "memory") return { book, queueLog: { append: async () => {}, close: async () => {} } };
  const queueLog = await Journal.open(
    journal,
    (values) => {
      book = restore(values, new Date().toISOString());
      return compact(book);
    },
    log,
  );
  return { book, queueLog };
}
