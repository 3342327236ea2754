/** A window that has just been hidden paints nothing any more: longest wait, milliseconds. */
const LONGEST = 100;

/** False outside a browser, and in a window that is not seen. */
export const paints = (): boolean =>
  typeof requestAnimationFrame === "function" && document.visibilityState === "visible";

/** What waits for the next frame: all of it shares one callback and one timer. */
interface Batch {
  readonly acts: Set<() => void>;
}
let waiting: Batch | null = null;

/** Calls back when what has been changed until now is painted; at once where nothing is. Returns a function that calls it off. */
export function afterPaint(act: () => void): () => void {
  if (!paints()) {
    act();
    return () => undefined;
  }
  const { acts } = (waiting ??= begin());
  // The same function may be asked for twice.
  const own = () => act();
  acts.add(own);
  return () => acts.delete(own);
}

function begin(): Batch {
  const batch: Batch = { acts: new Set() };
  let timer = setTimeout(done, LONGEST);
  // What is painted follows on the callbacks of its frame, and a timer on both.
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    close();
    timer = setTimeout(done, 0);
  });
  /** What is changed from here on is painted with another frame. */
  function close(): void {
    if (waiting === batch) waiting = null;
  }
  function done(): void {
    cancelAnimationFrame(frame);
    close();
    for (const act of batch.acts) {
      batch.acts.delete(act);
      act();
    }
  }
  return batch;
}
