/**
 * How smoothly the viewer plays: a timeline of 20 s with two films over each other, a crossfade, a title and two sounds, in 1080p and in
 * 720p, played to its end in Chromium. The sound's clock is the master: a frame is “dropped” when it was never painted, “late” when it
 * was painted before it was decoded; its offset is how far the sound was past the frame's own begin when it was painted.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLICKS_PER_SECOND, FRAME_RATES } from "../../core/time/index.ts";
import {
  type EditArguments,
  type EditName,
  type MediaReference,
  newTimeline,
  type Timeline,
} from "../../core/timeline/index.ts";
import { clipId, edited, trackId } from "../../core/timeline/testing/sample.ts";
import { launchBrowser } from "../e2e/harness.ts";
import { bundle, callerOf, serve } from "../viewer/serve.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import type { PlaybackPage } from "./playback-page.ts";
import { spread, type Spread, words } from "./spread.ts";
import { encodeMedia, filmArgs } from "./timeline-project.ts";

const RATE = FRAME_RATES["24"];
const SIZES = { "1080p": [1920, 1080], "720p": [1280, 720] } as const;

interface PlaybackResult {
  readonly seconds: number;
  readonly frames: number;
  readonly painted: number;
  readonly dropped: number;
  readonly late: number;
  /** Seconds of the timeline's sound that were not heard. */
  readonly lost: number;
  /** Where playing stood for a moment because the sound was not mixed in time. */
  readonly waits: readonly { readonly at: number; readonly seconds: number }[];
  /** Milliseconds of the page's thread for painting a frame. */
  readonly paint: Spread;
  /** Milliseconds. */
  readonly offset: Spread;
  /** CPU milliseconds of the page's thread for each second that is played. */
  readonly cpuPerSecond: number;
}

const at = (seconds: number): number => Math.round(seconds * FLICKS_PER_SECOND);

/** A film with another one over it, a crossfade in the middle, a title at the beginning, its own sound and another. */
function timeline(seconds: number, [width, height]: readonly [number, number]): Timeline {
  const reference = (id: string): MediaReference => ({
    id,
    kind: "video",
    name: id,
    path: `${id}-${height}.mp4`,
    fingerprint: { bytes: 1, sha256: "ab".repeat(32) },
    availableRange: { start: 0, duration: at(seconds / 2 + 2) },
    rate: RATE,
    size: { width, height },
    audio: { channels: 2, sampleRate: 44_100 },
    record: null,
  });
  let document = newTimeline("Playback", { rate: RATE, width, height });
  const change = (name: EditName, args: object): void => {
    document = edited(document, name, args as EditArguments<typeof name>);
  };
  change("addMedia", { media: ["first", "second"].map(reference) });
  const put = (track: string, name: string, media: string, start: number, length: number, time: number) =>
    change("overwrite", {
      at: at(time),
      link: false,
      clips: [
        {
          track: trackId(document, track),
          clip: { media, name, sourceRange: { start: at(start), duration: at(length) } },
        },
      ],
    });
  const half = seconds / 2;
  put("V1", "one", "first", 0, half, 0);
  put("V1", "two", "second", 1, half, half);
  put("V2", "over", "second", 0.5, half, half / 2);
  put("A1", "sound", "first", 0, half, 0);
  put("A1", "more sound", "first", 0, half, half);
  put("A2", "other sound", "second", 0, half + 1, 1);
  const over = clipId(document, "over");
  for (const [parameter, value] of Object.entries({ scaleX: 0.4, scaleY: 0.4, positionY: -0.2, opacity: 0.9 }))
    change("setParameter", { clips: [over], parameter, value });
  change("addTransition", { clip: clipId(document, "one"), edge: "end", type: "dissolve", duration: at(1) });
  const title = { text: { text: "A quiet evening", size: 0.12, shadow: null }, duration: at(half) };
  change("overwrite", { at: at(1), clips: [{ track: trackId(document, "T1"), clip: title }] });
  return document;
}

export async function benchPlayback({ args, say }: BenchContext): Promise<Record<string, PlaybackResult>> {
  const seconds = numberAfter(args, "--seconds") ?? 20;
  const only = args[args.indexOf("--only") + 1];
  const sizes = Object.entries(SIZES).filter(([name]) => !args.includes("--only") || name === only);
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-playback-"));
  const server = await serve(await bundle("../bench/playback-page.ts"), folder);
  const browser = await launchBrowser(["--autoplay-policy=no-user-gesture-required"]);
  try {
    const results: Record<string, PlaybackResult> = {};
    for (const [name, [width, height]] of sizes) {
      for (const [film, picture] of [
        ["first", "testsrc2"],
        ["second", "gradients"],
      ] as const)
        await encodeMedia(
          join(folder, `${film}-${height}.mp4`),
          filmArgs(picture, `${width}x${height}`, seconds / 2 + 2, film === "first" ? 220 : 330),
        );
      const page = await browser.newPage();
      await page.goto(server.url);
      const session = await page.context().newCDPSession(page);
      await session.send("Performance.enable");
      const cpu = async (): Promise<number> => {
        const { metrics } = await session.send("Performance.getMetrics");
        return (metrics.find((metric) => metric.name === "ThreadTime")?.value ?? 0) * 1000;
      };
      const call = callerOf<PlaybackPage>(() => page, "playbackPage");
      const before = await cpu();
      // As large as a viewer on a large screen shows it: half of each side.
      const { paint, lag, lost, waits, stats } = await call(
        "play",
        timeline(seconds, [width, height]),
        width / 2,
        height / 2,
      );
      const result: PlaybackResult = {
        seconds,
        frames: Math.round((seconds * RATE.numerator) / RATE.denominator),
        painted: stats.painted,
        dropped: stats.dropped,
        late: stats.late,
        lost,
        waits,
        paint: spread(paint),
        offset: spread(lag),
        cpuPerSecond: ((await cpu()) - before) / seconds,
      };
      results[name] = result;
      say(
        `${name}: ${result.painted} of ${result.frames} frames painted, ${result.dropped} dropped, ${result.late} late; ${lost.toFixed(2)} s of sound not heard${waits.map(({ at: from, seconds: length }) => `, waited ${length.toFixed(2)} s for it at ${from.toFixed(1)} s`).join("")}`,
      );
      say(
        `  painting ${words(result.paint)}; picture behind the sound ${words(result.offset)} (aim: under a frame, 41.7)`,
      );
      say(`  ${result.cpuPerSecond.toFixed(0)} ms of the page's CPU a second`);
      await page.close();
    }
    return results;
  } finally {
    await browser.close();
    server.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
