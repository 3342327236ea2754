import { spawn, spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../media/testing.ts";
import { testBench } from "../studio/testing.ts";
import { lora, number, numbered, size } from "./arguments.ts";
import { bytes, describe as words, duration } from "./output.ts";
import { plume } from "./testing.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

interface Made {
  file: string;
  record: { request: { seed: number } };
}

const answer = (stdout: string) =>
  JSON.parse(stdout) as { ok: boolean; clips?: Made[]; findings?: unknown; processorOnly?: string };

describe("plume generate", () => {
  it("writes the file, prints its path, and is otherwise quiet in a pipe", async () => {
    await using bench = await testBench();
    const file = join(bench.home, "out.mp4");
    const done = await plume(bench, ["generate", "blue bubbles", "-o", file, "--seed", "7", "--size", "128x64"]);
    expect(done).toEqual({ code: 0, stdout: `${file}\n`, stderr: "" });
    const record = JSON.parse(await readFile(join(bench.home, "out.json"), "utf8")) as { request: unknown };
    expect(record.request).toMatchObject({ prompt: "blue bubbles", seed: 7, width: 128, height: 64 });
  });

  it("answers one JSON object with --json, for success and for failure", async () => {
    await using bench = await testBench();
    const done = await plume(bench, ["generate", "hello", "--seed", "7", "--variations", "2", "--json"]);
    const clips = answer(done.stdout).clips!;
    expect(clips.map(({ record }) => record.request.seed)).toEqual([7, 8]);
    expect(clips[0]!.file).toBe(join(bench.output, "hello-s7.mp4"));
    const failed = await plume(bench, ["generate", "exit9", "--json"]);
    expect(failed).toMatchObject({ code: 1, stderr: "" });
    expect(answer(failed.stdout)).toMatchObject({ ok: false, error: { code: "ENGINE_CRASHED" } });
  });

  it("numbers the files of several variations", async () => {
    await using bench = await testBench();
    const file = join(bench.home, "v.mp4");
    await plume(bench, ["generate", "hello", "-o", file, "--variations", "3", "--seed", "4294967295"]);
    const seeds = await Promise.all(
      ["v", "v-2", "v-3"].map(async (name) => {
        const record = JSON.parse(await readFile(join(bench.home, `${name}.json`), "utf8")) as {
          request: { seed: number };
        };
        return record.request.seed;
      }),
    );
    expect(seeds).toEqual([4294967295, 0, 1]);
  });

  it.each([
    [["generate", ""], "Write a sentence"],
    [["generate", "   "], "Write a sentence"],
    [["generate", "word ".repeat(10_000)], "too long"],
    [["generate", "x", "--seed", "NaN"], "The seed must be"],
    [["generate", "x", "--seed", "-1"], "The seed must be"],
    [["generate", "x", "--seed", ""], "The seed must be"],
    [["generate", "x", "--frames", "0"], "The number of frames must be"],
    [["generate", "x", "--frames", "2.5"], "The number of frames must be"],
    [["generate", "x", "--width", "100"], "multiple of 64"],
    [["generate", "x", "--size", "huge"], "The size must be"],
    [["generate", "x", "--size", "64x64", "--width", "64"], "not both"],
    [["generate", "x", "--steps", "1e9"], "The number of steps must be"],
    [["generate", "x", "--guidance", "Infinity"], "The guidance must be"],
    [["generate", "x", "--variations", "0"], "The number of variations must be"],
    [["generate", "x", "--precision", "fp64"], "fp32"],
    [["generate", "x", "-o", "clip.avi"], "must end in .mp4"],
    [["generate"], "Missing required argument"],
    [["generate", "x", "--sede", "1"], "Unknown option"],
    [["dance"], "Unknown command"],
  ])("refuses %j with one sentence and exit code 2", async (argv, sentence) => {
    await using bench = await testBench();
    const { code, stdout, stderr } = await plume(bench, argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^plume: [^\n]+[.:]\n$/);
    const json = await plume(bench, [...argv, "--json"]);
    expect(answer(json.stdout)).toMatchObject({ ok: false, error: { code: "BAD_REQUEST" } });
    expect(await readdir(bench.output).catch(() => [])).toEqual([]);
  });

  it("does not replace a file, unless told to", async () => {
    await using bench = await testBench();
    const file = join(bench.home, "out.mp4");
    await writeFile(file, "precious");
    const refused = await plume(bench, ["generate", "hello", "-o", file]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("exists already") });
    expect(await readFile(file, "utf8")).toBe("precious");
    expect((await plume(bench, ["generate", "hello", "-o", file, "--overwrite"])).code).toBe(0);
    expect((await readFile(file)).length).toBeGreaterThan(500);
  });

  it("cancels cleanly", async () => {
    await using bench = await testBench();
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(), 700);
    const done = await plume(
      bench,
      ["generate", "slow", "--steps", "8", "--frames", "26", "-o", join(bench.home, "out.mp4")],
      cancel.signal,
    );
    expect(done).toEqual({ code: 130, stdout: "", stderr: "plume: Cancelled; no file was left behind.\n" });
    const left = (await readdir(bench.home, { recursive: true })).filter((name) => !name.startsWith("models"));
    // Its work folder is gone; the empty one around it may stand, by how far the command had come.
    // Nor is it its own what it found of this computer.
    expect(left.filter((name) => name !== "scratch" && name !== "devices.json")).toEqual([]);
  });
});

