import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { paintFrame } from "../../core/paint/index.ts";
import { planFrame } from "../../core/render-plan/index.ts";
import { FLICKS_PER_SECOND, FRAME_RATES, flicksToFrame, frameToFlicks } from "../../core/time/index.ts";
import {
  type EditArguments,
  type EditName,
  type MediaReference,
  newTimeline,
  type Timeline,
} from "../../core/timeline/index.ts";
import { clipId, edited, trackId } from "../../core/timeline/testing/sample.ts";
import { nodeHost, nodePicture, nodeSurface } from "../../main/paint/node-host.ts";
import { launchBrowser, removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { colourDifference, type Pixels, ssim } from "../paint/ssim.ts";
import { encodeNumbered, HEIGHT, WIDTH } from "./numbered.ts";
import type { PlayPage } from "./play-page.ts";
import { bundle, callerOf, serve, type TestServer } from "./serve.ts";

const RATE = FRAME_RATES["25"];
const second = (count: number): number => Math.round(count * FLICKS_PER_SECOND);
const frames = (count: number): number => frameToFlicks(count, RATE);
const ffmpeg = (...args: string[]) =>
  promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args], { maxBuffer: 2 ** 30, encoding: "buffer" });

const reference = (id: string, more: Partial<MediaReference>): MediaReference => ({
  id,
  kind: "video",
  name: id,
  path: `${id}.mp4`,
  fingerprint: { bytes: 1000, sha256: "ab".repeat(32) },
  availableRange: { start: 0, duration: second(6) },
  rate: RATE,
  size: { width: WIDTH, height: HEIGHT },
  audio: null,
  record: null,
  ...more,
});
const change = (document: Timeline, name: EditName, args: object): Timeline =>
  edited(document, name, args as EditArguments<typeof name>);

let folder = "";
let server: TestServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await temporaryFolder();
  await encodeNumbered("25", 150, ["-c:v", "libx264", "-preset", "veryfast", "-crf", "12", join(folder, "count.mp4")]);
  // White for eight frames from each second on, and a beep of 40 ms.
  const picture = `color=black:s=${WIDTH}x${HEIGHT}:r=25:d=6,drawbox=c=white:t=fill:enable='lt(mod(n,25),8)'`;
  const sound = "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.04)':s=48000:d=6";
  const codecs = ["-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k"];
  await ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, ...codecs, join(folder, "beep.mp4"));
  server = await serve(await bundle("./play-page.ts"), folder);
  browser = await launchBrowser(["--autoplay-policy=no-user-gesture-required"]);
  page = await browser.newPage();
  await page.goto(server.url);
  const require = createRequire(import.meta.url);
  const files = join(dirname(require.resolve("@fontsource-variable/inter/package.json")), "files");
  const font = (await readFile(join(files, "inter-latin-wght-normal.woff2"))).toString("base64");
  await page.evaluate(async (base64) => {
    const face = new FontFace("Inter", `url(data:font/woff2;base64,${base64})`, { weight: "100 900" });
    document.fonts.add(await face.load());
  }, font);
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  await removeFolder(folder);
});

const call = callerOf<PlayPage>(() => page, "playPage");

const empty = (): Timeline =>
  change(newTimeline("Test", { rate: RATE, width: 640, height: 360 }), "addMedia", {
    media: [reference("count", {}), reference("beep", { audio: { channels: 1, sampleRate: 48_000 } })],
  });

function beeping(): Timeline {
  const document = empty();
  const clip = { media: "beep" };
  return change(document, "overwrite", {
    at: 0,
    clips: [
      { track: trackId(document, "V1"), clip },
      { track: trackId(document, "A1"), clip },
    ],
  });
}

