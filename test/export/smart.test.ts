import { execFile } from "node:child_process";
import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExportSettings, findPreset, planExport } from "../../core/export/index.ts";
import { FRAME_RATES, frameToFlicks, type Rate } from "../../core/time/index.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools } from "../../main/media/index.ts";
import { MediaFiles } from "../../main/studio/export/media-files.ts";
import { PacketFiles } from "../../main/studio/export/packet-files.ts";
import { type Piece, planSmart } from "../../main/studio/export/smart-plan.ts";
import { launchBrowser, removeFolder, temporaryFolder } from "../e2e/harness.ts";
import type { DecodePage } from "../viewer/decode-page.ts";
import { encodeNumbered, HEIGHT, WIDTH } from "../viewer/numbered.ts";
import { bundle, callerOf, serve, type TestServer } from "../viewer/serve.ts";
import { exportFilm } from "./export-film.ts";
import { Film } from "./films.ts";
import { decoded, FRAMES, range, reference, x264 } from "./numbered-films.ts";

let folder = "";
let tools: MediaTools;
let server: TestServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await temporaryFolder();
  tools = await locateFfmpeg();
  await encodeNumbered("24", FRAMES, [...x264, join(folder, "closed.mp4")]);
  await encodeNumbered("30000/1001", FRAMES, [...x264, join(folder, "ntsc.mp4")]);
  await encodeNumbered("24", FRAMES, [...x264, "-x264-params", "open-gop=1", join(folder, "open.mp4")]);
  await encodeNumbered("24", FRAMES, [...x264, "-profile:v", "baseline", "-bf", "0", join(folder, "plain.mp4")]);
  await encodeFlashes(join(folder, "flash.mp4"));
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

/** Frames from a flash, which a click sounds with, to the next. */
const FLASH = 6;

/** A white frame and a click every quarter of a second. */
async function encodeFlashes(file: string): Promise<void> {
  const seconds = FRAMES / 24;
  const picture = `color=black:s=${WIDTH}x${HEIGHT}:r=24:d=${seconds},drawbox=c=white:t=fill:enable='lt(mod(n,${FLASH}),1)'`;
  const sound = `aevalsrc=exprs='if(lt(mod(t,${FLASH / 24}),0.01),0.8*sin(2*PI*1000*t),0)':s=48000:d=${seconds}`;
  const tags = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p";
  const colours = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"];
  const inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound];
  const args = [...inputs, "-vf", tags, ...colours, ...x264, "-c:a", "aac", "-b:a", "192k", file];
  await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args]);
}

/** When the sound of a file sets in after silence, seconds. */
async function clicksIn(file: string): Promise<number[]> {
  const args = ["-nostdin", "-v", "error", "-i", file, "-ac", "1", "-ar", "48000", "-f", "f32le", "-"];
  const { stdout } = await promisify(execFile)("ffmpeg", args, { encoding: "buffer", maxBuffer: 1 << 26 });
  const samples = new Float32Array(stdout.buffer, stdout.byteOffset, stdout.length / 4);
  const found: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const [i, sample] of samples.entries()) {
    if (Math.abs(sample) < 0.2) continue;
    if (i - last > 2400) found.push(i / 48_000);
    last = i;
  }
  return found;
}

/** Numbers of a file's white frames. */
async function flashesIn(file: string): Promise<number[]> {
  const args = ["-nostdin", "-v", "error", "-i", file, "-vf", "scale=1:1,format=gray", "-f", "rawvideo", "-"];
  const { stdout } = await promisify(execFile)("ffmpeg", args, { encoding: "buffer" });
  return [...stdout].flatMap((light, frame) => (light > 128 ? [frame] : []));
}

const media = (): MediaReference[] => [
  reference("closed.mp4", FRAME_RATES["24"]),
  reference("open.mp4", FRAME_RATES["24"]),
  reference("plain.mp4", FRAME_RATES["24"]),
  reference("ntsc.mp4", FRAME_RATES["29.97"]),
  { ...reference("flash.mp4", FRAME_RATES["24"]), audio: { channels: 1, sampleRate: 48_000 } },
];
const film = (rate: Rate = FRAME_RATES["24"]): Film => new Film(media(), { rate, width: WIDTH, height: HEIGHT });
const settings = (smart = true): ExportSettings => ({ ...findPreset("h264")!.settings, audio: null, smart });

/** Cuts in the middle of groups of pictures, between encoders of different kinds, and a stretch that is changed. */
function cuts(): Film {
  return film()
    .put("V1", "closed.mp4", { at: 0, from: 5, count: 40, name: "a" })
    .put("V1", "plain.mp4", { at: 40, from: 20, count: 30, name: "b" })
    .put("V1", "closed.mp4", { at: 70, from: 12, count: 24, name: "c" })
    .put("V1", "closed.mp4", { at: 94, from: 60, count: 36, name: "d" });
}
const shown = [...range(5, 40), ...range(20, 30), ...range(12, 24), ...range(60, 36)];