describe("plume models and plume doctor", () => {
  it("installs, lists, verifies, removes", async () => {
    await using bench = await testBench();
    const file = join(bench.home, "good.ckpt");
    await writeFile(file, "weights");
    const installed = await plume(bench, ["models", "install", file, "--name", "My model"]);
    expect(installed).toMatchObject({ code: 0, stdout: expect.stringContaining("Installed My model as good") });
    expect((await plume(bench, ["models", "list"])).stdout).toContain("good\n");
    expect((await plume(bench, ["models", "verify"])).stdout).toBe("fake is whole.\ngood is whole.\n");
    expect((await plume(bench, ["models", "remove", "good", "--json"])).stdout).toBe('{"ok":true,"removed":"good"}\n');
    expect(await plume(bench, ["models", "remove", "good"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("not installed"),
    });
  });

  it("measures for int8 as a step of installing, unless told not to; stopping it then leaves the model installed", async () => {
    await using bench = await testBench();
    const file = join(bench.home, "good.ckpt");
    await writeFile(file, "weights");
    const prepared = (id: string) =>
      readdir(join(bench.home, "models", id)).then((all) => all.includes("prepared.txt"));
    await plume(bench, ["models", "install", file, "--id", "with"]);
    expect(await prepared("with")).toBe(true);
    await plume(bench, ["models", "install", file, "--id", "without", "--no-int8"]);
    expect(await prepared("without")).toBe(false);
    // Measuring runs the model; where that fails, the model was converted all the same.
    expect((await plume(bench, ["models", "install", file, "--id", "unprepared"])).code).toBe(0);

    const stop = new AbortController();
    const installing = plume(bench, ["models", "install", file, "--id", "unhurried"], stop.signal);
    const measuring = join(bench.home, "models", "unhurried", "measuring.txt");
    await vi.waitFor(() => readFile(measuring), { timeout: 20_000, interval: 20 });
    stop.abort();
    expect(await installing).toEqual({
      code: 130,
      stdout: "",
      stderr: expect.stringMatching(
        /^plume: Stopped while measuring for int8: unhurried is installed all the same[^\n]*\n$/,
      ),
    });
    expect((await plume(bench, ["models", "list"])).stdout).toContain("unhurried\n");
  });

  it("says what is there and what is missing", { timeout: 300_000 }, async () => {
    await using bench = await testBench();
    const well = await plume(bench, ["doctor", "--json"]);
    expect(answer(well.stdout).findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "onnxruntime", ok: true, sentence: expect.stringContaining("0.0.0-fake") }),
      ]),
    );
    expect(answer(well.stdout).processorOnly).toMatch(/^Media are looked at on the processor, .*int8/u);
    vi.stubEnv("PLUME_FFMPEG", "/no/such/ffmpeg");
    const ill = await plume(bench, ["doctor"]);
    expect(ill).toMatchObject({ code: 1, stdout: expect.stringMatching(/^FAIL .*PLUME_FFMPEG/m), stderr: "" });
    const generate = await plume(bench, ["generate", "hello", "--json"]);
    expect(answer(generate.stdout)).toMatchObject({ error: { code: "FFMPEG_MISSING" } });
    vi.unstubAllEnvs();
  });
});

