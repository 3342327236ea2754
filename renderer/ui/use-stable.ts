import { useCallback, useLayoutEffect, useRef } from "react";

/** The same function at every draw, which does what the latest one does: what is handed it need not be drawn anew for it. */
export function useStable<A extends unknown[], R>(act: (...args: A) => R): (...args: A) => R {
  const latest = useRef(act);
  useLayoutEffect(() => {
    latest.current = act;
  });
  return useCallback((...args: A) => latest.current(...args), []);
}
