import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { decodePicture, flatten } from "./decode-picture.ts";
import { decodeSound, wavBytes } from "./decode-sound.ts";
import { parseOrientation } from "./exif.ts";
import { parseBanner } from "./head.ts";
import { locateFfmpeg, type MediaTools } from "./locate.ts";
import { cmykJpeg, hugePng } from "./odd-pictures.testkit.ts";
import { probeMedia } from "./probe-media.ts";
import { temporaryFolder } from "./testing.ts";

vi.setConfig({ testTimeout: 180_000 });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let tools: MediaTools;
const at = (name: string) => join(folder.path, name);
const ffmpeg = (...args: string[]) => promisify(execFile)("ffmpeg", ["-v", "error", "-y", ...args]);
beforeAll(async () => {
  folder = await temporaryFolder();
  tools = await locateFfmpeg();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function picture(name: string) {
  const facts = await probeMedia(tools, at(name));
  if (facts.kind !== "picture") throw new Error(`${name} is a ${facts.kind}`);
  return { facts, ...(await decodePicture(tools, at(name), facts)) };
}
const pixel = ({ rgb, width }: { rgb: Uint8Array; width: number }, x: number, y: number): number[] => [
  ...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];
const near = (colour: readonly number[], wanted: readonly number[], within = 12): void => {
  for (const [c, value] of wanted.entries()) expect(Math.abs((colour[c] ?? -999) - value)).toBeLessThanOrEqual(within);
};

describe("pictures of every kind become RGB, upright and opaque", () => {
  it("CMYK JPEG, as printers and Photoshop write it", async () => {
    await writeFile(at("cmyk.jpg"), cmykJpeg(32, [255, 0, 0, 255]));
    near(pixel(await picture("cmyk.jpg"), 16, 16), [255, 0, 0]);
    await writeFile(at("grey.jpg"), cmykJpeg(32, [255, 255, 255, 128]));
    near(pixel(await picture("grey.jpg"), 16, 16), [128, 128, 128]);
  });

  it("an animated GIF is a film, and gives its first frame", async () => {
    await ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "color=red:s=64x48:d=0.5:r=10",
      "-f",
      "lavfi",
      "-i",
      "color=blue:s=64x48:d=1:r=10",
      "-filter_complex",
      "[0][1]concat=n=2",
      at("moves.gif"),
    );
    const facts = await probeMedia(tools, at("moves.gif"));
    if (facts.kind !== "video") throw new Error("not a film");
    expect(facts).toMatchObject({ width: 64, height: 48, alpha: false, audio: null });
    const gif = await decodePicture(tools, at("moves.gif"), { ...facts, isUpright: true });
    near(pixel(gif, 30, 20), [254, 0, 0]);
  });

  it("a camera's orientation is heeded, whatever this ffmpeg thinks of it", async () => {
    await ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "color=red:s=64x32,drawbox=x=32:w=32:h=32:color=blue:t=fill",
      "-frames:v",
      "1",
      "-q:v",
      "2",
      at("flat.jpg"),
    );
    const jpeg = await readFile(at("flat.jpg"));
    for (const [orientation, size, corner] of [
      [1, [64, 32], [254, 0, 0]],
      [3, [64, 32], [0, 0, 254]],
      [6, [32, 64], [254, 0, 0]],
      [8, [32, 64], [0, 0, 254]],
    ] as const) {
      const tiff = Buffer.from([
        ...Buffer.from("MM\0*"),
        0,
        0,
        0,
        8,
        0,
        1,
        1,
        0x12,
        0,
        3,
        0,
        0,
        0,
        1,
        0,
        orientation,
        0,
        0,
        0,
        0,
        0,
        0,
      ]);
      const app1 = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff]);
      const head = Buffer.from([0xff, 0xe1, (app1.length + 2) >> 8, (app1.length + 2) & 255]);
      await writeFile(at("turned.jpg"), Buffer.concat([jpeg.subarray(0, 2), head, app1, jpeg.subarray(2)]));
      const turned = await picture("turned.jpg");
      expect([turned.width, turned.height]).toEqual(size);
      near(pixel(turned, 4, 4), corner, 30);
    }
    expect(parseOrientation(Buffer.from("no picture at all"))).toBe(1);
  });

  it("transparent parts get a ground that the picture stands out from", async () => {
    for (const [colour, ground] of [
      ["0x101010", 255],
      ["0xf0f0f0", 0],
    ] as const) {
      await ffmpeg(
        "-f",
        "lavfi",
        "-i",
        `color=${colour}:s=64x64,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*lt(X,32)'`,
        "-frames:v",
        "1",
        at("alpha.png"),
      );
      near(pixel(await picture("alpha.png"), 50, 30), [ground, ground, ground], 2);
    }
    expect([...flatten(Uint8Array.of(10, 20, 30, 255))]).toEqual([10, 20, 30]);
  });

  it("16 bits, a palette, grey: all the same; large ones are made smaller", async () => {
    await ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "color=0x336699:s=3000x1000",
      "-frames:v",
      "1",
      "-pix_fmt",
      "rgb48be",
      at("deep.png"),
    );
    const deep = await picture("deep.png");
    expect([deep.width, deep.height]).toEqual([2048, 683]);
    near(pixel(deep, 1000, 300), [0x33, 0x66, 0x99]);
  });

  it("sizes that make no sense are refused in one sentence, before they are decoded", async () => {
    await writeFile(at("huge.png"), hugePng(20_000, 20_000));
    await expect(picture("huge.png")).rejects.toMatchObject({
      code: "MEDIA_UNREADABLE",
      message: "This picture has 400 megapixels (20000×20000): make it smaller than 120 and try again.",
    });
    await writeFile(at("dot.png"), hugePng(1, 1));
    await expect(picture("dot.png")).rejects.toMatchObject({ message: expect.stringContaining("only 1×1 pixels") });
  });

  it("what is no picture and no sound says so", async () => {
    for (const [name, content] of [
      ["notes.wav", "this is text\n".repeat(200)],
      ["empty.png", ""],
      ["cut.png", "\x89PNG\r\n\x1a\n"],
    ] as const) {
      await writeFile(at(name), content, "latin1");
      await expect(picture(name)).rejects.toMatchObject({ code: "MEDIA_UNREADABLE" });
    }
  });
});

