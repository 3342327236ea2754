/**
 * How quickly the right picture stands on the canvas while the playhead is moved by hand: one 1080p film, H.264, with a key frame every
 * second (cameras), every two (streams) and every 250 frames (x264 left alone), decoded in Chromium with the viewer's own engine. Clicks jump
 * about in it; drags go over it at the pace of the film, five times and twenty times as fast, on and back, with a move in each frame of the
 * screen.
 *
 * “Age” is how long after a move the canvas shows that move's picture or the one of a later move: what lies between hand and eye. “Own
 * picture”: the share of moves whose very picture was painted; the others were passed over for later ones. “At rest” is the time from the
 * last move of a drag to its picture. Pictures a second are all that were painted while dragging, those on the way to the right one too.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLICKS_PER_SECOND, FRAME_RATES } from "../../core/time/index.ts";
import { newTimeline, type Timeline } from "../../core/timeline/index.ts";
import { edited, trackId } from "../../core/timeline/testing/sample.ts";
import { launchBrowser } from "../e2e/harness.ts";
import { bundle, callerOf, serve } from "../viewer/serve.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import type { Drag, PlaybackPage } from "./playback-page.ts";
import { spread, type Spread, words } from "./spread.ts";
import { encodeMedia } from "./timeline-project.ts";

const [WIDTH, HEIGHT, SECONDS] = [1920, 1080, 24];
const DISTANCES = { "1 s": 24, "2 s": 48, "250 frames": 250 } as const;
const PACES = [1, 5, 20] as const;

interface ScrubResult {
  /** Milliseconds from a click to its picture. */
  readonly click: Spread;
  /** By how many times faster than the film the playhead is dragged. */
  readonly drags: Readonly<
    Record<
      string,
      {
        /** Milliseconds. */
        readonly age: Spread;
        /** 0 to 1. */
        readonly own: number;
        /** Those on the way to the right one too. */
        readonly picturesPerSecond: number;
        /** Milliseconds. */
        readonly rest: Spread;
      }
    >
  >;
}

function timeline(path: string): Timeline {
  const rate = FRAME_RATES["24"];
  const range = { start: 0, duration: SECONDS * FLICKS_PER_SECOND };
  const media = {
    id: "film",
    kind: "video" as const,
    name: "film",
    path,
    fingerprint: { bytes: 1, sha256: "ab".repeat(32) },
    availableRange: range,
    rate,
    size: { width: WIDTH, height: HEIGHT },
    audio: null,
    record: null,
  };
  const document = edited(newTimeline("Scrub", { rate, width: WIDTH, height: HEIGHT }), "addMedia", { media: [media] });
  const clips = [{ track: trackId(document, "V1"), clip: { media: "film", sourceRange: range } }];
  return edited(document, "overwrite", { at: 0, clips });
}

type Dragged = Awaited<ReturnType<PlaybackPage["scrub"]>>["dragged"][number];

/** For each move how long after it its picture, or a later move's, was painted. */
function ages({ moves, painted }: Dragged): number[] {
  return moves.flatMap(({ at }, n) => {
    const later = new Set(moves.slice(n).map(({ time }) => time));
    const seen = painted.find((each) => each.at >= at && later.has(each.time));
    return seen === undefined ? [] : [seen.at - at];
  });
}

const ownOf = ({ moves, painted }: Dragged): number => {
  const times = new Set(painted.map(({ time }) => time));
  return moves.filter(({ time }) => times.has(time)).length / moves.length;
};

export async function benchScrub({ args, say }: BenchContext): Promise<Record<string, ScrubResult>> {
  const only = args[args.indexOf("--only") + 1];
  const runs = numberAfter(args, "--runs") ?? 3;
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-scrub-"));
  const server = await serve(await bundle("../bench/playback-page.ts"), folder);
  const browser = await launchBrowser();
  try {
    const results: Record<string, ScrubResult> = {};
    for (const [name, distance] of Object.entries(DISTANCES)) {
      if (args.includes("--only") && name !== only) continue;
      const file = `every-${distance}.mp4`;
      const codecs = `-c:v libx264 -preset veryfast -g ${distance} -keyint_min ${distance} -sc_threshold 0 -pix_fmt yuv420p`;
      const picture = `-f lavfi -i testsrc2=s=${WIDTH}x${HEIGHT}:r=24 -t ${SECONDS}`;
      await encodeMedia(join(folder, file), `${picture} ${codecs}`.split(" "));
      const page = await browser.newPage();
      await page.goto(server.url);
      const call = callerOf<PlaybackPage>(() => page, "playbackPage");
      const drags = PACES.flatMap((pace) => {
        const length = Math.min(SECONDS - 3, 2 * pace);
        const drag = { from: 1, to: 1 + length, seconds: Math.max(1, length / pace) };
        return Array.from({ length: runs }, (): Drag[] => [drag, { ...drag, from: drag.to, to: drag.from }]).flat();
      });
      // Spread over the film, in an order that is no order.
      const clicks = Array.from({ length: 8 * runs }, (_, n) => ((n * 7.37 + 3.1) % (SECONDS - 1)) + 0.5);
      const { jumps, dragged } = await call("scrub", timeline(file), WIDTH / 2, HEIGHT / 2, drags, clicks);
      await page.close();
      say(`a key frame every ${name}: click ${words(spread(jumps))}`);
      const byPace: Record<string, ScrubResult["drags"][string]> = {};
      for (const [n, pace] of PACES.entries()) {
        const list = dragged.slice(2 * runs * n, 2 * runs * (n + 1));
        const mean = (of: (each: Dragged) => number) => list.reduce((sum, each) => sum + of(each), 0) / list.length;
        const result = {
          age: spread(list.flatMap(ages)),
          own: mean(ownOf),
          picturesPerSecond: mean(({ seen }) => seen),
          rest: spread(list.map(({ settled }) => settled)),
        };
        byPace[`${pace}×`] = result;
        say(
          `  drag at ${pace}× age ${words(result.age)}; own picture ${(100 * result.own).toFixed(0)} %, ${result.picturesPerSecond.toFixed(0)} pictures a second; at rest ${words(result.rest)}`,
        );
      }
      results[name] = { click: spread(jumps), drags: byPace };
    }
    return results;
  } finally {
    await browser.close();
    server.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
