import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExportSettings, findPreset } from "../../core/export/index.ts";
import { FRAME_RATES, frameToFlicks } from "../../core/time/index.ts";
import type { MediaReference, Timeline } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools, openFrameReader, videoFacts } from "../../main/media/index.ts";
import { launchBrowser, removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { ssim } from "../paint/ssim.ts";
import { bundle, serve, type TestServer } from "../viewer/serve.ts";
import { Film, HEIGHT, makeMedia, WIDTH } from "./films.ts";
import { exportFilm } from "./export-film.ts";

/** The promise of the product: what is seen in the viewer is what is exported. */
const ALIKE = 0.98;

let folder = "";
let media: MediaReference[] = [];
let tools: MediaTools;
let server: TestServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await temporaryFolder();
  tools = await locateFfmpeg();
  media = await makeMedia(folder, ["film.mp4", "other.mp4", "ntsc.mkv", "still.png"]);
  server = await serve(await bundle("../export/export-page.ts"), folder);
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.goto(server.url);
  const require = createRequire(import.meta.url);
  const fonts = join(dirname(require.resolve("@fontsource-variable/inter/package.json")), "files");
  const base64 = (await readFile(join(fonts, "inter-latin-wght-normal.woff2"))).toString("base64");
  await call("loadFont", "Inter", { weight: "100 900", style: "normal" }, base64);
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  await removeFolder(folder);
});

const call = (name: string, ...args: readonly unknown[]): Promise<unknown> =>
  page.evaluate(
    ([method, values]) =>
      (globalThis as never as { exportPage: Record<string, (...given: unknown[]) => unknown> }).exportPage[method]!(
        ...values,
      ),
    [name, args] as const,
  );

const film = (settings: object = {}): Film => new Film(media, settings);

/** Each shows a feature of the timeline; the frames at which both sides are compared. */
const cases: readonly (readonly [name: string, make: () => Film, at: readonly number[]])[] = [
  ["one untouched clip", () => film().put("V1", "film.mp4", { from: 7, count: 12 }), [0, 5, 11]],
  [
    "cuts within one media and between two",
    () =>
      film()
        .put("V1", "film.mp4", { from: 30, count: 5, name: "a" })
        .put("V1", "film.mp4", { at: 5, from: 2, count: 5, name: "b" })
        .put("V1", "other.mp4", { at: 10, from: 9, count: 4 }),
    [0, 4, 5, 9, 10, 13],
  ],
  [
    "transform, opacity and blend over another clip",
    () =>
      film()
        .put("V1", "other.mp4", { count: 8 })
        .put("V2", "film.mp4", { from: 5, count: 8 })
        .set("film.mp4", { positionX: 0.15, scaleX: 0.6, scaleY: 0.6, rotation: 20, opacity: 0.7 })
        .setClip("film.mp4", { blend: "multiply" }),
    [0, 7],
  ],
  ["dissolve", () => dissolve("dissolve"), [6, 10, 13]],
  ["wipe", () => dissolve("wipe"), [8, 12]],
  ["keyframed motion", () => moving(), [0, 4, 9]],
  ["double speed", () => speed(2), [0, 4, 9]],
  ["half speed", () => speed(0.5), [0, 5, 9]],
  ["backwards", () => reversed(), [0, 1, 6, 11]],
  [
    "crop, blur and colour",
    () =>
      film()
        .put("V1", "film.mp4", { count: 6 })
        .set("film.mp4", { cropLeft: 0.2, cropTop: 0.1, blur: 0.01, saturation: 0.4, brightness: 1.2 }),
    [0, 5],
  ],
  [
    "titles over a still, with fades",
    () =>
      film()
        .put("V1", "still.png", { count: 12 })
        .setClip("still.png", { fadeIn: 6 })
        .text({ text: "Plume Studio", outline: { width: 0.05, colour: "#aa2200" } }, { count: 12 }),
    [0, 3, 11],
  ],
  [
    "29.97 media (times rounded to milliseconds) at 29.97",
    () => film({ rate: FRAME_RATES["29.97"] }).put("V1", "ntsc.mkv", { from: 3, count: 20 }),
    [0, 1, 2, 7, 13, 19],
  ],
  [
    "24 media at 29.97, with a gap",
    () => film({ rate: FRAME_RATES["29.97"] }).put("V1", "film.mp4", { at: 3, from: 10, count: 10 }),
    [0, 2, 3, 4, 12],
  ],
];