describe("the launcher", () => {
  it("sets up what is missing first, keeps stdout for the answer, and says so when the set-up fails", async () => {
    await using folder = await temporaryFolder();
    const at = async (path: string, text: string): Promise<string> => {
      const file = join(folder.path, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    };
    const copy = await at("main/cli/plume.mjs", await readFile(launcher, "utf8"));
    await at("main/cli/cli.ts", "const words: string[] = process.argv.slice(2); console.log(words.join());");
    const go = (...argv: string[]) => spawnSync(process.execPath, [copy, ...argv], { encoding: "utf8" });
    expect(go("a")).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("incomplete") });
    await at("scripts/bootstrap.mjs", "process.exit(1)");
    expect(go("a", "--json")).toMatchObject({ status: 1, stdout: expect.stringMatching(/^\{"ok":false/) });
    await at(
      "scripts/bootstrap.mjs",
      "import { mkdirSync } from 'node:fs'; console.log('setting up'); mkdirSync('node_modules/commander', { recursive: true });",
    );
    expect(go("a", "b")).toMatchObject({ status: 0, stdout: "a,b\n", stderr: "setting up\n" });
    expect(go("c")).toMatchObject({ status: 0, stdout: "c\n", stderr: "" });
  });

  const launcher = fileURLToPath(new URL("./plume.mjs", import.meta.url));

  it("runs the program, passes its exit code on, and every command has help", () => {
    for (const command of [
      [],
      ["generate"],
      ["animate"],
      ["models", "install"],
      ["models", "list"],
      ["models", "verify"],
      ["models", "remove"],
      ["doctor"],
    ]) {
      const help = spawnSync(process.execPath, [launcher, ...command, "--help"], { encoding: "utf8" });
      expect(help.status).toBe(0);
      expect(help.stdout).toContain("Exit codes: 0 done");
      if (command.length > 0 && command[0] !== "models") expect(help.stdout).toContain("--json");
    }
    expect(spawnSync(process.execPath, [launcher, "dance"]).status).toBe(2);
  }, 300_000);

  it("survives a reader that goes away", async () => {
    const child = spawn(process.execPath, [launcher, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("small words", () => {
  it("understands numbers, sizes, LoRAs and names", () => {
    expect([number("7"), number(" "), number("0x10"), number("seven")]).toEqual([7, Number.NaN, 16, Number.NaN]);
    expect(size("320x192")).toEqual({ width: 320, height: 192 });
    expect(lora("a.pt")).toEqual({ file: "a.pt", scale: 1 });
    expect(lora("a.pt:0.5")).toEqual({ file: "a.pt", scale: 0.5 });
    expect(lora("C:\\a.pt")).toEqual({ file: "C:\\a.pt", scale: 1 });
    expect(lora("C:\\a.pt:-1")).toEqual({ file: "C:\\a.pt", scale: -1 });
    expect([numbered("a/b.mp4", 1), numbered("a/b.mp4", 3)]).toEqual(["a/b.mp4", "a/b-3.mp4"]);
  });

  it("speaks of time, size and progress as people do", () => {
    expect([400, 12_000, 83_000, 200_000, 4_000_000].map(duration)).toEqual([
      "1 s",
      "12 s",
      "85 s",
      "3 min",
      "1 h 7 min",
    ]);
    expect([400, 52_300, 4_840_000_000].map(bytes)).toEqual(["1 kB", "52 kB", "4.84 GB"]);
    expect(words({ phase: "denoise", done: 2, total: 4, fraction: 0.3, etaMs: 21_000 })).toBe(
      "forming the picture, step 2 of 4, about 20 s left",
    );
  });
});

describe("plume project", () => {
  it("says what is in a project and whether it is whole, without changing it", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { id, document } = await studio.call("projects.create", { name: "Film" });
    const clips = [{ track: document.tracks.at(-1)!.id, clip: { text: { text: "Hello" }, duration: 705_600_000 } }];
    await studio.call("projects.edit", { id, name: "append", arguments: { clips } });
    await studio.call("projects.close", { id });
    const folder = join(bench.output, "Projects", "Film");
    const info = await plume(bench, ["project", "info", folder]);
    expect(info).toMatchObject({ code: 0, stderr: "" });
    expect(info.stdout).toMatch(/^Film: 1 clip on 5 tracks, 1\.00 s, 0 media\nchange 1, saved /);
    const check = await plume(bench, ["project", "check", folder, "--json"]);
    expect(JSON.parse(check.stdout)).toMatchObject({ ok: true, project: { clips: 1, problems: [] } });
    await writeFile(join(folder, "Film.plume"), "damaged");
    const damaged = await plume(bench, ["project", "check", folder]);
    expect(damaged).toMatchObject({ code: 1, stdout: expect.stringContaining("The project file is damaged") });
    expect(await readFile(join(folder, "Film.plume"), "utf8")).toBe("damaged");
    expect((await plume(bench, ["project", "check", bench.home])).stderr).toMatch(
      /^plume: There is no project in home[^\n]*\.\n$/,
    );
  });
});
