import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { containerInfo, type ExportSettings, findPreset, readXmp } from "../../core/export/index.ts";
import { clip as sampleClip } from "../../core/testing/samples.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { isAnimatedWebp, locateFfmpeg, type MediaTools, readXmpPacket } from "../../main/media/index.ts";
import { recordsOfFile } from "../../main/studio/export/export-service.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { exportFilm } from "./export-film.ts";
import { Film, makeMedia } from "./films.ts";

const PROMPT = "A “blue” bubble & <tags>";
const { record: sample } = sampleClip("id", { prompt: PROMPT, negativePrompt: "secret", seed: 42 });

let root = "";
/** Of somebody whose name must not be told. */
let folder = "";
let media: MediaReference[] = [];
let tools: MediaTools;

beforeAll(async () => {
  root = await temporaryFolder();
  folder = join(root, "Anna Musterfrau");
  await mkdir(folder);
  tools = await locateFfmpeg();
  const [film, ...others] = await makeMedia(folder, ["film.mp4", "other.mp4", "tone.wav"]);
  media = [{ ...film!, record: sample }, ...others];
});
afterAll(() => removeFolder(root));

const film = (): Film => new Film(media).put("V1", "film.mp4", { count: 3 });
const settings = (preset: string, more: Partial<ExportSettings> = {}): ExportSettings => {
  const { settings: value } = findPreset(preset)!;
  return {
    ...value,
    smart: false,
    audio: null,
    video: { ...value.video!, width: 64, height: 36, encoder: "software" },
    ...more,
  };
};

/** What ffmpeg has to say against a file. */
async function warnings(file: string): Promise<string> {
  const args = ["-nostdin", "-v", "warning", "-i", file, "-f", "null", "-"];
  const { stderr } = await promisify(execFile)("ffmpeg", args);
  return stderr;
}

it.each(["h264", "prores-422-hq", "webm", "gif", "webp", "png-sequence", "jpeg-sequence", "wav", "flac", "mp3"])(
  "%s: no place of this computer and nobody's name is written into it",
  async (preset) => {
    const made = film().put("A1", "tone.wav", { count: 3 });
    const { settings: value } = findPreset(preset)!;
    const target = join(
      folder,
      `out${value.container.endsWith("sequence") ? "" : containerInfo[value.container].extension}`,
    );
    await rm(target, { recursive: true, force: true });
    const video = value.video && { ...value.video, width: 64, height: 36, encoder: "software" as const };
    const signer = join(folder, "signer.pem");
    await exportFilm(tools, made.document, { ...value, smart: false, video }, folder, target, {}, [], signer);
    const inside = await readdir(target).catch(() => null);
    const files = inside === null ? [target] : inside.map((name) => join(target, name));
    for (const file of files) {
      const bytes = (await readFile(file)).toString("latin1").toLowerCase();
      for (const name of [root, "musterfrau", homedir(), "film.mp4", "tone.wav"])
        expect(bytes.includes(name.toLowerCase()), `${name} in ${file}`).toBe(false);
      // Short names may stand in a file by chance.
      for (const name of [userInfo().username, hostname()])
        if (name.length > 5) expect(bytes.includes(name.toLowerCase()), name).toBe(false);
    }
  },
);

describe("an exported file says how its clips were made", () => {
  it("MP4: the records come back as they were, and the file decodes as before", async () => {
    const file = join(folder, "made.mp4");
    await exportFilm(tools, film().document, settings("h264"), folder, file);
    expect(await recordsOfFile(file)).toEqual([sample]);
    expect(await readXmpPacket(file)).toMatch(/digitalsourcetype\/trainedAlgorithmicMedia"/);
    const { stderr } = await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-i", file, "-f", "null", "-"]);
    expect(stderr).toBe("");
    // A copy without encoding, as sites make it, may lose it; the file then says nothing, and nothing wrong.
    const copy = join(folder, "copy.mp4");
    await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-i", file, "-c", "copy", copy]);
    expect(await recordsOfFile(copy)).toEqual([]);
  });

  it("among other media it is a composite; without words the prompts are gone; with none nothing is said", async () => {
    const mixed = film().put("V1", "other.mp4", { at: 3, count: 3 });
    const file = join(folder, "mixed.mp4");
    await exportFilm(tools, mixed.document, settings("h264", { record: "without-prompts" }), folder, file);
    expect(await readXmpPacket(file)).toMatch(/compositeWithTrainedAlgorithmicMedia/);
    const bytes = await readFile(file, "utf8");
    for (const word of ["bubble", "secret", folder]) expect(bytes).not.toContain(word);
    expect(await recordsOfFile(file)).toMatchObject([
      { request: { prompt: "(left out)", negativePrompt: "", seed: 42 } },
    ]);
    const none = join(folder, "none.mp4");
    await exportFilm(tools, mixed.document, settings("h264", { record: "none" }), folder, none);
    expect(await readXmpPacket(none)).toBeNull();
  });

  it.each(["png-sequence", "jpeg-sequence"])("%s: every picture carries it and stays a picture", async (preset) => {
    const target = join(folder, preset);
    await rm(target, { recursive: true, force: true });
    await exportFilm(tools, film().document, settings(preset), folder, target);
    const names = await readdir(target);
    expect(names.length).toBe(3);
    for (const name of names) {
      expect(await recordsOfFile(join(target, name))).toEqual([sample]);
      expect(await warnings(join(target, name))).toBe("");
    }
  });

  it.each(["webm", "webp", "gif", "prores-422-hq"])("%s: the file carries it and plays as before", async (preset) => {
    const file = join(folder, `made${containerInfo[settings(preset).container].extension}`);
    const { notes } = await exportFilm(tools, film().document, settings(preset), folder, file);
    expect(notes.filter((note) => note.includes("no place"))).toEqual([]);
    expect(await recordsOfFile(file)).toEqual([sample]);
    // This ffmpeg cannot read animated WebP at all.
    if (preset !== "webp") expect(await warnings(file)).toBe("");
    else expect(await isAnimatedWebp(file)).toBe(true);
  });

  it("sound has no place for it, and the note says so", async () => {
    const { settings: wav } = findPreset("wav")!;
    const { notes } = await exportFilm(tools, film().document, wav, folder, join(folder, "made.wav"));
    expect(notes).toContainEqual(expect.stringMatching(/wav file has no place/));
  });

  it("a packet that was tampered with, or of another program, holds no records", async () => {
    const packet = (await readXmpPacket(join(folder, "made.mp4")))!;
    expect(readXmp(packet)).toEqual([sample]);
    expect(readXmp(packet.replace("&quot;seed&quot;", "&quot;seed"))).toEqual([]);
    expect(readXmp("<x:xmpmeta/>")).toEqual([]);
  });

  it("a moment is written as a picture beside it", async () => {
    const file = join(folder, "poster.mp4");
    const made = film();
    await exportFilm(tools, made.document, settings("h264", { poster: made.frames(1) }), folder, file);
    const { stdout } = await promisify(execFile)("ffprobe", [
      "-v",
      "error",
      "-show_entries",
      "stream=codec_name,width",
      "-of",
      "csv=p=0",
      `${file}.png`,
    ]);
    expect(stdout.trim()).toBe("png,64");
  });
});
