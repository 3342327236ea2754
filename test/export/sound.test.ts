import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExportSettings, findPreset } from "../../core/export/index.ts";
import { FRAME_RATES } from "../../core/time/index.ts";
import type { MediaReference, Timeline } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools } from "../../main/media/index.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { exportFilm } from "./export-film.ts";
import { Film, makeMedia } from "./films.ts";

const RATE = 48_000;
/** dB under full scale of the RMS of the difference. */
const SILENT = -60;

let folder = "";
let media: MediaReference[] = [];
let tools: MediaTools;

beforeAll(async () => {
  folder = await temporaryFolder();
  tools = await locateFfmpeg();
  media = await makeMedia(folder, ["tone.wav", "mono.wav", "sounding.mp4"]);
});
afterAll(() => removeFolder(folder));

const film = (settings: object = {}): Film => new Film(media, settings);
const wav = (): ExportSettings => findPreset("wav")!.settings;

/** Left and right of an exported file. */
async function heard(file: string): Promise<[Float32Array, Float32Array]> {
  const args = ["-nostdin", "-v", "error", "-i", file, "-ac", "2", "-f", "f32le", "-"];
  const { stdout } = await promisify(execFile)("ffmpeg", args, { encoding: "buffer", maxBuffer: 1 << 28 });
  const both = new Float32Array(stdout.buffer, stdout.byteOffset, stdout.length / 4);
  return [both.filter((_, i) => i % 2 === 0), both.filter((_, i) => i % 2 === 1)];
}

async function exported(document: Timeline, settings = wav(), name = "mix.wav"): Promise<[Float32Array, Float32Array]> {
  const file = join(folder, name);
  await exportFilm(tools, document, settings, folder, file);
  return heard(file);
}

/** What the left and the right of the stereo tone are at a media time. */
const left = (t: number): number => 0.5 * Math.sin(2 * Math.PI * 441 * t);
const right = (t: number): number => 0.4 * Math.sin(2 * Math.PI * 632 * t);
const mono = (t: number): number => 0.5 * Math.sin(2 * Math.PI * 300 * t);

/** In over half a second, out over a quarter. */
const fade = (t: number): number => Math.min(1, t / 0.5) * Math.min(1, (1 - t) / 0.25);
/** How far the crossfade is. */
const way = (t: number): number => Math.min(1, Math.max(0, (t - 0.75) / 0.5));

/** Half a second of silence, and then the media from a quarter of a second on. */
const at = (wave: (t: number) => number) => (t: number) => (t < 0.5 ? 0 : wave(t - 0.5 + 0.25));
const crossfaded = (t: number): number =>
  (way(t) < 1 ? Math.cos((way(t) * Math.PI) / 2) * left(t + 0.5) : 0) + Math.sin((way(t) * Math.PI) / 2) * mono(t);

function difference(sound: Float32Array, expected: (t: number) => number, from = 0, to = sound.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += (sound[i]! - expected(i / RATE)) ** 2;
  return 10 * Math.log10(sum / (to - from));
}