describe("sound and picture", () => {
  it.for([1, 2])("are together within a frame, at speed %d", { timeout: 240_000 }, async (speed) => {
    await call("open", beeping(), 320, 180);
    let [heard, seen] = [0, 0];
    // On a busy machine what came too late is passed over: it is played again until enough was heard and seen.
    while (heard < 2 || seen < 2) {
      const { painted, beeps } = await call("play", second(0.4), speed, 3.2 / speed);
      const onsets = beeps.filter(
        ({ loud, at }, i) => loud > 0.2 && (beeps[i - 1]?.loud ?? 1) <= 0.2 && at - beeps[i - 1]!.at < 0.002,
      );
      heard += onsets.length;
      for (const { at, when, origin } of onsets) {
        // The decoder's delay is taken out: a beep begins where it was put.
        expect(Math.abs(at - Math.round(at))).toBeLessThan(0.004);
        // It was handed over for the moment that the clock will show.
        expect((when - origin.when) * speed).toBeCloseTo(at - origin.at, 2);
      }
      const exact = painted.filter(({ isExact }) => isExact);
      const flashes = exact.filter(({ brightness }, i) => brightness > 128 && (exact[i - 1]?.brightness ?? 0) <= 128);
      seen += flashes.length;
      for (const { frame, heard: clock } of flashes) {
        // The white frame was painted as the frame that it is, while the sound of that frame was heard.
        expect(frame % 25).toBeLessThan(8);
        expect(Math.abs(clock - frame / 25)).toBeLessThanOrEqual(1 / 25 + 1e-9);
      }
    }
  });

  it("frames are shown in order, and what is left out is counted", async () => {
    await call("open", beeping(), 320, 180);
    const { painted, stats } = await call("play", 0, 1, 2);
    const numbers = painted.map(({ frame }) => frame);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    const missing = numbers.at(-1)! - numbers[0]! + 1 - numbers.length;
    expect(stats).toMatchObject({ painted: numbers.length, dropped: missing });
  });

  it("playing stops at the end, on it", async () => {
    await call("open", beeping(), 320, 180);
    const { time } = await call("play", second(5.5), 1, 5);
    expect(time).toBe(second(6));
  });

  it("a marked stretch is played again and again: its sound goes on without a gap, and so does the picture", async () => {
    await call("open", beeping(), 320, 180);
    const [from, until] = [0.6, 1.4];
    const { painted, beeps, jumped } = await call("loop", second(from), second(until), 3);
    // Playing began once; from then on the clock never stood.
    expect(jumped).toBe(0);
    // A machine that is too slow for that is waited for; from then on it goes on without a gap again.
    for (const { at, when, origin } of beeps) {
      const place = from + ((origin.at - from + when - origin.when) % (until - from));
      // A block's time is told for its begin; its later part may lie after the seam.
      const within = at < until ? at : at - (until - from);
      expect(Math.min(Math.abs(place - within), until - from - Math.abs(place - within))).toBeLessThan(0.002);
    }
    // The beep at 1 s is heard once in each turn, a length of the stretch apart, as far as the clock was kept up with.
    const onsets = beeps.filter(({ loud }, i) => loud > 0.2 && (beeps[i - 1]?.loud ?? 0) <= 0.2);
    expect(onsets.length).toBeGreaterThan(0);
    for (const [i, { when, origin }] of onsets.entries()) {
      const before = onsets[i - 1];
      if (before === undefined || before.origin.when !== origin.when) continue;
      const turns = (when - before.when) / (until - from);
      expect(Math.abs(turns - Math.round(turns))).toBeLessThan(0.01);
    }
    for (const { frame } of painted) {
      expect(frame).toBeGreaterThanOrEqual(15);
      expect(frame).toBeLessThan(35);
    }
  });

  it("the first picture of a stretch is decoded before its last one was shown, also where both are of one clip", async () => {
    await call("open", beeping(), 320, 180);
    // More than one clip's reader can have at once.
    expect(await call("seam", second(5), second(0.6))).toEqual({ before: { now: true, next: false }, after: true });
    expect(await call("seam", second(4), second(1.6))).toEqual({ before: { now: true, next: false }, after: true });
  });

  it("plays backwards", async () => {
    await call("open", beeping(), 320, 180);
    const { painted } = await call("play", second(3), -1, 1);
    const numbers = painted.map(({ frame }) => frame);
    expect(numbers.length).toBeGreaterThan(3);
    expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
  });
});

/** A film in motion, another one over it, a dissolve between two cuts, and a title. */
function project(): Timeline {
  let document = empty();
  const put = (track: string, name: string, media: string, start: number, count: number, at: number) => {
    document = change(document, "overwrite", {
      at: frames(at),
      clips: [
        {
          track: trackId(document, track),
          clip: { media, name, sourceRange: { start: frames(start), duration: frames(count) } },
        },
      ],
    });
  };
  put("V1", "first", "count", 10, 50, 0);
  put("V1", "second", "count", 90, 50, 50);
  put("V2", "over", "count", 30, 80, 10);
  const over = clipId(document, "over");
  for (const [parameter, value] of Object.entries({ scaleX: 0.4, scaleY: 0.4, rotation: 8, positionY: -0.2 }))
    document = change(document, "setParameter", { clips: [over], parameter, value });
  for (const [time, value] of [
    [0, -0.3],
    [80, 0.3],
  ] as const)
    document = change(document, "setKeyframe", { clip: over, parameter: "positionX", time: frames(time), value });
  document = change(document, "setSpeed", { clip: clipId(document, "second"), speed: 1.25 });
  document = change(document, "addTransition", {
    clip: clipId(document, "first"),
    edge: "end",
    type: "dissolve",
    duration: frames(16),
  });
  return change(document, "overwrite", {
    at: frames(5),
    clips: [
      { track: trackId(document, "T1"), clip: { text: { text: "Quiet rain", size: 0.14 }, duration: frames(70) } },
    ],
  });
}

it("a real project looks in the window as it will be exported", async () => {
  const [width, height] = [640, 360];
  const document = project();
  const toRgb = "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=bilinear+accurate_rnd+full_chroma_int";
  const raw = ["-vf", toRgb, "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"];
  const { stdout } = await ffmpeg("-i", join(folder, "count.mp4"), ...raw);
  const size = WIDTH * HEIGHT * 4;
  const decoded = (time: number) => {
    const frame = Math.min(stdout.length / size - 1, flicksToFrame(time, RATE));
    return nodePicture(new Uint8ClampedArray(stdout.subarray(frame * size, (frame + 1) * size)), WIDTH, HEIGHT);
  };
  await call("open", document, width, height);
  for (const frame of [0, 12, 43, 47, 52, 60, 74, 85]) {
    const seen: Pixels = { rgba: Buffer.from(await call("still", frames(frame)), "base64"), width, height };
    const target = nodeSurface(width, height);
    paintFrame(
      planFrame(document, frames(frame)),
      target.context,
      nodeHost((_, time) => decoded(time)),
      width,
      height,
    );
    const exported: Pixels = { rgba: target.pixels(), width, height };
    expect(ssim(seen, exported), `frame ${frame}`).toBeGreaterThanOrEqual(0.98);
    // Two decoders bring the colours of these gaudy frames up to full size in two ways.
    expect(colourDifference(seen, exported)).toBeLessThan(5);
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const)
      expect(ssim(seen, exported, dx, dy)).toBeLessThan(ssim(seen, exported));
  }
});
