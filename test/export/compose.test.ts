import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FRAME_RATES, frameToFlicks, type Rate } from "../../core/time/index.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools } from "../../main/media/index.ts";
import { FilmFrames } from "../../main/studio/export/film-frames.ts";
import { MaskFiles } from "../../main/studio/export/mask-files.ts";
import { MediaFiles } from "../../main/studio/export/media-files.ts";
import { type Stretch, stretchesOf } from "../../main/studio/export/stretches.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { ssim } from "../paint/ssim.ts";
import { encodeNumbered, HEIGHT, numberOf, WIDTH } from "../viewer/numbered.ts";
import { Film, makeMedia } from "./films.ts";

const FRAMES = 90;
/** Structural similarity to what is painted, in every frame. */
const ALIKE = 0.98;

let folder = "";
let tools: MediaTools;
let media: MediaReference[] = [];

const numbered = (name: string, rate: Rate, first = 0): MediaReference => ({
  id: name.replace(".", "-"),
  kind: "video",
  name,
  path: name,
  fingerprint: { bytes: 1, sha256: "ab".repeat(32) },
  availableRange: { start: 0, duration: frameToFlicks(FRAMES - first, rate) },
  rate,
  size: { width: WIDTH, height: HEIGHT },
  audio: null,
  record: null,
});

beforeAll(async () => {
  folder = await temporaryFolder();
  tools = await locateFfmpeg();
  const x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-bf", "2", "-color_range", "tv"];
  await encodeNumbered("24", FRAMES, [...x264, join(folder, "n24.mp4")]);
  await encodeNumbered("30000/1001", FRAMES, [...x264, join(folder, "ntsc.mkv")]);
  // Every third frame is missing, as cameras and screen recorders leave frames out.
  const holes = "select='mod(n,3)',scale=out_color_matrix=bt709:out_range=tv";
  await encodeNumbered("24", FRAMES, ["-vf", holes, "-vsync", "vfr", ...x264, join(folder, "holes.mp4")]);
  media = [
    numbered("n24.mp4", FRAME_RATES["24"]),
    numbered("ntsc.mkv", FRAME_RATES["29.97"]),
    { ...numbered("holes.mp4", FRAME_RATES["24"], 1), rate: null },
    ...(await makeMedia(folder, ["film.mp4", "other.mp4", "still.png"])),
  ];
});
afterAll(() => removeFolder(folder));

const film = (rate: Rate = FRAME_RATES["24"]): Film => new Film(media, { rate });

interface Seen {
  readonly stretches: readonly Stretch[];
  /** The lowest of all frames, and the numbers that frames say where they are composed and where they are painted. */
  readonly alike: number;
  readonly numbers: readonly (readonly [composed: number, painted: number])[];
  readonly composed: number;
}

/** Every frame, as it comes for the codec beside how it is painted. */
async function seen({ document }: Film, count: number): Promise<Seen> {
  const format = { width: WIDTH, height: HEIGHT, rate: document.settings.rate, start: 0, alpha: false };
  const files = new MediaFiles(
    tools,
    media.map((reference) => {
      const path = join(folder, reference.path);
      return { reference, path, input: [`file:${path}`], stamp: "" };
    }),
  );
  const work = await mkdtemp(join(folder, "work-"));
  const stretches = await collected(stretchesOf(document, format, files, { from: 0, count }));
  const parts = { tools, document, files, masks: await MaskFiles.read([]), work, format };
  const [frames, painter] = [new FilmFrames(parts), new FilmFrames(parts)];
  let [alike, n] = [1, 0];
  const numbers: [number, number][] = [];
  try {
    for await (const _ of frames.read(0, count)) {
      const [size, rgba] = [{ width: WIDTH, height: HEIGHT }, frames.preview(WIDTH, HEIGHT)!];
      const painted = await painter.painted(n++);
      alike = Math.min(alike, ssim({ rgba, ...size }, { rgba: painted, ...size }));
      numbers.push([numberOf(rgba, WIDTH, HEIGHT), numberOf(painted, WIDTH, HEIGHT)]);
    }
  } finally {
    await frames.close();
    await painter.close();
  }
  expect(n).toBe(count);
  return { stretches, alike, numbers, composed: frames.composed };
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

async function collected<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of all) found.push(each);
  return found;
}

const kinds = ({ stretches }: Seen): (readonly [from: number, count: number, isComposed: boolean])[] =>
  stretches.map(({ from, count, composed }) => [from, count, composed !== null]);