describe("sounds of every kind become samples, exactly as long as asked", () => {
  it.each([
    ["mp3", 44_100, 2, ["-c:a", "libmp3lame"]],
    ["m4a", 48_000, 1, ["-c:a", "aac"]],
    ["ogg", 22_050, 2, ["-c:a", "libvorbis"]],
    ["flac", 96_000, 2, ["-c:a", "flac"]],
    ["wav", 8_000, 6, ["-c:a", "pcm_u8"]],
    ["aiff", 11_025, 1, ["-c:a", "pcm_s16be"]],
    ["mkv", 32_000, 2, ["-c:a", "ac3"]],
  ] as const)("%s at %i Hz with %i channels", async (extension, rate, channels, codec) => {
    const name = `tone.${extension}`;
    await ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "sine=f=440:d=3:r=48000",
      "-ac",
      String(channels),
      "-ar",
      String(rate),
      ...codec,
      at(name),
    );
    const facts = await probeMedia(tools, at(name));
    if (facts.kind !== "sound") throw new Error("not a sound");
    const sound = await decodeSound(tools, at(name), facts, { from: 0.5, seconds: 2 });
    expect(sound.sampleRate).toBe(Math.min(48_000, facts.sampleRate));
    expect(sound.channels).toHaveLength(Math.min(2, channels));
    expect(sound.channels[0]).toHaveLength(2 * sound.sampleRate);
    expect(sound.filled).toBe(2 * sound.sampleRate);
    expect(Math.max(...sound.channels[0]!)).toBeGreaterThan(0.03);
    const tail = await decodeSound(tools, at(name), facts, { from: 2.5, seconds: 2 });
    expect(tail.filled / tail.sampleRate).toBeGreaterThan(0.4);
    expect(tail.filled / tail.sampleRate).toBeLessThan(0.6);
    expect(tail.channels[0]!.at(-1)).toBe(0);
  });

  it("a film has pictures and sound", async () => {
    await ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "testsrc=s=64x64:d=1",
      "-f",
      "lavfi",
      "-i",
      "sine=d=1",
      "-shortest",
      at("film.mp4"),
    );
    expect(await probeMedia(tools, at("film.mp4"))).toMatchObject({
      kind: "video",
      width: 64,
      framesPerSecond: 25,
      isVariable: false,
      audio: { kind: "sound", hasMore: false },
    });
  });

  it("a stretch written as WAV reads back as it was", async () => {
    const channels = [Float32Array.of(0, 0.5, -0.5), Float32Array.of(1, -1, 0.25)];
    await writeFile(at("back.wav"), wavBytes({ sampleRate: 8000, channels, filled: 3 }));
    const back = await decodeSound(
      tools,
      at("back.wav"),
      { sampleRate: 8000, channels: 2 },
      { from: 0, seconds: 3 / 8000 },
    );
    expect(back.channels).toEqual(channels);
  });

  it("without ffprobe, ffmpeg's own words say the same", async () => {
    await ffmpeg("-f", "lavfi", "-i", "sine=d=1.5:r=44100", "-ac", "2", at("plain.wav"));
    const alone = { ...tools, ffprobe: null };
    expect(await probeMedia(alone, at("plain.wav"))).toMatchObject({
      kind: "sound",
      seconds: 1.5,
      sampleRate: 44_100,
      channels: 2,
    });
    await writeFile(at("cmyk.jpg"), cmykJpeg(32, [255, 0, 0, 255]));
    expect(await probeMedia(alone, at("cmyk.jpg"))).toMatchObject({ kind: "picture", width: 32, height: 32 });
    expect(() => parseBanner("nonsense")).toThrow(expect.objectContaining({ code: "MEDIA_UNREADABLE" }) as Error);
  });
});
