import { StudioError } from "../../core/contract/index.ts";

/** Waits for a promise, but no longer than somebody wants it. Errors: CANCELLED when the signal fires first; the promise's own. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  if (signal.aborted) throw cancelled();
  const settled = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(cancelled()), { once: true, signal: settled.signal });
  });
  return Promise.race([promise, aborted]).finally(() => settled.abort());
}

function cancelled(): StudioError {
  return new StudioError("CANCELLED", "The work was cancelled.");
}
