import { type RefObject, useLayoutEffect, useState } from "react";

/** Room around the picture, CSS pixels. */
const MARGIN = 12;

/** How large a picture may be in an element; 0 until it is known. */
export function useStageSize(element: RefObject<HTMLElement | null>): {
  readonly width: number;
  readonly height: number;
} {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    const measure = () => {
      const [width, height] = [current.clientWidth - 2 * MARGIN, current.clientHeight - 2 * MARGIN];
      setSize({ width: Math.max(0, width), height: Math.max(0, height) });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
