/** PATNet on the reference's goldens; and on copies with a defect, because a check that cannot fail proves nothing. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { openSafetensors } from "../../native-models/checkpoint/safetensors.ts";
import { nudge, rawTensors, writeSafetensors } from "./golden-copy.testkit.ts";
import { runParity } from "./run.ts";

const goldens =
  process.env.PLUME_GOLDENS === undefined
    ? fileURLToPath(new URL("../../../shared/goldens/patnet", import.meta.url))
    : join(process.env.PLUME_GOLDENS, "patnet");
const found = existsSync(join(goldens, "manifest.json"));
const note = found ? "" : " (SKIPPED: no reference goldens; set PLUME_GOLDENS to their folder)";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

type Files = Record<string, { tolerance?: unknown }>;

/** A folder with only some of the reference's files, whose manifest `change` may edit. */
function copy(paths: readonly string[], change: (files: Files) => void = () => {}): string {
  const folder = mkdtempSync(join(tmpdir(), "plume-goldens-"));
  folders.push(folder);
  const manifest = z
    .looseObject({ files: z.record(z.string(), z.looseObject({})) })
    .parse(JSON.parse(readFileSync(join(goldens, "manifest.json"), "utf8")));
  const files = Object.fromEntries(Object.entries(manifest.files).filter(([path]) => paths.includes(path)));
  for (const path of Object.keys(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(goldens, path), join(folder, path));
  }
  change(files);
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...manifest, files }));
  return folder;
}

/** Replaces a safetensors file of a copy by one in which the first value of a tensor is off by `by`. */
async function spoil(folder: string, path: string, tensor: string, by: number): Promise<void> {
  const source = await openSafetensors(join(goldens, path));
  const tensors = await rawTensors(source);
  await source.close();
  nudge(tensors, tensor, by);
  rmSync(join(folder, path));
  writeSafetensors(join(folder, path), tensors);
}

const failures = async (folder: string) =>
  (await runParity(folder, () => {})).outcomes.filter(({ passed }) => !passed).map(({ name }) => name);
const classifier = ["cls/t2like_nosp.png", "cls/t2like_nosp.pth", "cls/t2like_nosp.safetensors"];
const detector = ["det/maskrcnn_b.png", "det/maskrcnn_b.pth", "det/maskrcnn_b.safetensors"];

describe.skipIf(!found)(`PATNet's parity with the reference${note}`, () => {
  it("passes every case of the reference's folder", { timeout: 600_000 }, async () => {
    const lines: string[] = [];
    const report = await runParity(goldens, (line) => lines.push(line));
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([]);
    // Six blocks and five full-size networks with what is inside, three checkpoints, two Mask R-CNNs with 135 masks.
    expect(report.passed).toBeGreaterThanOrEqual(360);
  });

  it.each([
    ["blocks/v2_lneps_h4_3x3.safetensors", "output", 1e-4, ["blocks/v2_lneps_h4_3x3.output"]],
    ["blocks/v1_sp_gelu_5x4.safetensors", "channel_gate", 1e-3, ["blocks/v1_sp_gelu_5x4.channel_gate"]],
    ["blocks/v2_sp_relu_h6_7x7.safetensors", "attn_probs", 1e-3, ["blocks/v2_sp_relu_h6_7x7.attn_probs"]],
  ])("notices one changed value: %s %s by %d", async (path, tensor, by, expected) => {
    const folder = copy([path]);
    await spoil(folder, path, tensor, by);
    expect(await failures(folder)).toEqual(expected);
  });

  it("notices a changed logit, and a changed weight by all that follows from it", async () => {
    const folder = copy(classifier);
    await spoil(folder, "cls/t2like_nosp.safetensors", "logits", 1e-3);
    expect(await failures(folder)).toEqual(["cls/t2like_nosp.logits"]);
    const block = copy(["blocks/v1_nosp_relu_2x3.safetensors"]);
    await spoil(block, "blocks/v1_nosp_relu_2x3.safetensors", "w.spatial_mixing.norm.running_var", 1);
    const parts = ["output", "mixing_out", "mlp_fc2_out", "mlp_out"];
    expect(await failures(block)).toEqual(parts.map((part) => `blocks/v1_nosp_relu_2x3.${part}`));
  });

  it.each([
    ["boxes", 0.05, "det/maskrcnn_b.boxes"],
    ["scores", 1e-3, "det/maskrcnn_b.scores"],
    ["mask_logits", 1, "det/maskrcnn_b.mask_logits"],
    ["cls_score", 0.1, "det/maskrcnn_b.cls_score"],
    ["fpn.3", 0.1, "det/maskrcnn_b.fpn.3"],
  ])("notices one changed value of a detection: %s by %d", async (tensor, by, expected) => {
    const folder = copy(detector);
    await spoil(folder, "det/maskrcnn_b.safetensors", tensor, by);
    expect(await failures(folder)).toEqual([expected]);
  });

  it("fails where a tolerance is missing, and for files that no check knows", async () => {
    const folder = copy(["blocks/v1_nosp_relu_2x3.safetensors"], (files) => {
      delete files["blocks/v1_nosp_relu_2x3.safetensors"]!.tolerance;
      files["blocks/notes.txt"] = {};
      files["flow.safetensors"] = {};
    });
    writeFileSync(join(folder, "blocks/notes.txt"), "");
    cpSync(join(goldens, "irpe.safetensors"), join(folder, "flow.safetensors"));
    expect((await failures(folder)).sort()).toEqual(["blocks/notes.txt", "blocks/v1_nosp_relu_2x3", "flow"]);
  });
});
