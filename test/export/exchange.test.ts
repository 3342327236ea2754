/** Timelines as files: bundles with media, what strangers put into them, and subtitles that other programs write and read. */
import { execFile } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import yazl from "yazl";
import {
  type Cue,
  cuesOf,
  readSubtitles,
  writeFcpxml,
  writeOtio,
  writeSrt,
  writeVtt,
} from "../../core/exchange/index.ts";
import { findPreset } from "../../core/export/index.ts";
import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { clipsOf, mediaOf, type MediaReference, type Timeline } from "../../core/timeline/index.ts";
import { decodePicture, locateFfmpeg, type MediaTools } from "../../main/media/index.ts";
import { writeExchange } from "../../main/studio/export/exchange.ts";
import { importTimeline, type LookInto } from "../../main/studio/export/import-timeline.ts";
import { TimelineDesk } from "../../main/studio/export/timeline-desk.ts";
import { fingerprint } from "../../main/studio/fingerprint.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { exportFilm } from "./export-film.ts";
import { Film, HEIGHT, makeMedia, WIDTH } from "./films.ts";

let root = "";
let folder = "";
let media: MediaReference[] = [];
let tools: MediaTools;
let tries = 0;

beforeAll(async () => {
  root = await temporaryFolder();
  tools = await locateFfmpeg();
  media = await makeMedia(root, ["film.mp4", "tone.wav"]);
});
afterAll(() => removeFolder(root));
beforeEach(async () => {
  folder = join(root, `try-${(tries += 1)}`);
  await mkdir(folder);
});

const film = () =>
  new Film(media).put("V1", "film.mp4", { count: 24, from: 6 }).put("A1", "tone.wav", { at: 12, count: 24 });

/** A catalogue that knows every file that it is asked for by an id of its own. */
function catalogue(): { readonly lookInto: LookInto; readonly asked: string[] } {
  const asked: string[] = [];
  const lookInto: LookInto = async (path) => {
    asked.push(path);
    const known = media.find(({ name }) => path.endsWith(name.replace(/\.\w+$/, "")) || path.endsWith(name))!;
    return { ...known, id: `found-${known.id}`, path, fingerprint: await fingerprint(path) };
  };
  return { lookInto, asked };
}

const names = (timeline: Timeline) =>
  [...clipsOf(timeline)].map((clip) => [clip.name, clip.sourceRange, mediaOf(timeline, clip)?.name]);

it("a bundle carries its media to another place, where the same timeline plays", async () => {
  const { document } = film();
  const gate = async ({ path }: MediaReference) => ({ path: join(root, path), input: [] });
  const file = join(folder, "cut.otioz");
  expect(await writeExchange({ folder: root, timeline: document }, gate, "otioz", { file, overwrite: false })).toEqual(
    [],
  );
  const { lookInto, asked } = catalogue();
  const made = await importTimeline(file, join(folder, "project"), lookInto);
  expect(made.notes).toEqual([]);
  expect(names(made.timeline)).toEqual(names(document));
  expect(asked.toSorted()).toEqual(["film.mp4", "tone.wav"].map((name) => join(folder, "project", "media", name)));
  for (const { name } of media)
    expect(await readFile(join(folder, "project", "media", name))).toEqual(await readFile(join(root, name)));
  // Media are known by the ids of this studio, in which they can be looked at.
  expect(Object.keys(made.timeline.media).toSorted()).toEqual(["found-film-mp4", "found-tone-wav"]);
});

const picturesOnly = async ({ path, kind }: MediaReference) => (kind === "audio" ? null : { path, input: [] });

it("a bundle tells nobody where its media lay", async () => {
  const { document } = film();
  const far = Object.values(document.media).map((each) => [each.id, { ...each, path: join(root, each.path) }]);
  const timeline = { ...document, media: Object.fromEntries(far) as Timeline["media"] };
  const file = join(folder, "cut.otioz");
  await writeExchange({ folder: root, timeline }, picturesOnly, "otioz", { file, overwrite: false });
  expect((await readFile(file)).toString("latin1")).not.toContain(root);
});

it("media that are not there are named, and two files of one name keep apart", async () => {
  await mkdir(join(root, "other"), { recursive: true });
  await writeFile(join(root, "other", "FILM.mp4"), "another film");
  const double = { ...media[0]!, id: "double", path: "other/FILM.mp4", name: "FILM.mp4" };
  const { document } = new Film([...media, double]).put("V1", "film.mp4", { count: 24 });
  const gate = async ({ path, kind }: MediaReference) =>
    kind === "audio" ? null : { path: join(root, path), input: [] };
  const file = join(folder, "cut.otioz");
  const notes = await writeExchange({ folder: root, timeline: document }, gate, "otioz", { file, overwrite: false });
  expect(notes).toEqual(["“tone.wav” is not there and not in the bundle."]);
  await importTimeline(file, join(folder, "project"), catalogue().lookInto).catch(() => {});
  expect((await readdir(join(folder, "project", "media"))).toSorted()).toEqual(["FILM-2.mp4", "film.mp4"]);
});