describe("exported sound is the mix that the timeline says", () => {
  it("a clip from its place in the media, silence around it, to the sample", async () => {
    const [l, r] = await exported(film().put("A1", "tone.wav", { at: 12, from: 6, count: 24 }).document);
    expect([l.length, r.length]).toEqual([36 * 2000, 36 * 2000]);
    expect(difference(l, at(left))).toBeLessThan(-120);
    expect(difference(r, at(right))).toBeLessThan(-120);
  });

  it("volume, fades and pan, over another clip", async () => {
    const made = film().put("A1", "tone.wav", { count: 24 }).put("A2", "mono.wav", { count: 24 });
    made.set("tone.wav", { volume: -6 }).set("mono.wav", { volume: -6, pan: 0.5 });
    made.edit("setClip", { clips: [made.clip("tone.wav")], fadeIn: made.frames(12), fadeOut: made.frames(6) });
    const [l, r] = await exported(made.document);
    const gain = 10 ** (-6 / 20);
    // Half to the right: left keeps cos 45°, and its rest is heard on the right.
    const half = Math.SQRT1_2;
    expect(difference(l, (t) => gain * fade(t) * left(t) + gain * half * mono(t))).toBeLessThan(SILENT);
    expect(difference(r, (t) => gain * fade(t) * right(t) + gain * (1 + half) * mono(t))).toBeLessThan(SILENT);
  });

  it("a track's volume that moves along the timeline", async () => {
    const made = film().put("A1", "tone.wav", { at: 12, from: 6, count: 24 });
    const key = (frame: number, value: number) =>
      made.edit("setTrackKeyframe", {
        track: made.document.tracks.find(({ name }) => name === "A1")!.id,
        parameter: "volume",
        time: made.frames(frame),
        value,
      });
    key(12, 0);
    key(36, -24);
    const [l] = await exported(made.document);
    expect(difference(l, (t) => 10 ** ((-24 * (t - 0.5)) / 20) * at(left)(t))).toBeLessThan(SILENT);
  });

  it("a crossfade of equal power", async () => {
    const made = film()
      .put("A1", "tone.wav", { from: 12, count: 24, name: "a" })
      .put("A1", "mono.wav", { at: 24, from: 24, count: 24, name: "b" });
    made.edit("addTransition", { clip: made.clip("a"), edge: "end", type: "dissolve", duration: made.frames(12) });
    const [l] = await exported(made.document);
    expect(difference(l, crossfaded)).toBeLessThan(SILENT);
  });

  it("double speed is an octave higher, backwards runs back", async () => {
    const fast = film().put("A1", "tone.wav", { count: 48 });
    fast.edit("setSpeed", { clip: fast.clip("tone.wav"), speed: 2, ripple: true });
    const [l] = await exported(fast.document);
    expect(l.length).toBe(RATE);
    // The filter reaches over the clip's edges.
    expect(difference(l, (t) => left(2 * t), 200, l.length - 200)).toBeLessThan(SILENT);
    const back = film().put("A1", "tone.wav", { from: 12, count: 24 });
    back.edit("reverse", { clip: back.clip("tone.wav") });
    const [b] = await exported(back.document);
    expect(difference(b, (t) => left(1.5 - t - 1 / RATE))).toBeLessThan(SILENT);
  });

  it("with pictures beside it, from a film's compressed sound, at an NTSC rate", async () => {
    const made = film({ rate: FRAME_RATES["29.97"] })
      .put("A1", "sounding.mp4", { from: 15, count: 30 })
      .text({ text: "Tone" }, { count: 30 });
    const { settings } = findPreset("prores-422-hq")!;
    const [l] = await exported(
      made.document,
      { ...settings, video: { ...settings.video!, width: 64, height: 36 } },
      "mix.mov",
    );
    expect(l.length).toBe(Math.round((30 * 1001 * RATE) / 30_000));
    // AAC in, exact out: what differs is AAC's own error.
    expect(difference(l, (t) => left(t + (15 * 1001) / 30_000))).toBeLessThan(-45);
  });

  it("is brought to the loudness that was asked for", async () => {
    const quiet = film().put("A1", "tone.wav", { count: 72 }).set("tone.wav", { volume: -20 });
    const settings = { ...wav(), audio: { ...wav().audio!, loudness: -18 } };
    const file = join(folder, "loud.wav");
    await exportFilm(tools, quiet.document, settings, folder, file);
    const { stderr } = await promisify(execFile)("ffmpeg", [
      "-nostdin",
      "-hide_banner",
      "-i",
      file,
      "-af",
      "ebur128",
      "-f",
      "null",
      "-",
    ]);
    const integrated = Number(/Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS/.exec(stderr)![1]);
    expect(Math.abs(integrated + 18)).toBeLessThan(0.5);
    const [l] = await heard(file);
    expect(l.length).toBe(3 * RATE);
  });
});
