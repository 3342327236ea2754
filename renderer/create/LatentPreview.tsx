import { useEffect, useRef } from "react";
import type { ClipJob } from "../../core/contract/index.ts";
import { useStudio } from "../state/context.ts";
import { useReducedMotion } from "../ui/use-reduced-motion.ts";
import { loadPreview } from "./preview.ts";

const FADE_MS = 110;
const none = { step: 0, width: 0, height: 0, frames: 0 };

/** The picture forming: the newest latent preview, played as a loop and smoothly enlarged. */
export function LatentPreview({ job }: { readonly job: ClipJob }) {
  const { client } = useStudio();
  const still = useReducedMotion();
  const canvas = useRef<HTMLCanvasElement>(null);
  const frames = useRef<{ now: readonly ImageBitmap[]; before: readonly ImageBitmap[]; since: number }>({
    now: [],
    before: [],
    since: 0,
  });
  const { id } = job;
  const { step, width, height, frames: count } = job.preview ?? none;

  // One load at a time, always of the newest step: giving up a load whenever a newer step arrives would show nothing at all on a
  // machine where loading takes longer than a step.
  const loader = useRef({ id: "", wanted: none, shown: 0, busy: false });
  const gone = useRef<AbortController>(null);
  useEffect(() => {
    const stop = new AbortController();
    gone.current = stop;
    return () => stop.abort();
  }, []);
  useEffect(() => {
    const state = loader.current;
    if (state.id !== id) Object.assign(state, { id, shown: 0 });
    state.wanted = { step, width, height, frames: count };
    const signal = gone.current?.signal;
    if (state.busy || !signal) return;
    const catchUp = async () => {
      while (!signal.aborted && state.wanted.step > state.shown) {
        const { id: jobId, wanted } = state;
        // A preview that is gone already is no loss: the next step brings another.
        const bitmaps = await loadPreview(client.previewUrl(jobId, wanted.step), wanted, signal).catch(() => null);
        if (state.id !== jobId || signal.aborted) {
          for (const bitmap of bitmaps ?? []) bitmap.close();
          continue;
        }
        state.shown = wanted.step;
        if (bitmaps === null) continue;
        for (const old of frames.current.before) old.close();
        frames.current = { now: bitmaps, before: frames.current.now, since: performance.now() };
        canvas.current?.setAttribute("data-step", String(wanted.step));
      }
      state.busy = false;
    };
    state.busy = true;
    void catchUp();
  }, [client, id, step, width, height, count]);

  const { fps } = job.request;
  useEffect(() => {
    let request = 0;
    const draw = (time: number) => {
      request = requestAnimationFrame(draw);
      const context = canvas.current?.getContext("2d");
      const { now, before, since } = frames.current;
      const first = now[0];
      if (!context || !first) return;
      const size = context.canvas;
      if (size.width !== first.width || size.height !== first.height) {
        size.width = first.width;
        size.height = first.height;
      }
      const index = still ? Math.floor(now.length / 2) : Math.floor((time / 1000) * fps) % now.length;
      const share = still ? 1 : Math.min(1, (time - since) / FADE_MS);
      const old = before[index];
      context.globalAlpha = 1;
      if (old && share < 1) context.drawImage(old, 0, 0, size.width, size.height);
      context.globalAlpha = old ? share : 1;
      const current = now[index];
      if (current) context.drawImage(current, 0, 0);
    };
    request = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(request);
  }, [fps, still]);

  useEffect(
    () => () => {
      for (const bitmap of [...frames.current.now, ...frames.current.before]) bitmap.close();
      frames.current = { now: [], before: [], since: 0 };
    },
    [],
  );

  return <canvas ref={canvas} className="tile__preview" aria-hidden />;
}
