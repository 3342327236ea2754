/** KeyVID's parity on the reference's goldens; and on copies with a defect, because a check that cannot fail proves nothing. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { openSafetensors } from "../../../native-models/checkpoint/safetensors.ts";
import { nudge, rawTensors, writeSafetensors } from "../golden-copy.testkit.ts";
import type { Report } from "../report.ts";
import { runParity } from "../run.ts";

const goldens = join(
  process.env["PLUME_GOLDENS"] ?? fileURLToPath(new URL("../../../../shared/goldens", import.meta.url)),
  "keyvid",
);
const found = existsSync(join(goldens, "manifest.json"));
const note = found ? "" : " (SKIPPED: no reference goldens; set PLUME_GOLDENS to their folder)";

const manifestSchema = z.looseObject({ files: z.array(z.looseObject({ file: z.string(), sha256: z.string() })) });
type Manifest = z.infer<typeof manifestSchema>;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A copy of the goldens with the files that match, to be changed and then described by a manifest of its own. */
class Copy {
  readonly folder = mkdtempSync(join(tmpdir(), "plume-keyvid-goldens-"));
  readonly manifest: Manifest;

  constructor(taken: RegExp) {
    folders.push(this.folder);
    const whole = manifestSchema.parse(JSON.parse(readFileSync(join(goldens, "manifest.json"), "utf8")));
    this.manifest = { ...whole, files: whole.files.filter(({ file }) => taken.test(file)) };
    for (const { file } of this.manifest.files) {
      mkdirSync(dirname(join(this.folder, file)), { recursive: true });
      symlinkSync(join(goldens, file), join(this.folder, file));
    }
  }

  entry(file: string): Manifest["files"][number] {
    return this.manifest.files.find((entry) => entry.file === file)!;
  }

  /** Adds `by` to the first value of a tensor, and tells the manifest of the new file. */
  async nudge(file: string, tensor: string, by: number): Promise<void> {
    const source = await openSafetensors(join(goldens, file));
    const tensors = await rawTensors(source);
    await source.close();
    nudge(tensors, tensor, by);
    const path = join(this.folder, file);
    // Never through the link into the reference's own folder.
    rmSync(path);
    writeSafetensors(path, tensors);
    this.entry(file).sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  }

  json(file: string, change: (text: string) => string): void {
    const path = join(this.folder, file);
    const text = change(readFileSync(path, "utf8"));
    rmSync(path);
    writeFileSync(path, text);
    this.entry(file).sha256 = createHash("sha256").update(text).digest("hex");
  }

  run(): Promise<Report> {
    writeFileSync(join(this.folder, "manifest.json"), JSON.stringify(this.manifest));
    return runParity(this.folder, () => {});
  }
}

const failures = (report: Report) => report.outcomes.filter(({ passed }) => !passed).map(({ name }) => name);

describe.skipIf(!found)(`KeyVID's parity with the reference${note}`, () => {
  it("passes every case of the reference's folder", { timeout: 600_000 }, async () => {
    const lines: string[] = [];
    const report = await runParity(goldens, (line) => lines.push(line));
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([]);
    // 130 of the selection, 50 of the tables, 90 of the networks, two loops, both stages and the rest.
    expect(report.passed).toBeGreaterThanOrEqual(350);
  });

  it.each([
    [/^audio\/click_train\.|^keyframes/u, "audio/click_train.safetensors", "mel", 0.01],
    [/^audio\/short_8k\.|^keyframes/u, "audio/short_8k.safetensors", "resampled_16k_head", 1e-4],
    [/^image\/|^keyframes/u, "image/preprocess.safetensors", "in1.float", 1e-3],
    [/^clip\/(?:pre|image)|^keyframes/u, "clip/preprocess.safetensors", "row_112", 1e-3],
    [/^ddim\/schedule_4\.|^keyframes/u, "ddim/schedule_4.safetensors", "sigmas", 1e-4],
    [/^ddim\/ddpm|^keyframes/u, "ddim/ddpm_buffers.safetensors", "scale_arr", 1e-4],
  ])("notices one changed value: %s %s %s by %d", async (taken, file, tensor, by) => {
    const golden = new Copy(taken);
    await golden.nudge(file, tensor, by);
    expect(failures(await golden.run())).toEqual([`${file.replace(".safetensors", "")}.${tensor}`]);
  });

  it("notices a changed value in a loop's step and in a stage's frames", { timeout: 300_000 }, async () => {
    const golden = new Copy(/^ckpt\/KeyVID|^ddim\/keyframe_loop|^e2e|^audio\/click_train/u);
    await golden.nudge("ddim/keyframe_loop.safetensors", "step3.x_prev", 1e-2);
    await golden.nudge("e2e/stage1_keyframes.safetensors", "keyframes_float", 1e-2);
    await golden.nudge("e2e/stage2_frames.safetensors", "step1.x_prev", 1e-2);
    expect(failures(await golden.run())).toEqual([
      "ddim/keyframe_loop.step3.x_prev",
      "e2e/stage1_keyframes.keyframes_float",
      "e2e/stage2_frames.step1.x_prev",
    ]);
  });

  it("notices other noise than was recorded, and other scales", { timeout: 300_000 }, async () => {
    const golden = new Copy(/^ckpt\/KeyVID|^ddim\/keyframe_loop/u);
    await golden.nudge("ddim/keyframe_loop.safetensors", "x_T", 0.5);
    golden.entry("ddim/keyframe_loop.safetensors")["scales"] = { text: 7.5, img: 2, audio: 4, rescale: 0.7, eta: 1 };
    expect(failures(await golden.run())).toEqual(
      expect.arrayContaining(["ddim/keyframe_loop.step0.x_prev", "ddim/keyframe_loop.step0.pred_x0"]),
    );
  });

  it("notices one other keyframe, and one other draw", async () => {
    const golden = new Copy(/^keyframes/u);
    golden.json("keyframes/selection.json", (text) =>
      text.replace(/"indices":\s*\[\s*0,\s*1,\s*4/u, (found) => found.replace(/4$/u, "5")),
    );
    expect(failures(await golden.run())).toEqual(["keyframes/selection.eight_peaks.seed0"]);
    const other = new Copy(/^keyframes/u);
    other.json("keyframes/selection.json", (text) => text.replace("0.8444218515250481", "0.8444218515250482"));
    expect(failures(await other.run())).toEqual(["keyframes/selection.three_peaks.seed0.draws"]);
  });

  it("fails for what it cannot check: no tolerance, an unknown file, an unknown tensor, a sound without its file", async () => {
    const golden = new Copy(/^audio\/(?:sweep|mel_filterbank)|^keyframes/u);
    delete golden.entry("audio/mel_filterbank.safetensors")["tolerance"];
    golden.entry("keyframes/curves.safetensors").file = "keyframes/unknown.safetensors";
    symlinkSync(join(goldens, "keyframes/curves.safetensors"), join(golden.folder, "keyframes/unknown.safetensors"));
    golden.manifest.files = golden.manifest.files.filter(({ file }) => file !== "audio/sweep.wav");
    expect(failures(await golden.run())).toEqual(
      expect.arrayContaining(["audio/mel_filterbank", "audio/sweep", "keyframes/unknown"]),
    );
  });
});