async function planned(made: Film, value = settings()): Promise<Piece[] | null> {
  const files = media().map((each) => ({
    reference: each,
    path: join(folder, each.path),
    input: [`file:${join(folder, each.path)}`],
    stamp: "",
  }));
  const packets = new PacketFiles();
  try {
    return await planSmart(made.document, planExport(made.document, value)!, new MediaFiles(tools, files), packets);
  } finally {
    packets.close();
  }
}

const inChromium = callerOf<DecodePage>(() => page, "decodePage");

describe("smart rendering", () => {
  it("copies whole groups of pictures of untouched clips, and encodes the edges", async () => {
    const pieces = (await planned(cuts()))!;
    expect(pieces.map(({ from, count, copy }) => [from, count, copy?.first ?? null])).toEqual([
      [0, 7, null],
      [7, 24, 12],
      [31, 13, null],
      [44, 24, 24],
      [68, 2, null],
      [70, 24, 12],
      // The last clip begins at a key frame and goes to the media's end.
      [94, 36, 60],
    ]);
  });

  it("not what is changed, of another size or codec, hidden, or when it is switched off", async () => {
    expect(await planned(cuts(), settings(false))).toBeNull();
    const whole = (change: (made: Film) => Film) => planned(change(film().put("V1", "closed.mp4", { count: 60 })));
    expect(await whole((made) => made.set("closed.mp4", { opacity: 0.9 }))).toBeNull();
    expect(await whole((made) => made.text({ text: "over" }, { count: 60 }))).toBeNull();
    expect(await planned(film(FRAME_RATES["25"]).put("V1", "closed.mp4", { count: 60 }))).toBeNull();
    const small = settings();
    expect(await planned(cuts(), { ...small, video: { ...small.video!, width: 160, height: 90 } })).toBeNull();
    expect(await planned(cuts(), { ...small, video: { ...small.video!, bitrate: 500 } })).toBeNull();
    // A title over a part: only the parts beside it.
    const part = (await whole((made) => made.text({ text: "over" }, { at: 20, count: 10 })))!;
    expect(part.map(({ from, count, copy }) => [from, count, copy !== null])).toEqual([
      [0, 12, true],
      [12, 24, false],
      [36, 24, true],
    ]);
  });

  it("the joins are frame-exact in ffmpeg and in Chromium, and decode without a complaint", async () => {
    const file = join(folder, "joined.mp4");
    const outcome = await exportFilm(tools, cuts().document, settings(), folder, file);
    expect(outcome.notes[0]).toMatch(/^108 of 130 frames were copied/);
    const rate = FRAME_RATES["24"];
    expect(await decoded(tools, file, rate, shown.length)).toEqual(shown);
    const { stderr } = await promisify(execFile)("ffmpeg", [
      "-nostdin",
      "-v",
      "warning",
      "-i",
      file,
      "-f",
      "null",
      "-",
    ]);
    expect(stderr).toBe("");
    await inChromium("open", "/media/joined.mp4", rate);
    const times = shown.map((_, n) => frameToFlicks(n, rate));
    expect(await inChromium("play", times, 1)).toEqual(shown);
    const jumps = [100, 3, 71, 69, 44, 43, 129, 31, 94];
    expect(
      await inChromium(
        "seek",
        jumps.map((n) => times[n]!),
      ),
    ).toEqual(jumps.map((n) => shown[n]));
  });

  it("a flash and a click that come together in the clips do so before and after every join", async () => {
    const made = film();
    const cut = [
      [0, 5, 40],
      [40, 21, 30],
      [70, 52, 26],
      [96, 12, 24],
    ] as const;
    for (const [at, from, count] of cut)
      for (const track of ["V1", "A1"]) made.put(track, "flash.mp4", { at, from, count, name: `${track} ${at}` });
    const file = join(folder, "flashes.mp4");
    const { settings: preset } = findPreset("h264")!;
    const sound = { ...preset, audio: { ...preset.audio!, loudness: null } };
    const pieces = (await planned(made, sound))!;
    expect(pieces.filter(({ copy }) => copy !== null)).toHaveLength(4);
    expect((await exportFilm(tools, made.document, sound, folder, file)).notes[0]).toMatch(/copied/);
    const expected = cut.flatMap(([at, from, count]) =>
      range(from, count).flatMap((frame) => (frame % FLASH === 0 ? [at + frame - from] : [])),
    );
    // Every piece has flashes of its own.
    for (const { from, count } of pieces.filter(({ count }) => count >= FLASH))
      expect(expected.some((frame) => frame >= from && frame < from + count)).toBe(true);
    expect(await flashesIn(file)).toEqual(expected);
    const clicks = await clicksIn(file);
    expect(clicks).toHaveLength(expected.length);
    const apart = clicks.map((time, i) => Math.abs(time - expected[i]! / 24));
    expect(Math.max(...apart), `seconds apart: ${apart.join(", ")}`).toBeLessThan(0.005);
  });

  it("many cuts, short and long, of films of several encoders: every frame is the one that it should be", async () => {
    const made = film();
    const expected: number[] = [];
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
    for (let n = 0; n < 24; n++) {
      const name = ["closed.mp4", "plain.mp4", "open.mp4"][n % 3]!;
      const count = 1 + next(n % 4 === 0 ? 40 : 12);
      const from = next(FRAMES - count);
      made.put("V1", name, { at: expected.length, from, count, name: `cut${n}` });
      expected.push(...range(from, count));
    }
    const file = join(folder, "many.mp4");
    const told: number[] = [];
    let pictures = 0;
    const outcome = await exportFilm(tools, made.document, settings(), folder, file, {
      progress: (phase, done) => void (phase === "render" && told.push(done)),
      picture: () => void (pictures += 1),
    });
    expect(outcome.notes[0]).toMatch(/frames were copied/);
    expect(pictures).toBeGreaterThan(0);
    expect(told.at(-1)).toBe(expected.length);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(await decoded(tools, file, FRAME_RATES["24"], expected.length)).toEqual(expected);
    expect(await readdir(folder)).not.toContainEqual(expect.stringMatching(/cuts|pictures|piece/));
  });

  const cutsOf = [
    [5, 60],
    [7, 50],
    [5, 80],
    [3, 60],
  ] as const;
  const cutFrames = cutsOf.flatMap(([from, count]) => range(from, count));
  const titles = [30, 90, 150, 170, 220];
  const isTitled = (n: number): boolean => titles.some((at) => n >= at && n < at + 6);

  /** Cuts in the middle of groups of pictures, and titles within the clips. */
  const titled = (): Film => {
    const made = film();
    let at = 0;
    for (const [from, count] of cutsOf) {
      made.put("V1", "closed.mp4", { at, from, count, name: `cut ${at}` });
      at += count;
    }
    for (const title of titles) made.text({ text: "over", size: 0.05 }, { at: title, count: 6 });
    return made;
  };

  it("cuts and titles in one film: what lies between the titles is copied, more than two pieces are made beside it", async () => {
    const made = titled();
    const pieces = (await planned(made))!;
    expect(pieces.filter(({ cuts: plain }) => plain !== null).length).toBeGreaterThan(1);
    expect(pieces.filter(({ copy, cuts: plain }) => copy === null && plain === null).length).toBeGreaterThan(2);
    const file = join(folder, "titled.mp4");
    const told: number[] = [];
    const outcome = await exportFilm(tools, made.document, settings(), folder, file, {
      progress: (phase, done) => void (phase === "render" && told.push(done)),
    });
    expect(outcome.notes).toEqual([expect.stringMatching(/frames were copied as they are; the others/)]);
    expect(told.at(-1)).toBe(cutFrames.length);
    const found = await decoded(tools, file, FRAME_RATES["24"], cutFrames.length);
    expect(found.filter((_, n) => !isTitled(n))).toEqual(cutFrames.filter((_, n) => !isTitled(n)));
    expect(await readdir(folder)).not.toContainEqual(expect.stringMatching(/cuts|pictures|piece/));
  });

  it.runIf(process.platform !== "win32")("where copying fails all is encoded, and it says so", async () => {
    const poor = join(folder, "ffmpeg-poor");
    await writeFile(poor, '#!/bin/sh\ncase "$*" in *"-f matroska -i pipe:0"*) exit 1;; esac\nexec ffmpeg "$@"\n');
    await chmod(poor, 0o755);
    const made = titled();
    made.put("A1", "flash.mp4", { count: 90 });
    const file = join(folder, "poor.mp4");
    const sound = { ...settings(), audio: { ...findPreset("h264")!.settings.audio!, loudness: null } };
    const { notes } = await exportFilm({ ...tools, ffmpeg: poor }, made.document, sound, folder, file);
    expect(notes).toContain("Copying untouched stretches did not work here, so all of it was encoded.");
    const found = await decoded(tools, file, FRAME_RATES["24"], cutFrames.length);
    expect(found.filter((_, n) => !isTitled(n))).toEqual(cutFrames.filter((_, n) => !isTitled(n)));
  });

  it("so at an NTSC rate, and with groups of pictures that lean on the one before", async () => {
    const rate = FRAME_RATES["29.97"];
    const ntsc = film(rate).put("V1", "ntsc.mp4", { from: 5, count: 60 });
    const file = join(folder, "joined-ntsc.mp4");
    expect((await exportFilm(tools, ntsc.document, settings(), folder, file)).notes[0]).toMatch(/copied/);
    expect(await decoded(tools, file, rate, 60)).toEqual(range(5, 60));
    const open = film().put("V1", "open.mp4", { from: 5, count: 60 });
    const other = join(folder, "joined-open.mp4");
    await exportFilm(tools, open.document, settings(), folder, other);
    expect(await decoded(tools, other, FRAME_RATES["24"], 60)).toEqual(range(5, 60));
  });
});