function dissolve(type: "dissolve" | "wipe"): Film {
  const made = film()
    .put("V1", "film.mp4", { from: 10, count: 10, name: "a" })
    .put("V1", "other.mp4", { at: 10, from: 20, count: 10, name: "b" });
  return made.edit("addTransition", {
    clip: made.clip("a"),
    edge: "end",
    type,
    duration: made.frames(8),
    softness: 0.2,
  } as never);
}

function moving(): Film {
  const made = film().put("V1", "film.mp4", { from: 4, count: 10 });
  const key = (parameter: string, time: number, value: number) =>
    made.edit("setKeyframe", {
      clip: made.clip("film.mp4"),
      parameter,
      time: made.frames(time),
      value,
      easing: { type: "bezier", x1: 0.42, y1: 0, x2: 0.58, y2: 1 },
    } as never);
  key("positionX", 0, -0.3);
  key("positionX", 9, 0.3);
  key("scaleX", 0, 0.5);
  return key("rotation", 9, 40);
}

function speed(value: number): Film {
  const made = film().put("V1", "film.mp4", { from: 4, count: 20 });
  return made.edit("setSpeed", { clip: made.clip("film.mp4"), speed: value, ripple: true });
}

function reversed(): Film {
  const made = film().put("V1", "film.mp4", { from: 20, count: 12 });
  return made.edit("reverse", { clip: made.clip("film.mp4") });
}

/** The best that H.264 does, so that the comparison is of the pictures and not of the codec. */
const settings = (): ExportSettings => {
  const { settings: preset } = findPreset("h264")!;
  return { ...preset, audio: null, smart: false, video: { ...preset.video!, quality: 100, encoder: "software" } };
};

async function exported(document: Timeline, name: string): Promise<string> {
  const file = join(folder, `${name.replaceAll(/\W+/g, "-")}.mp4`);
  await exportFilm(tools, document, settings(), folder, file);
  return file;
}

it("a reversed clip shows the media's frames from its end", async () => {
  const { document } = reversed();
  const [{ rate }, name] = [document.settings, "reverse"];
  const open = async (file: string) => {
    const input = [`file:${file}`];
    const facts = await videoFacts(tools, input);
    return openFrameReader(tools, { name, input, facts, rate, width: WIDTH, height: HEIGHT }, 1);
  };
  const file = await exported(document, name);
  const [film, source] = [await open(file), await open(join(folder, "film.mp4"))];
  try {
    for (const [frame, from] of [
      [0, 31],
      [1, 30],
      [6, 25],
      [11, 20],
    ] as const) {
      const { pixels } = await film.frameAt(frameToFlicks(frame, rate));
      const shown = { rgba: pixels, width: WIDTH, height: HEIGHT };
      const alike = async (n: number) =>
        ssim(shown, { rgba: (await source.frameAt(frameToFlicks(n, rate))).pixels, width: WIDTH, height: HEIGHT });
      expect(await alike(from)).toBeGreaterThanOrEqual(ALIKE);
      expect(await alike(from - 1)).toBeLessThan(await alike(from));
    }
  } finally {
    await film.close();
    await source.close();
  }
});

describe("the exported frames are those of the viewer in Chromium", () => {
  it.for(cases)("%s", async ([name, make, at]) => {
    const { document } = make();
    const { rate } = document.settings;
    const file = await exported(document, name);
    const times = at.map((frame) => frameToFlicks(frame, rate));
    const seen = (await call("frames", document, times, WIDTH, HEIGHT)) as string[];
    const input = [`file:${file}`];
    const reader = openFrameReader(
      tools,
      { name, input, facts: await videoFacts(tools, input), rate, width: WIDTH, height: HEIGHT },
      1,
    );
    try {
      const worst = [];
      for (const [i, time] of times.entries()) {
        const { pixels } = await reader.frameAt(time);
        const viewer = { rgba: Buffer.from(seen[i]!, "base64"), width: WIDTH, height: HEIGHT };
        worst.push(ssim(viewer, { rgba: pixels, width: WIDTH, height: HEIGHT }));
      }
      expect(
        Math.min(...worst),
        `SSIM at frames ${at.join(", ")}: ${worst.map((value) => value.toFixed(4)).join(", ")}`,
      ).toBeGreaterThanOrEqual(ALIKE);
    } finally {
      await reader.close();
    }
  });
});
