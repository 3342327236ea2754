import { useEffect, useState } from "react";
import { afterPaint } from "./after-paint.ts";

/**
 * A value outside of React that follows its origin one frame late: panels that only tell of a change leave the frame to the drawings that
 * show it. `read` must give a value that stays the same while nothing changes; `subscribe` and `read` must stay the same functions.
 */
export function useLate<T>(subscribe: (listener: () => void) => () => void, read: () => T): T {
  const [value, setValue] = useState(read);
  useEffect(() => {
    let seen = read();
    let stop: () => void = () => undefined;
    setValue(() => seen);
    const unsubscribe = subscribe(() => {
      const now = read();
      if (now === seen) return;
      seen = now;
      stop();
      stop = afterPaint(() => setValue(() => seen));
    });
    return () => {
      unsubscribe();
      stop();
    };
  }, [subscribe, read]);
  return value;
}