/** A zip as nobody's editor writes it. @param entries name and content */
async function zipOf(entries: readonly (readonly [name: string, content: string | Buffer])[], compress = false) {
  const file = join(folder, "strange.otioz");
  const zip = new yazl.ZipFile();
  // The library refuses names that lead elsewhere, so they are written under one as long and changed afterwards.
  for (const [name, content] of entries) zip.addBuffer(Buffer.from(content), name.replaceAll("..", "@@"), { compress });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(file));
  const bytes = await readFile(file);
  await writeFile(file, Buffer.from(bytes.toString("latin1").replaceAll("@@", ".."), "latin1"));
  return file;
}
const content = () => writeOtio(film().document, ({ name }) => `media/${name}`);
const open = (file: string) => importTimeline(file, join(folder, "project"), catalogue().lookInto);

it("nothing is unpacked outside of its folder, whatever a bundle's names say", async () => {
  for (const name of ["media/../../escaped.txt", "../escaped.txt", "media/sub/deep.txt"]) {
    const file = await zipOf([
      ["content.otio", content()],
      [name, "out"],
    ]);
    await open(file).catch(() => {}); // refused, or without that entry
  }
  const all = await readdir(root, { recursive: true });
  expect(all.filter((name) => /escaped|deep/.test(name))).toEqual([]);
});

it("a bundle that is damaged, empty or a bomb is refused in a sentence, and leaves no project", async () => {
  await expect(open(await zipOf([["version.txt", "1"]]))).rejects.toThrow("holds no timeline");
  const bomb: (readonly [string, Buffer])[] = [["media/zeros.mp4", Buffer.alloc(30_000_000)]];
  await expect(open(await zipOf([["content.otio", content()], ...bomb], true))).rejects.toThrow("far more than it is");
  const cut = join(folder, "cut.otioz");
  await writeFile(cut, (await readFile(await zipOf([["content.otio", content()]]))).subarray(0, 300));
  await expect(open(cut)).rejects.toThrow("is damaged");
  // A directory that points far beyond the file must not end the process.
  const whole = await readFile(await zipOf([["content.otio", content()]]));
  const end = whole.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  const locator = Buffer.alloc(20);
  locator.write("PK\x06\x07", 0, "latin1");
  locator.writeBigUInt64LE(2n ** 62n, 8);
  const far = Buffer.concat([whole.subarray(0, end), locator, whole.subarray(end)]);
  far.writeUInt32LE(0xffffffff, end + 20 + 16);
  await writeFile(cut, far);
  await expect(open(cut)).rejects.toThrow("is damaged");
  await expect(stat(join(folder, "project"))).rejects.toThrow("ENOENT");
});

it("as bytes from a page a timeline reaches no file that it names; by path it does, but never over the network", async () => {
  let made = 0;
  const projects = {
    newFolder: async (title: string) => {
      const place = join(folder, `p${(made += 1)}`);
      await mkdir(place);
      return { folder: place, title };
    },
    know: async (path: string) => path,
  };
  const address = (name: string) => new URL(`file://${join(root, name)}`).href;
  const { lookInto, asked } = catalogue();
  const desk = new TimelineDesk(projects, lookInto, join(folder, "scratch"));
  const { document } = film();
  // As another editor writes it: without what this studio knows of its media.
  const foreign = writeOtio(document, ({ name }) => address(name)).replaceAll('"plume"', '"other"');
  const file = join(folder, "cut.otio");
  await writeFile(file, foreign);
  const uploaded = await desk.upload("cut.otio", createReadStream(file));
  expect(asked).toEqual([]);
  expect(uploaded.notes.toSorted()).toEqual([
    "“film.mp4” was not found: locate it in the project.",
    "“tone.wav” was not found: locate it in the project.",
  ]);
  expect(await readdir(join(folder, "scratch"))).toEqual([]);
  const opened = await desk.open(file);
  expect(opened.notes).toEqual([]);
  expect(asked.toSorted()).toEqual([join(root, "film.mp4"), join(root, "tone.wav")]);
  await writeFile(file, foreign.replaceAll(address(""), "file://evil.example/share/"));
  expect((await desk.open(file)).notes).toHaveLength(2);
  expect(asked).toHaveLength(2);
  await expect(desk.upload("cut.otio", createReadStream(join(root, "tone.wav")))).rejects.toThrow("no OpenTimelineIO");
  await expect(stat(join(folder, `p${made}`))).rejects.toThrow("ENOENT");
});

