import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { locateFfmpeg, probeVideo } from "../media/index.ts";
import { installFake, testBench } from "../studio/testing.ts";
import { plume } from "./testing.ts";

vi.setConfig({ testTimeout: 240_000 });

const ffmpeg = (...args: string[]) => promisify(execFile)("ffmpeg", ["-v", "error", "-y", ...args]);

async function animationBench() {
  const bench = await testBench();
  await installFake(bench.home, "motion");
  const folder = join(bench.home, "mine");
  await mkdir(folder);
  const [picture, sound] = [join(folder, "logo.png"), join(folder, "beat.wav")];
  await ffmpeg("-f", "lavfi", "-i", "testsrc=size=160x120:rate=1", "-frames:v", "1", picture);
  await ffmpeg("-f", "lavfi", "-i", "sine=f=220:d=2", sound);
  return { ...bench, folder, picture, sound };
}

const twelve = [0, 4, 9, 12, 16, 20, 24, 28, 32, 36, 40, 45];

describe("plume animate", () => {
  it("writes the clip with its sound where it was told to, and the curve beside it", async () => {
    await using bench = await animationBench();
    const [file, curve] = [join(bench.folder, "out.mp4"), join(bench.folder, "curve.json")];
    const options = ["--seed", "7", "--preset", "draft", "--keyframes", twelve.join(","), "--prompt", "a logo"];
    const done = await plume(bench, [
      "animate",
      bench.picture,
      bench.sound,
      "-o",
      file,
      ...options,
      "--dump-curve",
      curve,
    ]);
    expect(done).toEqual({ code: 0, stdout: `${file}\n`, stderr: "" });
    expect(await probeVideo(await locateFfmpeg(), file)).toMatchObject({ frames: 48, streams: 2, width: 192 });
    const record = JSON.parse(await readFile(join(bench.folder, "out.json"), "utf8")) as { request: object };
    expect(record.request).toMatchObject({
      seed: 7,
      preset: "draft",
      prompt: "a logo",
      segments: [{ start: 0, keyframes: twelve }],
    });
    const dumped = JSON.parse(await readFile(curve, "utf8")) as { curve: number[]; segments: object[] };
    expect(dumped.curve).toHaveLength(48);
    expect(dumped.segments).toEqual([{ start: 0, keyframes: twelve }]);
    // A command leaves nothing of its own behind, no media list, no work: only what this computer can and how long it takes.
    const left = (await readdir(bench.home)).toSorted((a, b) => a.localeCompare(b));
    expect(left).toEqual(["devices.json", "mine", "models", "scratch", "timings.json"]);
    expect(await readdir(join(bench.home, "scratch"))).toEqual([]);
  });

  it("answers one JSON object with --json, and completes a few keyframes by the sound", async () => {
    await using bench = await animationBench();
    const done = await plume(bench, ["animate", bench.picture, bench.sound, "--keyframes", "13,31", "--json"]);
    const answer = JSON.parse(done.stdout) as {
      ok: boolean;
      clip: { file: string; record: { request: { segments: { keyframes: number[] }[] } } };
    };
    expect(answer.ok).toBe(true);
    expect(answer.clip.file).toContain(bench.output);
    const [segment] = answer.clip.record.request.segments;
    expect(segment?.keyframes).toHaveLength(12);
    expect(segment?.keyframes).toEqual(expect.arrayContaining([0, 13, 31]));
  });

  it.each([
    [["--keyframes", "0,4,x"], "Keyframes are whole numbers"],
    [["--keyframes", "0,4,99"], "Keyframes are whole numbers"],
    [["--keyframes", "0,4,4"], "named twice"],
    [["--keyframes", "1,2,3,4,5,6,7,8,9,10,11,12,13"], "At most 12 keyframes"],
    [["--preset", "best"], "The preset must be"],
    [["--follow", "bass"], "Keyframes can follow"],
    [["--length", "0.5"], "The length in frames must be"],
    [["--from", "-1"], "The start in the sound must be"],
    [["--focus", "2,0"], "The focus must be"],
    [["--seed", "x"], "The seed must be"],
    [["--size", "100x100"], "multiple of 64"],
    [["-o", "clip.gif"], "must end in .mp4"],
  ])("refuses %j with one sentence and exit code 2", async (options, sentence) => {
    await using bench = await animationBench();
    const { code, stdout, stderr } = await plume(bench, ["animate", bench.picture, bench.sound, ...options]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^plume: [^\n]+[.:]\n$/);
  });

  it("names the file that is none: text called .wav, a picture for a sound, nothing at all", async () => {
    await using bench = await animationBench();
    const text = join(bench.folder, "notes.wav");
    await writeFile(text, "this is text\n".repeat(100));
    const refused = async (...files: string[]) => (await plume(bench, ["animate", ...files])).stderr;
    expect(await refused(bench.picture, text)).toMatch(/^plume: “notes\.wav” is no picture, sound or film/);
    expect(await refused(bench.sound, bench.picture)).toMatch(/name the picture first/);
    expect(await refused(bench.picture, join(bench.folder, "no.wav"))).toMatch(/“no\.wav” is not there/);
  });
});
