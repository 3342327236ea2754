/** Runs in Chromium: the viewer's engine over served media, and what it did when. */
import { flicksToFrame, flicksToSeconds } from "../../core/time/index.ts";
import { planFrame } from "../../core/render-plan/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import { lengthOf } from "../../renderer/state/create-studio.ts";
import { Transport } from "../../renderer/state/transport.ts";
import { ViewerEngine } from "../../renderer/viewer/engine.ts";

let engine: ViewerEngine | null = null;
let shown: Timeline;
let transport: Transport;
const canvas = document.createElement("canvas");
document.body.append(canvas);

interface Painted {
  readonly frame: number;
  /** Mean of the picture's red, 0 to 255. */
  readonly brightness: number;
  /** The frame itself was decoded; where a machine is too slow for that, the nearest one is painted. */
  readonly isExact: boolean;
  /** What the sound's clock showed when this frame was chosen, seconds of the timeline. */
  readonly heard: number;
}
let painted: Painted[] = [];
/** Loudest sample of each millisecond that was handed to the sound device, by its time on the timeline. */
let beeps: { readonly at: number; readonly when: number; readonly loud: number; readonly origin: Moment }[] = [];
/** When a time of the timeline is heard, in seconds of the sound's clock. */
interface Moment {
  readonly when: number;
  readonly at: number;
}
/** The first of what is heard without a pause, and the end of what was handed over. */
let origin: Moment | null = null;
let end = 0;

function brightness(): number {
  const small = new OffscreenCanvas(8, 8);
  const context = small.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(canvas, 0, 0, 8, 8);
  const { data } = context.getImageData(0, 0, 8, 8);
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum += data[i]!;
  return sum / 64;
}

function forget(): void {
  painted = [];
  beeps = [];
  origin = null;
}

const page = {
  open(document: Timeline, width: number, height: number): void {
    engine?.dispose();
    shown = document;
    canvas.width = width;
    canvas.height = height;
    transport = new Transport(document.settings.rate);
    transport.setTimeline({ rate: document.settings.rate, duration: lengthOf(document) });
    engine = new ViewerEngine(canvas, transport, document, {
      locate: (media) => ({
        url: `/media/${media.path}`,
        kind: media.kind === "image" ? "still" : "film",
        origin: 0,
      }),
      masks: () => null,
    });
    forget();
    engine.status.subscribe((status, before) => {
      if (status.plan === before.plan || status.plan === null || !transport.playing) return;
      const frame = flicksToFrame(status.plan.time, document.settings.rate);
      const isExact = engine!.sources.isReady(status.plan);
      painted.push({ frame, brightness: brightness(), isExact, heard: flicksToSeconds(transport.time) });
    });
    engine.sound.onBlock = (when, from, [left]) => {
      // Where sound was waited for, it goes on at another time than it would have.
      if (origin === null || Math.abs(when - end) > 1e-4) origin = { when, at: flicksToSeconds(from) };
      end = when + left.length / document.settings.sampleRate / Math.abs(transport.state.speed);
      const rate = document.settings.sampleRate;
      const step = Math.round(rate / 1000);
      for (let i = 0; i < left.length; i += step) {
        let loud = 0;
        for (const value of left.subarray(i, i + step)) loud = Math.max(loud, Math.abs(value));
        beeps.push({ at: flicksToSeconds(from) + i / rate, when: when + i / rate, loud, origin });
      }
    };
  },
  /** The frame at a time, as PNG-free pixels: RGBA8 as base64. */
  async still(time: number): Promise<string> {
    const shown = new Promise<void>((resolve) => {
      const stop = engine!.status.subscribe((status) => {
        if (status.plan === null || Math.abs(status.plan.time - time) > 1) return;
        stop();
        resolve();
      });
    });
    transport.seek(time);
    engine!.refresh();
    await shown;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let text = "";
    for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
    return btoa(text);
  },
  /** Plays a stretch until it has begun anew so often. */
  async loop(from: number, until: number, turns: number) {
    transport.seek(from);
    transport.setIn(from);
    transport.setOut(until - 1);
    transport.setLoop(true);
    transport.play();
    const { jumps } = transport.state;
    await new Promise<void>((resolve) => {
      let [last, left] = [transport.time, turns];
      const stop = transport.subscribe(() => {
        if (transport.time < last) left--;
        last = transport.time;
        if (left > 0) return;
        stop();
        resolve();
      });
    });
    const jumped = transport.state.jumps - jumps;
    transport.pause();
    return { painted, beeps, jumped };
  },
  /** Of a jump from one time to another: whether both pictures are there before it, and the second one in the moment of the jump. */
  async seam(from: number, to: number) {
    const { sources } = engine!;
    const [now, next] = [planFrame(shown, from), planFrame(shown, to)];
    while (!sources.isReady(next, "prepared")) {
      sources.prepare(next);
      await new Promise((done) => setTimeout(done, 20));
    }
    await sources.ready(now);
    const before = { now: sources.isReady(now), next: sources.isReady(next) };
    sources.turn();
    return { before, after: sources.isReady(next) };
  },
  /** Plays from a time for as long as asked, at most to the end. */
  async play(time: number, speed: number, seconds: number) {
    forget();
    transport.seek(time);
    transport.play(speed);
    await new Promise<void>((resolve) => {
      const stop = transport.subscribe(() => {
        // By the clock of what is played: a busy machine may begin late.
        const passed = Math.abs(flicksToSeconds(transport.time - time) / speed);
        if (transport.playing && passed < seconds) return;
        stop();
        transport.pause();
        resolve();
      });
    });
    return { painted, beeps, stats: engine!.status.getState().stats, time: transport.time };
  },
};
export type PlayPage = typeof page;
(globalThis as unknown as { playPage: PlayPage }).playPage = page;
