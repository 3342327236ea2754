import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { cmykJpeg } from "../media/odd-pictures.testkit.ts";
import { locateFfmpeg } from "../media/index.ts";
import { decodePicture } from "../media/decode-picture.ts";
import { ffmpeg, FILM, makeFilm, SQUARE, squareAt } from "../studio/analyze/testing.ts";
import { installFake, testBench } from "../studio/testing.ts";
import { plume } from "./testing.ts";

vi.setConfig({ testTimeout: 240_000 });

let bench: Awaited<ReturnType<typeof testBench>>;
const at = (name: string): string => join(bench.home, name);

beforeAll(async () => {
  bench = await testBench();
  await installFake(bench.home, "eyes");
  await makeFilm(at("walk.mp4"));
  await ffmpeg("-f", "lavfi", "-i", "color=c=0xf4f4f4:s=400x300:d=1", "-frames:v", "1", at("snow.png"));
});
afterAll(() => bench[Symbol.asyncDispose]());

interface Answer {
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly message: string };
  readonly facts: {
    readonly tags: { readonly label: string; readonly share: number }[];
    readonly colours: { readonly name: string }[];
    readonly shots: { readonly start: number }[];
    readonly poster: { readonly time: number; readonly hasSubject: boolean };
    readonly moments: number;
    readonly problem: string | null;
  };
  readonly objects: { readonly label: string; readonly points: { readonly time: number; readonly box: number[] }[] }[];
}

const json = async (...args: string[]): Promise<Answer> =>
  JSON.parse((await plume(bench, ["analyze", ...args, "--json"])).stdout) as Answer;

