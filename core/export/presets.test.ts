import { describe, expect, it } from "vitest";
import { add, empty } from "../timeline/testing/sample.ts";
import { estimateSize, exportSettingsSchema, type ExportVideo, findPreset, planExport, presets } from "./index.ts";

/** Ten seconds of film. */
const document = add(empty(), "V1", "a", "film", 0, 240);
const planOf = (id: string, change: Partial<ExportVideo> = {}) => {
  const { settings } = findPreset(id)!;
  return planExport(document, { ...settings, video: settings.video && { ...settings.video, ...change } })!;
};

describe("presets", () => {
  it.each([
    ["youtube", 16, 9],
    ["vertical", 9, 16],
    ["square", 1, 1],
  ])("%s: %i to %i, from 720p to 4K, H.264 and AAC at -14 LUFS in MP4", (name, across, down) => {
    const sizes = { "720p": 720, "1080p": 1080, "1440p": 1440, "4k": 2160 };
    for (const [size, short] of Object.entries(sizes)) {
      const { settings, video, audio } = planOf(`${name}-${size}`);
      expect(video).toMatchObject({ codec: "h264", rate: document.settings.rate, frames: 240 });
      expect(video!.width / video!.height).toBeCloseTo(across / down, 9);
      expect(Math.min(video!.width, video!.height)).toBe(short);
      expect(settings.container).toBe("mp4");
      expect(audio).toMatchObject({ codec: "aac", loudness: -14 });
    }
  });

  it("one for each format, and each is what the contract takes", () => {
    const made = presets.map(({ settings: { container, video, audio } }) =>
      [container, video?.codec, audio?.codec, video?.alpha === true ? "alpha" : null].filter(Boolean).join(" "),
    );
    for (const wanted of [
      "mp4 h264 aac",
      "mp4 hevc aac",
      "mp4 av1 aac",
      "webm vp9 opus",
      "mov prores-422-hq pcm",
      "mov prores-4444 pcm alpha",
      "gif gif",
      "webp webp alpha",
      "png png alpha",
      "jpeg jpeg",
      "wav pcm",
      "flac flac",
      "mp3 mp3",
    ])
      expect(made).toContain(wanted);
    for (const { settings } of presets) expect(exportSettingsSchema.parse(settings)).toEqual(settings);
  });
});

describe("the size that is stated", () => {
  it("with a bitrate is that of its seconds, and the sound's", () => {
    const { bytes, low, high } = estimateSize(planOf("h264", { bitrate: 8000 }));
    expect(bytes).toBe(((8000 + 192) * 1000 * 10) / 8);
    expect(low).toBeLessThan(bytes);
    expect(high).toBeGreaterThan(bytes);
    expect(high / low).toBeLessThan(1.2);
  });

  it("with a quality grows with it, with pixels and with frames, and says that it is a guess", () => {
    const of = (change: Partial<ExportVideo>): number => estimateSize(planOf("h264", change)).bytes;
    expect(of({ quality: 90 })).toBeGreaterThan(of({ quality: 60 }));
    expect(of({ width: 1280, height: 720 })).toBeLessThan(of({ width: 1920, height: 1080 }));
    expect(of({ rate: { numerator: 12, denominator: 1 } })).toBeLessThan(of({}));
    const { low, high } = estimateSize(planOf("h264"));
    expect(high / low).toBeGreaterThan(3);
  });

  it("of sound alone without loss is its samples", () => {
    expect(estimateSize(planOf("wav")).bytes).toBe((2 * document.settings.sampleRate * 24 * 10) / 8);
  });
});
