import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Container, type ExportSettings, findPreset } from "../../core/export/index.ts";
import { FRAME_RATES, formatRate, type Rate } from "../../core/time/index.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools } from "../../main/media/index.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { exportFilm } from "./export-film.ts";
import { Film, makeMedia } from "./films.ts";

let folder = "";
let media: MediaReference[] = [];
let tools: MediaTools;

beforeAll(async () => {
  folder = await temporaryFolder();
  tools = await locateFfmpeg();
  media = await makeMedia(folder, ["tone.wav"]);
});
afterAll(() => removeFolder(folder));

interface Stream {
  readonly codec_type: string;
  readonly codec_name: string;
  readonly pix_fmt?: string;
  readonly r_frame_rate?: string;
  readonly start_time?: string;
  readonly duration?: string;
  readonly nb_read_frames?: string;
}

async function probe(file: string): Promise<Stream[]> {
  const { stdout } = await promisify(execFile)("ffprobe", [
    "-v",
    "error",
    "-count_frames",
    "-show_streams",
    "-of",
    "json",
    file,
  ]);
  return (JSON.parse(stdout) as { streams: Stream[] }).streams;
}

const FRAMES = 11;
const small = (id: string): ExportSettings => {
  const { settings } = findPreset(id)!;
  return settings.video === null
    ? settings
    : { ...settings, video: { ...settings.video, width: 128, height: 72, encoder: "software" } };
};

/** A title and a tone, of a length that is no whole number of anything. */
function film(rate: Rate): Film {
  return new Film(media, { rate }).text({ text: "Plume" }, { count: FRAMES }).put("A1", "tone.wav", { count: FRAMES });
}

describe("a film is as long as its frames", () => {
  it.for(["23.976", "24", "25", "29.97", "50", "59.94"] as const)("at %s", async (name) => {
    const rate = FRAME_RATES[name];
    const file = join(folder, `${name}.mp4`);
    await exportFilm(tools, film(rate).document, small("h264"), folder, file);
    const [video, audio] = await probe(file);
    const seconds = (FRAMES * rate.denominator) / rate.numerator;
    expect(video).toMatchObject({
      codec_name: "h264",
      nb_read_frames: String(FRAMES),
      r_frame_rate: `${rate.numerator}/${rate.denominator}`,
    });
    expect(Math.abs(Number(video!.duration) - seconds), formatRate(rate)).toBeLessThan(2e-6);
    expect(Number(video!.start_time)).toBe(0);
    expect(Number(audio!.start_time)).toBe(0);
    // MP4's edit list, which cuts the sound to length, counts milliseconds.
    expect(Math.abs(Number(audio!.duration) - seconds)).toBeLessThan(1e-3);
  });

  it("at a rate that is not the timeline's, and of a range", async () => {
    const made = film(FRAME_RATES["24"]);
    const settings = { ...small("h264"), range: { start: made.frames(3), duration: made.frames(6) } };
    const file = join(folder, "range.mp4");
    const outcome = await exportFilm(
      tools,
      made.document,
      { ...settings, video: { ...settings.video!, rate: FRAME_RATES["60"] } },
      folder,
      file,
    );
    expect(outcome).toMatchObject({ frames: 15, seconds: 0.25 });
    expect((await probe(file))[0]).toMatchObject({ nb_read_frames: "15" });
  });
});

describe("every format", () => {
  const formats: readonly (readonly [
    preset: string,
    container: Container,
    streams: readonly string[],
    pixels?: string,
  ])[] = [
    ["hevc", "mp4", ["hevc", "aac"], "yuv420p"],
    ["av1", "mp4", ["av1", "aac"], "yuv420p"],
    ["webm", "webm", ["vp9", "opus"], "yuv420p"],
    ["prores-422-hq", "mov", ["prores", "pcm_s24le"], "yuv422p10le"],
    // ffmpeg decodes it with 12 bits, whatever was put in.
    ["prores-4444", "mov", ["prores", "pcm_s24le"], "yuva444p12le"],
    ["gif", "gif", ["gif"]],
    ["flac", "flac", ["flac"]],
    ["mp3", "mp3", ["mp3"]],
    ["wav", "wav", ["pcm_s24le"]],
  ];
  it.for(formats)("%s", async ([preset, container, streams, pixels]) => {
    const file = join(folder, `film.${container}`);
    await exportFilm(tools, film(FRAME_RATES["24"]).document, small(preset), folder, file);
    const found = await probe(file);
    expect(found.map(({ codec_name }) => codec_name)).toEqual(streams);
    if (pixels !== undefined) expect(found[0]!.pix_fmt).toBe(pixels);
    if (preset !== "gif" && found[0]!.codec_type === "video") expect(found[0]!.nb_read_frames).toBe(String(FRAMES));
  });

  it("numbered pictures, and what is transparent stays so", async () => {
    const target = join(folder, "pictures");
    await exportFilm(tools, film(FRAME_RATES["24"]).document, small("png-sequence"), folder, target);
    const names = await readdir(target);
    expect(names).toHaveLength(FRAMES);
    const args = ["-v", "error", "-i", join(target, names[0]!), "-f", "rawvideo", "-pix_fmt", "rgba", "-"];
    const { stdout } = await promisify(execFile)("ffmpeg", args, { encoding: "buffer" });
    const alpha = stdout.filter((_, i) => i % 4 === 3);
    expect([Math.min(...alpha), Math.max(...alpha)]).toEqual([0, 255]);
  });

  it.for([
    [128, 72],
    [127, 71],
  ] as const)("animated WebP of %i × %i", async ([width, height]) => {
    const file = join(folder, `film-${width}.webp`);
    const settings = small("webp");
    const sized = { ...settings, video: { ...settings.video!, width, height } };
    const outcome = await exportFilm(tools, film(FRAME_RATES["24"]).document, sized, folder, file);
    expect(outcome).toMatchObject({ width, height });
    expect(outcome.frames).toBe(FRAMES);
    expect(outcome.bytes).toBeGreaterThan(200);
  });
});
