import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FLICKS_PER_SECOND, FRAME_RATES, frameToFlicks, type Rate } from "../../core/time/index.ts";
import { launchBrowser, removeFolder, temporaryFolder } from "../e2e/harness.ts";
import type { DecodePage } from "./decode-page.ts";
import { encodeNumbered } from "./numbered.ts";
import { bundle, callerOf, serve, type TestServer } from "./serve.ts";

const FRAMES = 150;
const x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-bf", "3", "-g", "48", "-sc_threshold", "0"];
const vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k"];

/** Name, rate of the media, how it is encoded. */
const files: readonly (readonly [name: string, rate: Rate, ffmpegRate: string, args: readonly string[]])[] = [
  ["b-frames.mp4", FRAME_RATES["24"], "24", x264],
  ["ntsc.mp4", FRAME_RATES["29.97"], "30000/1001", x264],
  ["film.mkv", FRAME_RATES["23.976"], "24000/1001", x264],
  ["open-gop.mp4", FRAME_RATES["25"], "25", [...x264, "-x264-params", "open-gop=1"]],
  ["vp9.webm", FRAME_RATES["29.97"], "30000/1001", vp9],
  ["stream.ts", FRAME_RATES["25"], "25", [...x264, "-f", "mpegts"]],
];

let folder = "";
let server: TestServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await temporaryFolder();
  for (const [name, , rate, args] of files) await encodeNumbered(rate, FRAMES, [...args, join(folder, name)]);
  // Two of three frames in the first second, all in the second, one of five from then on.
  const vary = "select='if(lt(n,30),mod(n,3),if(lt(n,60),1,not(mod(n,5))))',scale=out_color_matrix=bt709:out_range=tv";
  await encodeNumbered("30", FRAMES, ["-vf", vary, "-fps_mode", "vfr", ...x264, join(folder, "vfr.mp4")]);
  const turn = ["-c", "copy", "-metadata:s:v:0", "rotate=90", join(folder, "turned.mp4")];
  const [film] = files;
  await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-i", join(folder, film![0]), ...turn]);
  await writeFile(join(folder, "broken.mp4"), "This is no film.".repeat(1000));
  server = await serve(await bundle("./decode-page.ts"), folder);
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.goto(server.url);
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  await removeFolder(folder);
});

const call = callerOf<DecodePage>(() => page, "decodePage");

/** The same numbers at every run. */
function some(count: number): number[] {
  let state = 7;
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 0x7fffffff;
    return state % FRAMES;
  });
}

describe.for(files)("%s", ([name, rate]) => {
  it("shows the frame that has begun, wherever one jumps", async () => {
    const { first } = await call("open", `/media/${name}`, rate);
    const at = (frame: number) => first + frameToFlicks(frame, rate);
    const jumps = [0, FRAMES - 1, ...some(30)];
    expect(await call("seek", jumps.map(at))).toEqual(jumps);
    // A flick before its begin it is the one before.
    const late = some(12).filter((frame) => frame > 0);
    expect(
      await call(
        "seek",
        late.map((frame) => at(frame) - 1),
      ),
    ).toEqual(late.map((frame) => frame - 1));
  });

  it("plays on frame by frame, and back", async () => {
    const { first } = await call("open", `/media/${name}`, rate);
    const at = (frame: number) => first + frameToFlicks(frame, rate);
    const all = Array.from({ length: FRAMES }, (_, i) => i);
    expect(await call("play", all.map(at), 1)).toEqual(all);
    const back = all.toReversed().slice(0, 80);
    expect(await call("play", back.map(at), -1)).toEqual(back);
    const steps = [40, 39, 38, 37, 36, 35, 34, 35, 36, 20, 19, 18];
    expect(await call("seek", steps.map(at))).toEqual(steps);
  });

  it("holds the first frame before it, and the last one after it", async () => {
    const { first } = await call("open", `/media/${name}`, rate);
    const end = first + frameToFlicks(FRAMES, rate);
    expect(await call("seek", [first - FLICKS_PER_SECOND, end, end + 10 * FLICKS_PER_SECOND, end - 1])).toEqual([
      0,
      FRAMES - 1,
      FRAMES - 1,
      FRAMES - 1,
    ]);
    expect(await call("play", [end + 5, end - 1], -1)).toEqual([FRAMES - 1, FRAMES - 1]);
  });

  it("a quick hand sees where it stops", async () => {
    const { first } = await call("open", `/media/${name}`, rate);
    const places = some(25);
    expect(
      await call(
        "scrub",
        places.map((frame) => first + frameToFlicks(frame, rate)),
      ),
    ).toBe(places.at(-1));
  });
});

it("frames of a variable rate are shown from their own times on", async () => {
  const { first } = await call("open", "/media/vfr.mp4", FRAME_RATES["30"]);
  const kept = Array.from({ length: FRAMES }, (_, n) => n).filter((n) =>
    n < 30 ? n % 3 !== 0 : n < 60 ? true : n % 5 === 0,
  );
  const at = (frame: number) => first + frameToFlicks(frame - kept[0]!, FRAME_RATES["30"]);
  const begun = (frame: number) => kept.findLast((other) => other <= frame);
  const asked = [1, 2, 3, 4, 5, 29, 30, 31, 59, 60, 61, 64, 65, 66, 89, 144, 145, 149];
  expect(await call("seek", asked.map(at))).toEqual(asked.map(begun));
  expect(await call("play", asked.toReversed().map(at), -1)).toEqual(asked.toReversed().map(begun));
});

it("a turned film stands upright", async () => {
  await call("open", "/media/turned.mp4", FRAME_RATES["24"]);
  await call("seek", [0]);
  expect(await call("size", 0)).toEqual([180, 320]);
});

it("what is no film, and what is not there, is said in a sentence", async () => {
  expect(await call("problem", "/media/broken.mp4")).toMatch(/^MediaProblem: .+\.$/);
  expect(await call("problem", "/media/nothing.mp4")).toMatch(/^MediaProblem: .+\.$/);
});
