import { useEffect, useState } from "react";
import { afterPaint } from "./after-paint.ts";

/**
 * A value that follows its origin when that is painted: panels that tell of an edit leave the frame to the drawings that show it.
 * @param atOnce it is being worked on here, and must not lag behind the hand
 */
export function useFollowing<T>(value: T, atOnce: boolean): T {
  const [shown, setShown] = useState(value);
  if (atOnce && shown !== value) setShown(() => value);
  useEffect(
    () => (atOnce || shown === value ? undefined : afterPaint(() => setShown(() => value))),
    [value, shown, atOnce],
  );
  return atOnce ? value : shown;
}
