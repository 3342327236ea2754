/**
 * What other programs make of our files, and we of theirs: melt (the engine of kdenlive and Shotcut), ffmpeg, and xmllint with Apple's
 * document type definition of FCPXML. The last is not ours to pass on: PLUME_FCPXML_DTD names the file where it is at hand.
 *
 * What could not be had: kdenlive reads and writes OpenTimelineIO only with its Python library, which Debian has not packed, and Final Cut
 * Pro and Resolve do not run here (what Kdenlive, Gaupol and OpenShot read and wrote is in foreign/). Their files were read by hand; each
 * shape that they showed has a fixture of its own in core/exchange/foreign-*.test.ts.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readSubtitles, writeFcpxml } from "../../core/exchange/index.ts";
import { type ExportSettings, findPreset } from "../../core/export/index.ts";
import { FLICKS_PER_SECOND, FRAME_RATES, frameToFlicks, type Rate } from "../../core/time/index.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools, probeMedia } from "../../main/media/index.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { encodeNumbered, HEIGHT, numberOf, WIDTH } from "../viewer/numbered.ts";
import { exportFilm } from "./export-film.ts";
import { Film } from "./films.ts";

const run = promisify(execFile);
const onPath = (name: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));

const FRAMES = 60;
const CODEC = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-g", "12", "-bf", "2"];
let root = "";
let folder = "";
let tools: MediaTools;
let tries = 0;

beforeAll(async () => {
  root = await temporaryFolder();
  tools = await locateFfmpeg();
});
afterAll(() => removeFolder(root));
beforeEach(async () => {
  folder = join(root, `try-${(tries += 1)}`);
  await mkdir(folder);
});

const reference = (name: string, rate: Rate, frames: number): MediaReference => ({
  id: name.replace(".", "-"),
  kind: "video",
  name,
  path: name,
  fingerprint: { bytes: 1, sha256: "ab".repeat(32) },
  availableRange: { start: 0, duration: frameToFlicks(frames, rate) },
  rate,
  size: { width: WIDTH, height: HEIGHT },
  audio: null,
  record: null,
});

/** The numbers that the frames of raw RGB pictures say. */
function numbersIn(rgb: Uint8Array): number[] {
  const size = WIDTH * HEIGHT * 3;
  expect(rgb.length % size).toBe(0);
  return Array.from({ length: rgb.length / size }, (_, n) => {
    const frame = rgb.subarray(n * size, (n + 1) * size);
    const rgba = new Uint8Array((size / 3) * 4);
    for (let at = 0; at < size / 3; at++) rgba[4 * at] = frame[3 * at]!;
    return numberOf(rgba, WIDTH, HEIGHT);
  });
}

