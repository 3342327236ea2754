/** Runs in Chromium: plays a timeline with the viewer's engine to its end, and tells how each frame went. */
import type { Timeline } from "../../core/timeline/index.ts";
import { lengthOf } from "../../renderer/state/create-studio.ts";
import { Transport } from "../../renderer/state/transport.ts";
import { ViewerEngine } from "../../renderer/viewer/engine.ts";

const canvas = document.createElement("canvas");
document.body.append(canvas);

const page = {
  /** @param width of the canvas in pixels */
  async play(timeline: Timeline, width: number, height: number) {
    [canvas.width, canvas.height] = [width, height];
    const transport = new Transport(timeline.settings.rate);
    transport.setTimeline({ rate: timeline.settings.rate, duration: lengthOf(timeline) });
    const engine = new ViewerEngine(canvas, transport, timeline, {
      locate: (media) => ({ url: `/media/${media.path}`, kind: "film", origin: 0 }),
      masks: () => null,
    });
    const paint: number[] = [];
    const lag: number[] = [];
    const gaps: { at: number; seconds: number }[] = [];
    let [next, first] = [0, 0];
    engine.status.subscribe(({ stats }, before) => {
      if (stats === null || stats === before.stats) return;
      paint.push(stats.paintMs);
      lag.push(stats.lag);
    });
    engine.sound.onBlock = (when, _, [left]) => {
      // A block that does not follow on the one before: what lay between was not heard.
      if (next === 0) first = when;
      else if (when - next > 1e-4) gaps.push({ at: next - first, seconds: when - next });
      next = when + left.length / timeline.settings.sampleRate;
    };
    const start = performance.now();
    transport.play();
    await new Promise<void>((resolve) => {
      const stop = transport.subscribe(() => {
        if (transport.playing) return;
        stop();
        resolve();
      });
    });
    const { stats } = engine.status.getState();
    engine.dispose();
    return { paint, lag, gaps, stats: stats!, seconds: (performance.now() - start) / 1000 };
  },
};
export type PlaybackPage = typeof page;
(globalThis as unknown as { playbackPage: PlaybackPage }).playbackPage = page;