describe("frames that ffmpeg composes by itself are those that are painted", () => {
  it("untouched clips, cut after cut", async () => {
    const made = film()
      .put("V1", "n24.mp4", { from: 0, count: 20, name: "a" })
      .put("V1", "n24.mp4", { at: 20, from: 41, count: 30, name: "b" })
      .put("V1", "film.mp4", { at: 50, from: 5, count: 15 });
    const found = await seen(made, 65);
    expect(kinds(found)).toEqual([
      [0, 20, true],
      [20, 30, true],
      [50, 15, true],
    ]);
    expect(found.composed).toBe(65);
    expect(found.numbers.slice(0, 50).map(([composed]) => composed)).toEqual([...range(0, 20), ...range(41, 30)]);
    expect(found.alike).toBeGreaterThanOrEqual(ALIKE);
  });

  it.for([
    ["29.97 in milliseconds at 29.97", "29.97", "ntsc.mkv", 1],
    ["29.97 at 24", "24", "ntsc.mkv", 1],
    ["24 at 29.97", "29.97", "n24.mp4", 1],
    ["24 at 60", "60", "n24.mp4", 1],
    ["at double speed", "24", "n24.mp4", 2],
    ["at 0.7 of its speed", "24", "n24.mp4", 0.7],
    ["with frames missing", "24", "holes.mp4", 1],
  ] as const)("%s: the frame that has begun by then", async ([, rate, name, speed]) => {
    const made = film(FRAME_RATES[rate]).put("V1", name, { from: 3, count: 40 });
    if (speed !== 1) made.edit("setSpeed", { clip: made.clip(name), speed, ripple: true });
    const count = Math.floor(40 / speed);
    const found = await seen(made, count);
    expect(kinds(found)).toEqual([[0, count, true]]);
    expect(found.composed).toBe(count);
    expect(found.numbers.map(([composed]) => composed)).toEqual(found.numbers.map(([, painted]) => painted));
    expect(found.alike).toBeGreaterThanOrEqual(ALIKE);
  });

  it("a picture in a picture, a title, a dissolve with both over it, and a gap", async () => {
    const made = film()
      .put("V1", "film.mp4", { from: 12, count: 24, name: "a" })
      .put("V1", "other.mp4", { at: 24, from: 12, count: 24, name: "b" })
      .put("V2", "n24.mp4", { from: 30, count: 48 })
      .text({ text: "Plume", colour: "#ff3020", size: 0.1 }, { count: 48 });
    made.edit("addTransition", { clip: made.clip("a"), edge: "end", type: "dissolve", duration: made.frames(14) });
    made.set("n24.mp4", { scaleX: 0.5, scaleY: 0.5, positionX: -0.2, positionY: 0.25, opacity: 0.8 });
    made.put("V1", "still.png", { at: 60, count: 12 });
    const found = await seen(made, 72);
    expect(kinds(found)).toEqual([
      [0, 17, true],
      [17, 14, true],
      [31, 17, true],
      [48, 12, true],
      [60, 12, true],
    ]);
    expect(found.composed).toBe(72);
    expect(found.alike).toBeGreaterThanOrEqual(ALIKE);
  });

  it("a title that grows is painted, frame by frame", async () => {
    const made = film().put("V1", "film.mp4", { count: 24 }).text({ text: "Plume" }, { count: 24 });
    for (const [frame, value] of [
      [0, 0.05],
      [24, 0.4],
    ] as const)
      made.edit("setKeyframe", { clip: made.clip("Plume"), parameter: "textSize", time: made.frames(frame), value });
    const found = await seen(made, 24);
    expect(kinds(found)).toEqual([[0, 24, false]]);
    expect(found.alike).toBeGreaterThanOrEqual(ALIKE);
  });

  it("smaller, larger, and over the frame's edge", async () => {
    const worst: [number, number][] = [];
    for (const [scale, down] of [
      [0.3, 1],
      [0.6, 0],
      [0.8, 60],
      [1.5, 1],
    ] as const) {
      const made = film().put("V1", "other.mp4", { from: 3, count: 12 }).put("V2", "film.mp4", { from: 20, count: 12 });
      made.set("film.mp4", { scaleX: scale, scaleY: scale, positionY: down / HEIGHT });
      const found = await seen(made, 12);
      expect(kinds(found), `scale ${scale}`).toEqual([[0, 12, true]]);
      worst.push([scale, found.alike]);
    }
    expect(Math.min(...worst.map(([, alike]) => alike)), JSON.stringify(worst)).toBeGreaterThanOrEqual(ALIKE);
  });

  it("what it cannot do is painted between what it can", async () => {
    const made = film()
      .put("V1", "n24.mp4", { count: 60 })
      .put("V2", "film.mp4", { at: 20, count: 20 })
      .set("film.mp4", { scaleX: 0.5, scaleY: 0.5, rotation: 10 });
    const found = await seen(made, 60);
    expect(kinds(found)).toEqual([
      [0, 20, true],
      [20, 20, false],
      [40, 20, true],
    ]);
    expect(found.composed).toBe(40);
    expect(found.alike).toBeGreaterThanOrEqual(ALIKE);
    for (const change of [
      { scaleX: 1.01 },
      { positionX: 0.001 },
      { blur: 0.01 },
      { saturation: 0.5 },
      { cropLeft: 0.1 },
      { rotation: 90 },
      { scaleX: -1 },
    ]) {
      const changed = film().put("V1", "n24.mp4", { count: 20 }).set("n24.mp4", change);
      const format = { width: WIDTH, height: HEIGHT, rate: FRAME_RATES["24"], start: 0, alpha: false };
      const file = join(folder, "n24.mp4");
      const files = new MediaFiles(tools, [{ reference: media[0]!, path: file, input: [`file:${file}`], stamp: "" }]);
      const stretches = await collected(stretchesOf(changed.document, format, files, { from: 0, count: 20 }));
      expect(stretches, JSON.stringify(change)).toEqual([{ from: 0, count: 20, composed: null }]);
    }
  });

  it("an ffmpeg without a filter that this takes: all is painted", async () => {
    const poor = { ...tools, ffmpeg: join(folder, "ffmpeg-poor") };
    await writeFile(
      poor.ffmpeg,
      `#!/bin/sh\ncase "$*" in *filter_complex*) echo "No such filter" >&2; exit 1;; esac\nexec "${tools.ffmpeg}" "$@"\n`,
    );
    await chmod(poor.ffmpeg, 0o755);
    const rich = tools;
    tools = poor;
    try {
      const found = await seen(film().put("V1", "n24.mp4", { from: 5, count: 20 }), 20);
      expect(found.composed).toBe(0);
      expect(found.numbers.map(([composed]) => composed)).toEqual(range(5, 20));
    } finally {
      tools = rich;
    }
  });
});
