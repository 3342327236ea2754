/** The look at a finished file: what is as it should be passes, and each thing that is not is found. And what was asked for beside codecs. */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { estimateSize, type ExportPlan, type ExportSettings, findPreset, planExport } from "../../core/export/index.ts";
import { FRAME_RATES } from "../../core/time/index.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools, videoFacts } from "../../main/media/index.ts";
import { blocksOf, streamsOf, verifyPictures, verifyStreams } from "../../main/studio/export/verify.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { exportFilm } from "./export-film.ts";
import { Film, makeMedia } from "./films.ts";

const [WIDTH, HEIGHT] = [128, 72];
let folder = "";
let media: MediaReference[] = [];
let tools: MediaTools;

beforeAll(async () => {
  folder = await temporaryFolder();
  tools = await locateFfmpeg();
  media = await makeMedia(folder, ["film.mp4", "tone.wav"]);
});
afterAll(() => removeFolder(folder));

const made = (): Film => new Film(media).put("V1", "film.mp4", { count: 24 }).put("A1", "tone.wav", { count: 24 });
function settings(change: object = {}, sound: object = {}): ExportSettings {
  const { settings: preset } = findPreset("h264")!;
  const video = { ...preset.video!, width: WIDTH, height: HEIGHT, encoder: "software" as const, ...change };
  return { ...preset, smart: false, video, audio: { ...preset.audio!, ...sound } };
}

it("a finished file is opened again: streams, size, frames, length, sound and its beginning are looked at", async () => {
  const { document } = made();
  const file = join(folder, "film.mp4.out.mp4");
  await exportFilm(tools, document, settings(), folder, file);
  const plan = planExport(document, settings())!;
  await verifyStreams(tools, plan, file);
  const { video, audio, range } = plan;
  const wrong: readonly (readonly [what: string, plan: ExportPlan])[] = [
    ["24 frames", { ...plan, video: { ...video!, frames: 25 } }],
    ["its width", { ...plan, video: { ...video!, width: WIDTH + 2 } }],
    ["its codec", { ...plan, video: { ...video!, codec: "hevc" } }],
    ["its rate", { ...plan, video: { ...video!, rate: FRAME_RATES["25"] } }],
    ["its sound", { ...plan, audio: null }],
    ["its pictures", { ...plan, video: null }],
    ["the sound's codec", { ...plan, audio: { ...audio!, codec: "mp3" } }],
    ["the sound's length", { ...plan, range: { ...range, duration: range.duration * 1.5 } }],
  ];
  for (const [what, other] of wrong)
    await expect(verifyStreams(tools, other, file), what).rejects.toMatchObject({
      code: "FFMPEG_FAILED",
      message: expect.stringMatching(/did not read back as it was written/) as string,
    });
  // The same packets with the sound a fifth of a second late.
  const late = join(folder, "late.mp4");
  const inputs = ["-i", file, "-itsoffset", "0.2", "-i", file];
  const copy = ["-map", "0:v", "-map", "1:a", "-c", "copy", late];
  await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-y", ...inputs, ...copy]);
  await expect(verifyStreams(tools, plan, late)).rejects.toMatchObject({
    detail: expect.stringMatching(/do not begin together|length of the sound/) as string,
  });
});

it("its first and last frame are compared with what was painted", async () => {
  const { document } = made();
  const file = join(folder, "looked.mp4");
  await exportFilm(tools, document, settings(), folder, file);
  const plan = planExport(document, settings())!;
  const facts = await videoFacts(tools, [`file:${file}`]);
  const raw = ["-nostdin", "-v", "error", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgba", "-"];
  const { stdout } = await promisify(execFile)("ffmpeg", raw, { encoding: "buffer", maxBuffer: 1 << 26 });
  const bytes = WIDTH * HEIGHT * 4;
  const blocks = (n: number): Float32Array => blocksOf(stdout.subarray(n * bytes, (n + 1) * bytes), WIDTH, HEIGHT);
  const [first, last] = [blocks(0), blocks(23)];
  await verifyPictures(tools, plan, { file, facts }, { first, last });
  const black = blocksOf(new Uint8Array(bytes), WIDTH, HEIGHT);
  for (const painted of [
    { first: black, last },
    { first, last: black },
  ])
    await expect(verifyPictures(tools, plan, { file, facts }, painted)).rejects.toMatchObject({
      code: "FFMPEG_FAILED",
      message: expect.stringMatching(/does not show what it should/) as string,
    });
});

it("layout and rate of the sound, and a bitrate, are those that were asked for", async () => {
  const long = new Film(media).put("V1", "film.mp4", { count: 72 }).put("A1", "tone.wav", { count: 72 });
  const wanted = settings({ bitrate: 300 }, { channels: 1, sampleRate: 44_100, bitrate: 64 });
  const file = join(folder, "mono.mp4");
  await exportFilm(tools, long.document, wanted, folder, file);
  const probe = ["-v", "error", "-show_streams", "-select_streams", "a", "-of", "json", file];
  const { stdout } = await promisify(execFile)("ffprobe", probe);
  expect((JSON.parse(stdout) as { streams: readonly object[] }).streams).toMatchObject([
    { codec_name: "aac", channels: 1, sample_rate: "44100" },
  ]);
  // Of so short a film the encoder may need less, never much more.
  const { high } = estimateSize(planExport(long.document, wanted)!);
  expect((await stat(file)).size).toBeLessThan(1.3 * high);
  expect((await streamsOf(tools, [`file:${file}`])).streams).toHaveLength(2);
});
