import { useCallback, useSyncExternalStore } from "react";
import { afterPaint } from "./after-paint.ts";

/**
 * A value outside of React whose changes are followed one frame late: panels that only tell of a change leave the frame to the drawings
 * that show it. `read` must give a value that stays the same while nothing changes; both must stay the same functions.
 */
export function useLate<T>(subscribe: (listener: () => void) => () => void, read: () => T): T {
  const late = useCallback(
    (listener: () => void) => {
      let seen = read();
      let stop: () => void = () => undefined;
      const unsubscribe = subscribe(() => {
        const now = read();
        if (now === seen) return;
        seen = now;
        stop();
        stop = afterPaint(listener);
      });
      return () => {
        unsubscribe();
        stop();
      };
    },
    [subscribe, read],
  );
  return useSyncExternalStore(late, read);
}
