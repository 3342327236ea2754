import { execFile } from "node:child_process";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { peakColumns, readPeakFile } from "../../core/sound/index.ts";
import { evenFrames, isAnimatedWebp, unpackWebp } from "./animated-webp.ts";
import { isVariable, meanRate } from "./frame-times.ts";
import { parseHead } from "./head.ts";
import { locateFfmpeg, type MediaTools } from "./locate.ts";
import { makePeaks } from "./make-peaks.ts";
import { makePoster, type PictureSource } from "./make-poster.ts";
import { doneSeconds, makeFilmProxy } from "./make-proxy.ts";
import { makeStrip, stripLayout } from "./make-strip.ts";
import { type FilmFacts, probeInput, probeMedia } from "./probe-media.ts";
import { fitWithin, showFilters } from "./show-filters.ts";
import { clearFrame, drawFrame, parseAnimatedWebp } from "./webp-container.ts";
import { temporaryFolder } from "./testing.ts";

vi.setConfig({ testTimeout: 240_000 });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let tools: MediaTools;
const at = (name: string) => join(folder.path, name);
const ffmpeg = async (name: string, ...args: string[]): Promise<string> => {
  await promisify(execFile)("ffmpeg", ["-v", "error", "-y", ...args, at(name)]);
  return at(name);
};
const picture = (seconds: number, size = "160x90", rate = 25, pattern = "testsrc2") => [
  "-f",
  "lavfi",
  "-i",
  `${pattern}=d=${seconds}:s=${size}:r=${rate}`,
];
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
beforeAll(async () => {
  folder = await temporaryFolder();
  tools = await locateFfmpeg();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function film(path: string): Promise<FilmFacts> {
  const facts = await probeMedia(tools, path);
  if (facts.kind !== "video") throw new Error(`a ${facts.kind}`);
  return facts;
}
const sourceOf = (path: string, facts: FilmFacts): PictureSource => ({
  ...facts,
  input: [`file:${path}`],
  decoder: null,
});

/** One frame as RGBA8, at a time in seconds. */
async function frame(path: string, seconds: number, size: { width: number; height: number }, decoder: string[] = []) {
  const args = [...decoder, "-ss", String(seconds), "-i", path, "-frames:v", "1"];
  const out = ["-vf", `scale=${size.width}:${size.height}`, "-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1"];
  const { stdout } = await promisify(execFile)("ffmpeg", ["-v", "error", ...args, ...out], {
    encoding: "buffer",
    maxBuffer: 2 ** 26,
  });
  return (x: number, y: number): number[] => [
    ...stdout.subarray((y * size.width + x) * 4, (y * size.width + x) * 4 + 4),
  ];
}

describe("what a film is like", () => {
  it("frames at equal times, and frames at others", async () => {
    const even = await ffmpeg("even.mkv", ...picture(2, "64x64", 30), ...H264);
    expect(await film(even)).toMatchObject({ isVariable: false, framesPerSecond: 30, seconds: 2, audio: null });
    const uneven = await ffmpeg(
      "uneven.mp4",
      ...picture(4, "64x64", 30),
      "-vf",
      "select='lt(n,30)+not(mod(n,3))'",
      "-vsync",
      "vfr",
      ...H264,
    );
    const facts = await film(uneven);
    expect(facts.isVariable).toBe(true);
    expect(facts.framesPerSecond).toBeCloseTo(60 / facts.seconds, 0);
  });

  it("times that are rounded to milliseconds, or stored out of order, are even all the same", () => {
    const rounded = Array.from({ length: 150 }, (_, n) => Math.round((n * 1000) / 29.97) / 1000);
    expect(isVariable([rounded])).toBe(false);
    expect(meanRate([rounded])).toBeCloseTo(29.97, 1);
    // A frame dropped now and then.
    expect(isVariable([rounded.filter((_, n) => n % 40 !== 7)])).toBe(false);
    // Half of the film at another rate.
    expect(isVariable([rounded, rounded.map((time) => time * 2)])).toBe(true);
    expect(isVariable([[]])).toBe(false);
  });

  it("pictures that lie on their side, and pixels that are not square", async () => {
    const plain = await ffmpeg("plain.mp4", ...picture(1), ...H264);
    const turned = await ffmpeg("turned.mp4", "-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90");
    expect(await film(turned)).toMatchObject({ width: 90, height: 160, rotation: 270 });
    const wide = await ffmpeg("wide.mp4", ...picture(1, "120x96"), "-vf", "setsar=4/3", ...H264);
    expect(await film(wide)).toMatchObject({ width: 160, height: 96, pixelAspect: 4 / 3 });
  });

  it("ten bits, high dynamic range, odd sizes, alpha, interlacing", async () => {
    const hdr = ["-color_primaries", "bt2020", "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc"];
    const ten = await ffmpeg("ten.mp4", ...picture(0.4), "-c:v", "libx264", "-pix_fmt", "yuv420p10le", ...hdr);
    expect(await film(ten)).toMatchObject({ depth: 10, hdr: "hlg", matrix: "bt2020nc" });
    const odd = await ffmpeg("odd.mkv", ...picture(0.4, "161x91", 25, "testsrc"), "-c:v", "ffv1", "-pix_fmt", "bgr0");
    expect(await film(odd)).toMatchObject({ width: 161, height: 91, codec: "ffv1", alpha: false });
    const clear = ["-f", "lavfi", "-i", "color=red@0.5:d=0.4:s=64x64:r=25,format=yuva444p10le"];
    const alpha = await ffmpeg("alpha.mov", ...clear, "-c:v", "prores_ks", "-profile:v", "4444");
    expect(await film(alpha)).toMatchObject({ codec: "prores", alpha: true });
    const fields = await ffmpeg(
      "fields.mpg",
      ...picture(0.4, "160x96"),
      "-c:v",
      "mpeg2video",
      "-flags",
      "+ildct+ilme",
      "-top",
      "1",
    );
    expect(await film(fields)).toMatchObject({ isInterlaced: true });
  });

  it("a clock that does not begin at 0, and pictures that begin after the sound", async () => {
    const stream = await ffmpeg("late.ts", ...picture(1), "-c:v", "mpeg2video", "-output_ts_offset", "5");
    const facts = await film(stream);
    expect(facts.origin).toBeGreaterThan(5);
    expect(facts.start).toBe(0);
    const sound = ["-f", "lavfi", "-i", "sine=d=2:r=48000"];
    const delayed = await ffmpeg(
      "delayed.mkv",
      "-itsoffset",
      "0.5",
      ...picture(1),
      ...sound,
      ...H264,
      "-c:a",
      "pcm_s16le",
    );
    const late = await film(delayed);
    expect(late.origin + late.start).toBeCloseTo(0.5, 1);
    expect(late.start).toBeCloseTo(0.5, 1);
  });

  it("a recording that was cut off and states no length has that of its pictures", async () => {
    const { stdout } = await promisify(execFile)(
      "ffmpeg",
      [
        "-v",
        "error",
        ...picture(1.2, "64x64"),
        "-c:v",
        "libvpx",
        "-deadline",
        "realtime",
        "-f",
        "webm",
        "-live",
        "1",
        "pipe:1",
      ],
      { encoding: "buffer" },
    );
    await writeFile(at("live.webm"), stdout);
    expect((await film(at("live.webm"))).seconds).toBeCloseTo(1.2, 1);
  });

  it("an animated GIF is a film, one of one picture a picture, and only what can be seen through is transparent", async () => {
    const gif = await ffmpeg("moves.gif", ...picture(0.5, "64x48", 10));
    expect(await film(gif)).toMatchObject({ width: 64, height: 48, framesPerSecond: 10, alpha: false });
    const one = await ffmpeg("one.gif", ...picture(0.1, "64x48", 10), "-frames:v", "1");
    expect(await probeMedia(tools, one)).toMatchObject({ kind: "picture", width: 64, alpha: false });
    const clear = await ffmpeg("clear.png", "-f", "lavfi", "-i", "color=red@0.2:s=32x32,format=rgba", "-frames:v", "1");
    expect(await probeMedia(tools, clear)).toMatchObject({ kind: "picture", alpha: true });
    const full = await ffmpeg("full.png", "-f", "lavfi", "-i", "color=red:s=32x32,format=rgba", "-frames:v", "1");
    expect(await probeMedia(tools, full)).toMatchObject({ kind: "picture", alpha: false });
  });

  it("an animated WebP becomes a film that ffmpeg reads, each frame as long as it says", async () => {
    // Red for 200 ms, then a blue square in its middle for 100 ms, then green for 300 ms.
    const red = "color=red:s=64x48:d=0.6:r=10,format=rgba";
    const drawn = "drawbox=x=20:y=16:w=24:h=16:c=blue:t=fill:enable='eq(n,2)',drawbox=c=lime:t=fill:enable='gte(n,3)'";
    const encode = ["-c:v", "libwebp_anim", "-lossless", "1", "-loop", "0"];
    const path = await ffmpeg("moves.webp", "-f", "lavfi", "-i", `${red},${drawn}`, ...encode);
    expect(await isAnimatedWebp(path)).toBe(true);
    const parsed = parseAnimatedWebp(await readFile(path))!;
    expect(parsed).toMatchObject({ width: 64, height: 48 });
    // The encoder stores only what changes: frames smaller than the canvas are put together right.
    expect(parsed.frames.some(({ width }) => width < 64)).toBe(true);
    await unpackWebp(tools, path, at("moves.mkv"));
    expect(await film(at("moves.mkv"))).toMatchObject({ width: 64, height: 48, seconds: 0.6 });
    const size = { width: 64, height: 48 };
    const middle = await Promise.all(
      [0, 0.1, 0.2, 0.3, 0.5].map(async (time) => (await frame(at("moves.mkv"), time, size))(30, 24)),
    );
    const [r, b, g] = [
      [254, 0, 0, 255],
      [0, 0, 254, 255],
      [0, 255, 0, 255],
    ];
    for (const [n, wanted] of [r, r, b, g, g].entries())
      for (const [c, value] of wanted.entries()) expect(Math.abs(middle[n]![c]! - value)).toBeLessThan(4);
    expect((await frame(at("moves.mkv"), 0.2, size))(2, 2)[0]).toBeGreaterThan(250);
    await ffmpeg("still.webp", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1");
    expect(await isAnimatedWebp(at("still.webp"))).toBe(false);
    await writeFile(at("torn.webp"), (await readFile(path)).subarray(0, 60));
    await expect(unpackWebp(tools, at("torn.webp"), at("torn.mkv"))).rejects.toMatchObject({
      code: "MEDIA_UNREADABLE",
    });
  });

  it("frames of an animation are laid over each other, or in each other's place", () => {
    const still = new Uint8Array();
    const frame = { x: 0, y: 0, width: 1, height: 1, delay: 1, isCleared: false, still };
    const canvas = Uint8Array.of(255, 0, 0, 255, 9, 9, 9, 9);
    drawFrame(canvas, 2, { ...frame, isBlended: true }, Uint8Array.of(0, 0, 255, 128));
    expect([...canvas]).toEqual([127, 0, 128, 255, 9, 9, 9, 9]);
    drawFrame(canvas, 2, { ...frame, x: 1, isBlended: false }, Uint8Array.of(1, 2, 3, 4));
    expect([...canvas.subarray(4)]).toEqual([1, 2, 3, 4]);
    clearFrame(canvas, 2, { ...frame, isBlended: true });
    expect([...canvas]).toEqual([0, 0, 0, 0, 1, 2, 3, 4]);
    expect(parseAnimatedWebp(new Uint8Array(40))).toBeNull();
  });

  it("frames of uneven times fall on an even grid", () => {
    expect(evenFrames([100, 100])).toEqual({ rate: { numerator: 10_000, denominator: 1000 }, shown: [0, 1] });
    expect(evenFrames([0, 40, 80]).shown.length).toBe(Math.round(220 / 40));
    expect(evenFrames([5000]).shown).toEqual([0]);
  });

  it("a percent sign in a name is a percent sign, and no number", async () => {
    await ffmpeg("a%%03d.png", "-f", "lavfi", "-i", "color=red:s=40x30", "-frames:v", "1", "-update", "1");
    await ffmpeg("a001.png", "-f", "lavfi", "-i", "color=blue:s=64x64", "-frames:v", "1");
    await rename(at("a%%03d.png"), at("a%03d.png")).catch(() => {}); // versions of ffmpeg differ in what they make of the name
    expect(await probeMedia(tools, at("a%03d.png"))).toMatchObject({ kind: "picture", width: 40, height: 30 });
  });

  it("a numbered sequence is a film", async () => {
    await ffmpeg("shot_%03d.png", ...picture(0.5, "64x64", 24), "-start_number", "7");
    const input = ["-f", "image2", "-framerate", "24", "-start_number", "7", `file:${at("shot_%03d.png")}`];
    expect(await probeInput(tools, input)).toMatchObject({ kind: "video", framesPerSecond: 24, seconds: 0.5 });
  });

  it("what is none is refused with one sentence", async () => {
    await writeFile(at("none.mp4"), "this is no film at all ".repeat(100));
    await expect(probeMedia(tools, at("none.mp4"))).rejects.toMatchObject({ code: "MEDIA_UNREADABLE" });
    expect(() => parseHead("{}")).toThrow(expect.objectContaining({ code: "MEDIA_UNREADABLE" }) as Error);
  });
});

describe("what is made of it", () => {
  it("posters are upright and in standard range", async () => {
    // Left half red, right half blue, turned by a quarter to the left: red is below.
    const halves = ["-f", "lavfi", "-i", "color=red:s=64x64:d=1[a];color=blue:s=64x64:d=1[b];[a][b]hstack"];
    const plain = await ffmpeg("halves.mp4", ...halves, ...H264);
    const turned = await ffmpeg("halves-turned.mp4", "-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90");
    const facts = await film(turned);
    expect(await makePoster(tools, sourceOf(turned, facts), at("poster.jpg"))).toEqual({ width: 64, height: 128 });
    const pixel = await frame(at("poster.jpg"), 0, { width: 64, height: 128 });
    expect(pixel(32, 100)[0]).toBeGreaterThan(200);
    expect(pixel(32, 20)[2]).toBeGreaterThan(200);
    expect(pixel(32, 20)[0]).toBeLessThan(60);
  });

  it("tone mapping makes HDR white white and keeps greys grey", async () => {
    // PQ code 0.58 is the reference white of 203 nits, limited range 10 bit: 64 + 876 × 0.58.
    const white = `color=black:s=64x64:d=0.2,format=yuv420p10le,geq=lum=572:cb=512:cr=512`;
    const tags = [
      "-color_primaries",
      "bt2020",
      "-color_trc",
      "smpte2084",
      "-colorspace",
      "bt2020nc",
      "-color_range",
      "tv",
    ];
    const path = await ffmpeg("white.mkv", "-f", "lavfi", "-i", white, "-c:v", "ffv1", ...tags);
    const facts = await film(path);
    expect(facts.hdr).toBe("pq");
    await makePoster(tools, sourceOf(path, facts), at("white.jpg"));
    const [red = 0, green = 0, blue = 0] = (await frame(at("white.jpg"), 0, { width: 64, height: 64 }))(30, 30);
    // Shown as it is stored it would be 148 of 255.
    expect(green).toBeGreaterThan(170);
    expect(Math.abs(red - green) + Math.abs(blue - green)).toBeLessThan(8);
  });

  it("a strip shows the film's times in order", async () => {
    // Brightness rises with time.
    const rising = "color=black:s=160x90:d=4:r=25,format=gray,geq=lum='N*2.5'";
    const path = await ffmpeg("rising.mp4", "-f", "lavfi", "-i", rising, ...H264);
    const facts = await film(path);
    const told: number[] = [];
    const layout = await makeStrip(tools, sourceOf(path, facts), at("strip.jpg"), (fraction) => told.push(fraction));
    expect(layout).toEqual(stripLayout(facts));
    expect(layout).toMatchObject({ count: 8, columns: 8, rows: 1, width: 160, height: 90, interval: 0.5 });
    const pixel = await frame(at("strip.jpg"), 0, { width: 1280, height: 90 });
    const levels = Array.from({ length: 8 }, (_, n) => pixel(n * 160 + 80, 45)[0]!);
    for (const [n, level] of levels.entries()) expect(Math.abs(level - n * 12.5 * 2.5)).toBeLessThan(14);
    expect(told.at(-1)).toBe(1);
  });

  it("a waveform has the sound's extremes at their times, in one small file", async () => {
    // Silence, then one second of a tone at half of full scale in the left channel alone.
    const tone = "aevalsrc='if(between(t,1,2),0.5*sin(880*PI*t),0)|0':d=3:s=48000";
    const path = await ffmpeg("tone.wav", "-f", "lavfi", "-i", tone, "-c:a", "pcm_s16le");
    const source = { input: [`file:${path}`], sampleRate: 48_000, channels: 2, seconds: 3 };
    await makePeaks(tools, source, at("peaks.bin"), () => {});
    const file = readPeakFile(await readFile(at("peaks.bin")))!;
    expect(file).toMatchObject({ sampleRate: 48_000, channels: 2, samples: 144_000 });
    const left = peakColumns(file, 0, 3, 6, 0);
    const rounded = [...left].map((value) => Math.round(value * 10) / 10 || 0);
    expect(rounded).toEqual([0, 0, 0, 0, -0.5, 0.5, -0.5, 0.5, 0, 0, 0, 0]);
    expect([...peakColumns(file, 0, 3, 3, 1)].every((value) => Math.abs(value) < 0.01)).toBe(true);
    // An hour of stereo is 1200 times as long.
    expect((await stat(at("peaks.bin"))).size * 1200).toBeLessThan(2.4e6);
  });

  it("a proxy is even, upright, light, and as long as the film; a transparent one stays transparent", async () => {
    const sound = ["-f", "lavfi", "-i", "sine=d=2:r=44100"];
    const big = await ffmpeg("big.mp4", ...picture(2, "1920x1080"), ...sound, ...H264, "-c:a", "ac3", "-f", "matroska");
    const facts = await film(big);
    const source = { ...sourceOf(big, facts), rate: { numerator: 25, denominator: 1 }, audio: true };
    await makeFilmProxy(tools, source, at("proxy.mp4"), () => {});
    const proxy = await film(at("proxy.mp4"));
    expect(proxy).toMatchObject({ width: 960, height: 540, codec: "h264", framesPerSecond: 25, start: 0, origin: 0 });
    expect(proxy.audio).toMatchObject({ codec: "aac", sampleRate: 48_000 });
    expect(proxy.seconds).toBeCloseTo(2, 2);
    const clear = ["-f", "lavfi", "-i", "color=red@0.5:d=0.4:s=64x64:r=25,format=yuva444p10le"];
    const alpha = await ffmpeg("see.mov", ...clear, "-c:v", "prores_ks", "-profile:v", "4444");
    const seen = await film(alpha);
    const through = { ...sourceOf(alpha, seen), rate: { numerator: 25, denominator: 1 }, audio: false };
    await makeFilmProxy(tools, through, at("see.webm"), () => {});
    const pixel = await frame(at("see.webm"), 0, { width: 64, height: 64 }, ["-c:v", "libvpx-vp9"]);
    expect(Math.abs(pixel(30, 30)[3]! - 128)).toBeLessThan(8);
  });

  it("work that is stopped ends at once and says so", async () => {
    const path = await ffmpeg("stop.mp4", ...picture(2, "640x360"), ...H264);
    const facts = await film(path);
    const stop = new AbortController();
    const source = { ...sourceOf(path, facts), rate: { numerator: 25, denominator: 1 }, audio: false };
    const made = makeFilmProxy(tools, source, at("stopped.mp4"), () => {}, stop.signal);
    stop.abort();
    await expect(made).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("sizes, filters and progress are worked out without ffmpeg", () => {
    expect(fitWithin({ width: 1080, height: 1920 }, 960, true)).toEqual({ width: 540, height: 960 });
    expect(fitWithin({ width: 161, height: 91 }, 960, true)).toEqual({ width: 160, height: 90 });
    expect(fitWithin({ width: 10, height: 4000 }, 960, true)).toEqual({ width: 2, height: 960 });
    const facts = { width: 1920, height: 1080, hdr: "pq", isInterlaced: true, matrix: "" } as const;
    expect(showFilters(facts, facts)[0]).toBe("yadif");
    expect(showFilters(facts, facts).join()).toContain("tonemap=hable");
    expect(showFilters(facts, facts, false).join()).not.toContain("zscale");
    expect(stripLayout({ width: 1920, height: 1080, seconds: 43_200, framesPerSecond: 25 })).toMatchObject({
      count: 240,
      interval: 180,
    });
    expect(doneSeconds(["out_time_us=N/A", "out_time_us=1500000", "progress=continue"])).toBe(1.5);
    expect(doneSeconds(["frame=1"])).toBe(null);
  });
});
