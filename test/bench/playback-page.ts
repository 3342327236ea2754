/** Runs in Chromium: plays a timeline with the viewer's engine to its end, or scrubs through it, and tells how each frame went. */
import { flicksToSeconds, secondsToFlicks } from "../../core/time/index.ts";
import { picturesIn } from "../../core/render-plan/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import { lengthOf } from "../../renderer/state/create-studio.ts";
import { Transport } from "../../renderer/state/transport.ts";
import { ViewerEngine } from "../../renderer/viewer/engine.ts";

const canvas = document.createElement("canvas");
document.body.append(canvas);

/** A stretch that the playhead is dragged over, in seconds of the timeline and of the hand. */
export interface Drag {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
}

const engineOf = (timeline: Timeline, transport: Transport): ViewerEngine =>
  new ViewerEngine(canvas, transport, timeline, {
    locate: (media) => ({ url: `/media/${media.path}`, kind: "film", origin: 0 }),
    masks: () => null,
  });

const page = {
  /**
   * Moves the playhead of a timeline with one film as hands do: `drags` back and forth, a move in each of the screen's frames, and
   * `clicks` somewhere else, each when the one before is shown. Times are milliseconds.
   */
  async scrub(timeline: Timeline, width: number, height: number, drags: readonly Drag[], clicks: readonly number[]) {
    [canvas.width, canvas.height] = [width, height];
    const transport = new Transport(timeline.settings.rate);
    transport.setTimeline({ rate: timeline.settings.rate, duration: lengthOf(timeline) });
    const engine = engineOf(timeline, transport);
    /** What is painted: the time of the film, and when. */
    const painted: { readonly at: number; readonly time: number }[] = [];
    const stop = engine.status.subscribe(({ plan }) => {
      const [picture] = plan === null ? [] : picturesIn(plan);
      if (picture === undefined) return;
      const isExact = engine.sources.isReady(plan!);
      painted.push({ at: performance.now(), time: isExact ? picture.sourceTime : Number.NaN });
    });
    const shows = async (time: number): Promise<number> => {
      while (painted.at(-1)?.time !== time) await new Promise((done) => setTimeout(done, 1));
      return painted.at(-1)!.at;
    };
    const move = (seconds: number) => {
      const at = performance.now();
      transport.seek(secondsToFlicks(seconds));
      return { at, time: transport.time };
    };
    await shows(move(0).time);
    /** What is painted on the way to a picture is no `painted`, but is seen. */
    let paints = 0;
    const context = canvas.getContext("2d")!;
    const draw = context.drawImage.bind(context) as (...args: unknown[]) => void;
    context.drawImage = (...args: unknown[]) => {
      paints++;
      draw(...args);
    };
    const jumps: number[] = [];
    for (const seconds of clicks) {
      const asked = move(seconds);
      jumps.push((await shows(asked.time)) - asked.at);
    }
    const dragged = [];
    for (const { from, to, seconds } of drags) {
      await shows(move(from).time);
      const moves: ReturnType<typeof move>[] = [];
      const begun = performance.now();
      painted.length = 0;
      paints = 0;
      for (let share = 0; share < 1; ) {
        await new Promise(requestAnimationFrame);
        share = Math.min(1, (performance.now() - begun) / 1000 / seconds);
        moves.push(move(from + (to - from) * share));
      }
      const last = moves.at(-1)!;
      const seen = paints / ((performance.now() - begun) / 1000);
      const settled = (await shows(last.time)) - last.at;
      dragged.push({ moves, painted: painted.slice(), seen, settled });
    }
    stop();
    engine.dispose();
    return { jumps, dragged };
  },
  /** @param width of the canvas in pixels */
  async play(timeline: Timeline, width: number, height: number) {
    [canvas.width, canvas.height] = [width, height];
    const transport = new Transport(timeline.settings.rate);
    transport.setTimeline({ rate: timeline.settings.rate, duration: lengthOf(timeline) });
    const engine = engineOf(timeline, transport);
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
