/** A window that has just been hidden paints nothing any more: longest wait, milliseconds. */
const LONGEST = 100;

/** False outside a browser, and in a window that is not seen. */
export const paints = (): boolean =>
  typeof requestAnimationFrame === "function" && document.visibilityState === "visible";

/** Calls back when what has been changed until now is painted; at once where nothing is. Returns a function that calls it off. */
export function afterPaint(act: () => void): () => void {
  if (!paints()) {
    act();
    return () => undefined;
  }
  let timer = setTimeout(done, LONGEST);
  // What is painted follows on the callbacks of its frame, and a timer on both.
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    timer = setTimeout(done, 0);
  });
  function stop(): void {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  }
  function done(): void {
    stop();
    act();
  }
  return stop;
}
