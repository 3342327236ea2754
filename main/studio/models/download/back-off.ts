/** Tries again what may go better a moment later. */
import { setTimeout as sleep } from "node:timers/promises";
import { InterruptedError } from "./wire.ts";

export interface BackOff {
  /** Tries in a row without any progress, the first included. */
  readonly tries: number;
  /** Pause after the first failure, milliseconds; doubled with each further one. */
  readonly firstMs: number;
  readonly mostMs: number;
}

export const patient: BackOff = { tries: 9, firstMs: 500, mostMs: 60_000 };

/**
 * Runs `work` until it succeeds. A failure after progress begins the count anew; a server's own wish for a pause is respected up to
 * `mostMs`. Pauses vary by a quarter, so that connections which broke together do not come back together.
 * Errors: the last InterruptedError when the tries are used up, any other error at once.
 * @param progressed tells whether anything has come since it was last asked
 */
export async function persist<T>(
  work: () => Promise<T>,
  progressed: () => boolean,
  { tries, firstMs, mostMs }: BackOff,
  signal: AbortSignal,
  onPause: (error: InterruptedError, ms: number) => void = () => {},
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !(error instanceof InterruptedError)) throw error;
      failures = progressed() ? 1 : failures + 1;
      if (failures >= tries) throw error;
      const wanted = error.waitMs ?? firstMs * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
      const ms = Math.min(mostMs, wanted);
      onPause(error, ms);
      await sleep(ms, undefined, { signal });
    }
  }
}
