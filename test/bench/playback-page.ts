/** Runs in Chromium: plays a timeline with the viewer's engine to its end, and tells how each frame went. */
import { flicksToSeconds, secondsToFlicks } from "../../core/time/index.ts";
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
    const waits: { at: number; seconds: number }[] = [];
    let [lost, first] = [0, 0];
    let next = { when: 0, time: 0 };
    engine.status.subscribe(({ stats }, before) => {
      if (stats === null || stats === before.stats) return;
      paint.push(stats.paintMs);
      lag.push(stats.lag);
    });
    engine.sound.onBlock = (when, from, [left]) => {
      const length = left.length / timeline.settings.sampleRate;
      // What lies on the timeline between a block and the one before was not heard.
      lost += Math.max(0, flicksToSeconds(from - next.time));
      if (next.when === 0) first = when;
      else if (when - next.when > 1e-4) waits.push({ at: next.when - first, seconds: when - next.when });
      next = { when: when + length, time: from + secondsToFlicks(length) };
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
    return { paint, lag, lost, waits, stats: stats!, seconds: (performance.now() - start) / 1000 };
  },
};
export type PlaybackPage = typeof page;
(globalThis as unknown as { playbackPage: PlaybackPage }).playbackPage = page;