describe("plume analyze", () => {
  it("says in a few lines what is to be seen", async () => {
    const { code, stdout, stderr } = await plume(bench, ["analyze", at("walk.mp4")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^walk\.mp4: 4\.0 s, 320×180\ntags {5}red 90 %, snow 80 %\ncolours {2}(white|grey) #/);
    expect(stdout).toContain("\nobjects  red circle\nshots    2: cut at 2.0 s\n");
    expect(stdout.split("\n").length).toBeLessThan(10);
  });

  it("follows an object through the cut's two shots, as JSON", async () => {
    const { ok, objects, facts } = await json(at("walk.mp4"), "--detect");
    expect(ok).toBe(true);
    expect(objects.map(({ label }) => label)).toEqual(["circle", "circle"]);
    for (const { points } of objects)
      for (const { time, box } of points) {
        const frame = Math.floor(time * FILM.rate + 1e-6) / FILM.rate;
        expect(Math.abs(box[0]! * FILM.width - squareAt(frame))).toBeLessThan(3);
        expect(Math.abs((box[2]! - box[0]!) * FILM.width - SQUARE)).toBeLessThan(4);
      }
    expect(facts.shots.map(({ start }) => start)).toEqual([0, 2]);
    expect(facts.poster.hasSubject).toBe(true);
    expect(facts.moments).toBe(FILM.seconds * 10);
  });

  it("writes the best frame with boxes, and a mask of what was found", async () => {
    const [boxes, mask] = [at("boxes.png"), at("mask.png")];
    const answer = await json(at("walk.mp4"), "--detect", "-o", boxes);
    expect((await json(at("walk.mp4"), "--segment", "-o", mask)).ok).toBe(true);
    const tools = await locateFfmpeg();
    const size = { width: FILM.width, height: FILM.height };
    const { rgb } = await decodePicture(tools, mask, size);
    let [inside, outside] = [0, 0];
    const left = squareAt(Math.floor(answer.facts.poster.time * FILM.rate + 1e-6) / FILM.rate);
    for (let y = 0; y < FILM.height; y += 1)
      for (let x = 0; x < FILM.width; x += 1) {
        const isWhite = rgb[(y * FILM.width + x) * 3]! > 127;
        const isSquare = x >= left && x < left + SQUARE && y >= 70 && y < 70 + SQUARE;
        if (isWhite && isSquare) inside += 1;
        if (isWhite && !isSquare) outside += 1;
      }
    expect(inside).toBeGreaterThan(0.85 * SQUARE * SQUARE);
    expect(outside).toBeLessThan(0.15 * SQUARE * SQUARE);
    // A second run replaces nothing unasked.
    const again = await plume(bench, ["analyze", at("walk.mp4"), "--detect", "-o", boxes]);
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toMatch(/^plume: [^\n]+exists already[^\n]+\.\n$/);
    expect((await plume(bench, ["analyze", at("walk.mp4"), "--detect", "-o", boxes, "--overwrite"])).code).toBe(0);
  });

  it("writes a crop that keeps the subject inside", async () => {
    const file = at("crop.json");
    const { stdout } = await plume(bench, ["analyze", at("walk.mp4"), "--reframe", "9:16", "-o", file]);
    expect(stdout).toMatch(/reframe {2}9:16: 101×180 in \d+ keyframes, subject inside (9[5-9]|100) % of the time/);
    const crop = JSON.parse(await readFile(file, "utf8")) as {
      crop: { width: number };
      keyframes: { x: { time: number; value: number; easing: { type: string } }[] };
      inside: number;
    };
    expect(crop.inside).toBeGreaterThanOrEqual(0.95);
    const { x } = crop.keyframes;
    // Right after the cut, and at the end, the crop is where the square is.
    for (const { time, value } of x) {
      const middle = (squareAt(Math.min(time, 3.9)) + SQUARE / 2) / FILM.width;
      const reach = 101 / 320 / 2;
      expect(Math.abs(value - Math.min(1 - reach, Math.max(reach, middle)))).toBeLessThan(0.12);
    }
  });

  it("looks at pictures: pale ones, CMYK, 16 bits a channel, very wide ones, animations", async () => {
    const tagsOf = async (name: string): Promise<string[]> =>
      (await json(at(name), "--tags")).facts.tags.map(({ label }) => label);
    expect(await tagsOf("snow.png")).toEqual(["snow"]);
    await ffmpeg("-i", at("snow.png"), "-pix_fmt", "rgb48be", at("deep.png"));
    expect(await tagsOf("deep.png")).toEqual(["snow"]);
    await ffmpeg("-f", "lavfi", "-i", "color=c=0xe01818:s=20000x64:d=1", "-frames:v", "1", at("wide.png"));
    expect(await tagsOf("wide.png")).toEqual(["red"]);
    await writeFile(at("ink.jpg"), cmykJpeg(64, [255, 20, 20, 255]));
    const ink = await json(at("ink.jpg"));
    expect(ink.facts.tags.map(({ label }) => label)).toEqual(["red"]);
    expect(ink.facts.colours[0]!.name).toBe("red");
    await ffmpeg("-i", at("walk.mp4"), "-t", "1", "-r", "6", at("walk.gif"));
    expect((await json(at("walk.gif"), "--detect")).objects.length).toBeGreaterThan(0);
  });

  it("refuses in one sentence what it cannot look at", async () => {
    await ffmpeg("-i", at("snow.png"), "-vf", "scale=1:1", at("dot.png"));
    await ffmpeg("-f", "lavfi", "-i", "sine=d=1", at("tone.wav"));
    await writeFile(
      at("broken.mp4"),
      Buffer.concat([(await readFile(at("walk.mp4"))).subarray(0, 700), Buffer.alloc(9000, 7)]),
    );
    await writeFile(at("notes.png"), "no picture");
    const cases: readonly (readonly [string[], number, RegExp])[] = [
      [[at("dot.png")], 1, /“dot\.png” is only 1×1 pixels/],
      [[at("broken.mp4")], 1, /broken\.mp4/],
      [[at("notes.png")], 1, /“notes\.png” is no picture/],
      [[at("none.png")], 1, /“none\.png” is not there/],
      [[at("tone.wav")], 2, /“tone\.wav” is a sound: choose a picture or a film/],
      [[at("snow.png"), "--reframe", "tall"], 2, /width:height/],
      [[at("snow.png"), "-o", at("x.png")], 2, /With -o ask for/],
      [[at("snow.png"), "--detect", "-o", at("x.gif")], 2, /must end in \.png/],
      [[at("snow.png"), "--detect", "--model", "fake"], 1, /looks at pictures/],
      [[at("snow.png"), "--tags", "--model", "nobody"], 1, /not installed/],
    ];
    for (const [args, code, sentence] of cases) {
      const done = await plume(bench, ["analyze", ...args]);
      expect({ args, code: done.code, stdout: done.stdout }).toEqual({ args, code, stdout: "" });
      expect(done.stderr).toMatch(sentence);
      expect(done.stderr).toMatch(/^plume: [^\n]+\.\n$/);
    }
  });

  it("without a model still tells colours and shots; asked for more, it says what to install", async () => {
    await using empty = await testBench();
    const { stdout, code } = await plume(empty, ["analyze", at("walk.mp4")]);
    expect(code).toBe(0);
    expect(stdout).toContain("shots    2: cut at 2.0 s");
    expect(stdout).not.toContain("tags");
    const answer = JSON.parse((await plume(empty, ["analyze", at("walk.mp4"), "--json"])).stdout) as Answer;
    expect(answer.facts.problem).toMatch(/^No model that looks at pictures is installed: install a PATNet checkpoint/);
    const refused = await plume(empty, ["analyze", at("walk.mp4"), "--detect"]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^plume: No model that looks at pictures is installed[^\n]+\.\n$/);
  });

  it("can be stopped, and leaves nothing behind", async () => {
    const abort = new AbortController();
    const looking = plume(bench, ["analyze", at("walk.mp4"), "--detect", "-o", at("stopped.png")], abort.signal);
    setTimeout(() => abort.abort(), 300);
    expect(await looking).toMatchObject({
      code: 130,
      stdout: "",
      stderr: expect.stringMatching(/^plume: [^\n]+\.\n$/),
    });
    await expect(stat(at("stopped.png"))).rejects.toThrow();
  });

  it("explains itself", async () => {
    const { code, stdout } = await plume(bench, ["analyze", "--help"]);
    expect(code).toBe(0);
    for (const option of ["--tags", "--detect", "--segment", "--reframe", "--json", "--output", "--model"])
      expect(stdout).toContain(option);
  });
});