async function numbersByFfmpeg(file: string): Promise<number[]> {
  const args = ["-nostdin", "-v", "error", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
  return numbersIn((await run("ffmpeg", args, { encoding: "buffer", maxBuffer: 1 << 28 })).stdout);
}

const upTo = (from: number, count: number): number[] => Array.from({ length: count }, (_, n) => from + n);

/** Lets melt write a film at this rate. @param consumer arguments of what writes it */
async function melt(rate: Rate, source: string, written: string, consumer: readonly string[]): Promise<void> {
  const profile = join(folder, "profile");
  const lines = {
    description: "test",
    frame_rate_num: rate.numerator,
    frame_rate_den: rate.denominator,
    width: WIDTH,
    height: HEIGHT,
    progressive: 1,
    sample_aspect_num: 1,
    sample_aspect_den: 1,
    display_aspect_num: 16,
    display_aspect_den: 9,
    colorspace: 709,
  };
  await writeFile(
    profile,
    Object.entries(lines)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const args = [
    "-silent",
    "-profile",
    profile,
    source,
    "-consumer",
    `avformat:${written}`,
    ...consumer,
    "an=1",
    "real_time=-1",
    "terminate_on_pause=1",
  ];
  const env = { ...process.env, QT_QPA_PLATFORM: "offscreen", SDL_AUDIODRIVER: "dummy" };
  // Now and then melt takes the moment before it plays for the end, says nothing and writes nothing: not our film's fault.
  for (let attempt = 0; attempt < 3; attempt++) {
    await rm(written, { force: true });
    await run("melt", args, { env });
    if (((await stat(written).catch(() => null))?.size ?? 0) > 0) return;
  }
}

const h264 = (smart: boolean): ExportSettings => {
  const { settings } = findPreset("h264")!;
  return {
    ...settings,
    smart,
    audio: null,
    video: { ...settings.video!, width: null, height: null, encoder: "software" },
  };
};

describe.skipIf(!onPath("melt"))("melt (left out where Debian's package melt is not installed)", () => {
  it.each([
    ["24", FRAME_RATES["24"]],
    ["30000/1001", FRAME_RATES["29.97"]],
  ] as const)("decodes our film at %s, frame for frame, encoded anew and copied", async (name, rate) => {
    await encodeNumbered(name, FRAMES, [...CODEC, join(folder, "a.mp4")]);
    const film = new Film([reference("a.mp4", rate, FRAMES)], { rate, width: WIDTH, height: HEIGHT })
      .put("V1", "a.mp4", { from: 30, count: 20 })
      .put("V1", "a.mp4", { at: 20, from: 5, count: 31 });
    for (const smart of [false, true]) {
      const file = join(folder, `ours-${String(smart)}.mp4`);
      await exportFilm(tools, film.document, h264(smart), folder, file);
      const raw = join(folder, "raw.rgb");
      await melt(rate, file, raw, ["f=rawvideo", "vcodec=rawvideo", "pix_fmt=rgb24"]);
      expect(numbersIn(await readFile(raw))).toEqual([...upTo(30, 20), ...upTo(5, 31)]);
    }
  });

  it("cuts a film that we then cut on: each frame is the one that melt put there", async () => {
    const rate = FRAME_RATES["25"];
    await encodeNumbered("25", FRAMES, [...CODEC, join(folder, "a.mp4")]);
    // Two stretches of it, the later first.
    const entries = [
      [40, 51],
      [3, 30],
    ];
    const cut = `<?xml version="1.0"?><mlt><producer id="a"><property name="resource">${join(folder, "a.mp4")}</property></producer><playlist id="cut">${entries.map(([first, last]) => `<entry producer="a" in="${first}" out="${last}"/>`).join("")}</playlist></mlt>`;
    await writeFile(join(folder, "cut.mlt"), cut);
    const theirs = join(folder, "theirs.mp4");
    await melt(rate, join(folder, "cut.mlt"), theirs, ["vcodec=libx264", "crf=14", "g=12", "pix_fmt=yuv420p"]);
    const facts = await probeMedia(tools, theirs);
    expect(facts).toMatchObject({
      kind: "video",
      width: WIDTH,
      height: HEIGHT,
      framesPerSecond: 25,
      isVariable: false,
    });
    const film = new Film([reference("theirs.mp4", rate, 40)], { rate, width: WIDTH, height: HEIGHT })
      .put("V1", "theirs.mp4", { from: 10, count: 20 })
      .put("V1", "theirs.mp4", { at: 20, from: 0, count: 7 });
    for (const smart of [false, true]) {
      const ours = join(folder, `ours-${String(smart)}.mp4`);
      await exportFilm(tools, film.document, h264(smart), folder, ours);
      expect(await numbersByFfmpeg(ours)).toEqual([50, 51, ...upTo(3, 18), ...upTo(40, 7)]);
    }
  });
});

const seconds = (time: number): number => Number((time / FLICKS_PER_SECOND).toFixed(3));

it("subtitles that ffmpeg wrote from a file of Aegisub's kind are read: times, line breaks, without its colours and places", async () => {
  const lines = [
    "Dialogue: 0,0:00:00.50,0:00:01.75,Default,,0,0,0,,{\\an8\\c&H00FFFF&}Up {\\i1}high{\\i0}\\Nand below",
    "Dialogue: 0,0:00:02.00,0:00:03.00,Default,Anna,0,0,0,,Plain & <simple>",
  ];
  const head = [
    "[Script Info]",
    "ScriptType: v4.00+",
    "",
    "[V4+ Styles]",
    "Format: Name, Fontname, Fontsize, PrimaryColour, Alignment",
    "Style: Default,Arial,20,&H00FFFFFF,2",
    "",
    "[Events]",
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
  ];
  await writeFile(join(folder, "theirs.ass"), [...head, ...lines, ""].join("\n"));
  for (const kind of ["srt", "vtt"]) {
    const file = join(folder, `theirs.${kind}`);
    await run("ffmpeg", ["-nostdin", "-v", "error", "-y", "-i", join(folder, "theirs.ass"), file]);
    const cues = readSubtitles(await readFile(file, "utf8"));
    expect(cues.map(({ start, end, text }) => [seconds(start), seconds(end), text])).toEqual([
      [0.5, 1.75, "Up high\nand below"],
      [2, 3, "Plain & <simple>"],
    ]);
  }
});

const dtd = process.env["PLUME_FCPXML_DTD"];
it.skipIf(dtd === undefined || !onPath("xmllint"))(
  "FCPXML is valid by Apple's definition (left out where PLUME_FCPXML_DTD names no FCPXMLv1_10.dtd, or xmllint is not installed)",
  async () => {
    const still: MediaReference = {
      ...reference("still.png", FRAME_RATES["24"], 1),
      kind: "image",
      availableRange: null,
      rate: null,
    };
    const sound: MediaReference = {
      ...reference("song.wav", FRAME_RATES["24"], 240),
      kind: "audio",
      size: null,
      rate: null,
      audio: { channels: 2, sampleRate: 44_100 },
    };
    for (const rate of [FRAME_RATES["23.976"], FRAME_RATES["25"], FRAME_RATES["59.94"]]) {
      const film = new Film([reference("a.mp4", rate, 240), still, sound], {
        rate,
        sampleRate: 44_100,
        dropFrame: true,
      })
        .put("V1", "a.mp4", { from: 20, count: 40, name: "a" })
        .put("V1", "a.mp4", { at: 40, from: 80, count: 40, name: "b" })
        .put("V1", "a.mp4", { at: 100, from: 10, count: 20, name: "c" })
        .put("V2", "still.png", { at: 10, count: 30, name: "still" })
        .put("A1", "song.wav", { at: 5, count: 90, name: "song" })
        .text({ text: "“Title” & <more>\nsecond", italic: true }, { at: 12, count: 20 })
        .set("song", { volume: -6.5 })
        .set("still", { volume: -3 });
      film
        .edit("addTransition", { clip: film.clip("a"), edge: "end", type: "wipe", duration: film.frames(10) })
        .edit("addTransition", { clip: film.clip("a"), edge: "start", type: "dissolve", duration: film.frames(6) })
        .edit("addTransition", { clip: film.clip("song"), edge: "end", type: "dissolve", duration: film.frames(6) })
        .edit("setSpeed", { clip: film.clip("c"), speed: 2 })
        .edit("reverse", { clip: film.clip("b") });
      for (const at of [0, 45, 400])
        film.edit("addMarker", { markedRange: { start: film.frames(at), duration: 0 }, name: "m", comment: "“note”" });
      film.edit("addMarker", {
        clip: film.clip("song"),
        markedRange: { start: 0, duration: film.frames(9) },
        name: "n",
      });
      const file = join(folder, "cut.fcpxml");
      await writeFile(file, writeFcpxml(film.document, ({ path }) => `file:///films/${path}`).text);
      const { stderr } = await run("xmllint", ["--noout", "--nonet", "--dtdvalid", dtd!, file]);
      expect(stderr).toBe("");
    }
  },
);