it("folders that editors write in the place of files are read, and no others", async () => {
  await mkdir(join(folder, "cut.otiod", "media"), { recursive: true });
  await writeFile(join(folder, "cut.otiod", "content.otio"), `\uFEFF${content()}`);
  await copyFile(join(root, "film.mp4"), join(folder, "cut.otiod", "media", "film.mp4"));
  const { lookInto, asked } = catalogue();
  const made = await importTimeline(join(folder, "cut.otiod"), join(folder, "project"), lookInto);
  expect(names(made.timeline)).toEqual(names(film().document));
  expect(asked).toEqual([join(folder, "cut.otiod", "media", "film.mp4")]);
  await mkdir(join(folder, "cut.fcpxmld"));
  const { text } = writeFcpxml(film().document, ({ path }) => new URL(`file://${join(root, path)}`).href);
  await writeFile(join(folder, "cut.fcpxmld", "Info.fcpxml"), text);
  const opened = await importTimeline(join(folder, "cut.fcpxmld"), join(folder, "second"), catalogue().lookInto);
  expect([...clipsOf(opened.timeline)].map(({ name }) => name).toSorted()).toEqual(["film.mp4", "tone.wav"]);
  await mkdir(join(folder, "empty.otio"));
  await expect(importTimeline(join(folder, "empty.otio"), join(folder, "third"), lookInto)).rejects.toThrow(
    "choose one of",
  );
});

const times = (all: readonly Cue[]) => all.map(({ start, end }) => [start, end]);

it("ffmpeg reads our subtitles as they are meant, and we read what it writes", async () => {
  const { document } = new Film(media).edit("addSubtitles", {
    cues: [
      { start: 0.5 * FLICKS_PER_SECOND, end: FLICKS_PER_SECOND, text: "Ünïcode & <signs>\nin two lines" },
      { start: 1.25 * FLICKS_PER_SECOND, end: 2 * FLICKS_PER_SECOND, text: "Second" },
    ],
  });
  const cues = cuesOf(document);
  expect(cues).toHaveLength(2);
  await writeFile(join(folder, "ours.srt"), writeSrt(cues));
  await writeFile(join(folder, "ours.vtt"), writeVtt(cues));
  const convert = async (from: string, to: string) => {
    const args = ["-nostdin", "-v", "error", "-y", "-i", join(folder, from), join(folder, to)];
    await promisify(execFile)("ffmpeg", args);
    return readSubtitles(await readFile(join(folder, to), "utf8"));
  };
  expect(await convert("ours.vtt", "theirs.srt")).toEqual(cues);
  expect(await convert("ours.vtt", "theirs.vtt")).toEqual(cues);
  // SubRip has no way to write words that look like markup: ffmpeg takes them for some; ours keeps them.
  const again = await convert("ours.srt", "again.srt");
  expect(times(again)).toEqual(times(cues));
  expect(again[1]).toEqual(cues[1]);
  expect(readSubtitles(writeSrt(cues))).toEqual(cues);
});

it("subtitles are burnt into the frames of their time, low in the picture, and into no other", async () => {
  const { document } = new Film(media, { background: "#000000" }).edit("addSubtitles", {
    cues: [{ start: FLICKS_PER_SECOND / 4, end: FLICKS_PER_SECOND / 2, text: "BURNT IN" }],
  });
  const { settings } = findPreset("png-sequence")!;
  const range = { start: 0, duration: 0.75 * FLICKS_PER_SECOND };
  const target = join(folder, "frames");
  const video = { ...settings.video!, alpha: false };
  await exportFilm(tools, document, { ...settings, range, video }, root, target);
  const bright = async (frame: number) => {
    const file = join(target, `${String(frame + 1).padStart(6, "0")}.png`);
    const { width, height, rgb } = await decodePicture(tools, file, { width: WIDTH, height: HEIGHT });
    const rows = { upper: 0, lower: 0 };
    for (let at = 0; at < rgb.length; at += 3)
      if (rgb[at]! > 200) rows[Math.floor(at / 3 / width) < (2 * height) / 3 ? "upper" : "lower"] += 1;
    return rows;
  };
  for (const frame of [0, 5, 12, 17]) expect(await bright(frame)).toEqual({ upper: 0, lower: 0 });
  for (const frame of [6, 11]) {
    const { upper, lower } = await bright(frame);
    expect(upper).toBe(0);
    expect(lower).toBeGreaterThan(50);
  }
});
