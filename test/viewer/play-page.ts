/** Runs in Chromium: the viewer's engine over served media, and what it did when. */
import { flicksToFrame, flicksToSeconds } from "../../core/time/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import { lengthOf } from "../../renderer/state/create-studio.ts";
import { Transport } from "../../renderer/state/transport.ts";
import { ViewerEngine } from "../../renderer/viewer/engine.ts";

let engine: ViewerEngine | null = null;
let transport: Transport;
const canvas = document.createElement("canvas");
document.body.append(canvas);

interface Painted {
  readonly frame: number;
  /** Mean of the picture's red, 0 to 255. */
  readonly brightness: number;
  /** What the sound's clock showed when this frame was chosen, seconds of the timeline. */
  readonly heard: number;
}
let painted: Painted[] = [];
/** Loudest sample of each millisecond that was handed to the sound device, by its time on the timeline. */
let beeps: { readonly at: number; readonly when: number; readonly loud: number }[] = [];
let origin: { readonly when: number; readonly at: number } | null = null;

function brightness(): number {
  const small = new OffscreenCanvas(8, 8);
  const context = small.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(canvas, 0, 0, 8, 8);
  const { data } = context.getImageData(0, 0, 8, 8);
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum += data[i]!;
  return sum / 64;
}

const page = {
  open(document: Timeline, width: number, height: number): void {
    engine?.dispose();
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
    painted = [];
    beeps = [];
    origin = null;
    engine.status.subscribe((status, before) => {
      if (status.plan === before.plan || status.plan === null || !transport.playing) return;
      const frame = flicksToFrame(status.plan.time, document.settings.rate);
      painted.push({ frame, brightness: brightness(), heard: flicksToSeconds(transport.time) });
    });
    engine.sound.onBlock = (when, from, [left]) => {
      origin ??= { when, at: flicksToSeconds(from) };
      const rate = document.settings.sampleRate;
      const step = Math.round(rate / 1000);
      for (let i = 0; i < left.length; i += step) {
        let loud = 0;
        for (const value of left.subarray(i, i + step)) loud = Math.max(loud, Math.abs(value));
        beeps.push({ at: flicksToSeconds(from) + i / rate, when: when + i / rate, loud });
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
  /** Plays from a time for as long as asked, at most to the end. */
  async play(time: number, speed: number, seconds: number) {
    transport.seek(time);
    transport.play(speed);
    await new Promise<void>((resolve) => {
      const stop = transport.subscribe(() => {
        if (transport.playing) return;
        stop();
        resolve();
      });
      setTimeout(() => transport.pause(), seconds * 1000);
    });
    return { painted, beeps, origin, stats: engine!.status.getState().stats, time: transport.time };
  },
};
export type PlayPage = typeof page;
(globalThis as unknown as { playPage: PlayPage }).playPage = page;
