/** The parity runner on the reference's goldens; and on copies with a defect, because a check that cannot fail proves nothing. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../native-models/checkpoint/open-checkpoint.ts";
import { GoldenCopy, nudge, type RawTensor, rawTensors } from "./golden-copy.testkit.ts";
import { GoldenFolderError } from "./golden-folder.ts";
import type { Report } from "./report.ts";
import { runParity } from "./run.ts";

const goldens =
  process.env.PLUME_GOLDENS === undefined
    ? fileURLToPath(new URL("../../../shared/goldens/hummingbird", import.meta.url))
    : join(process.env.PLUME_GOLDENS, "hummingbird");
const found = existsSync(join(goldens, "manifest.json"));
const note = found ? "" : " (SKIPPED: no reference goldens; set PLUME_GOLDENS to their folder)";

const folders: string[] = [];
function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "plume-goldens-"));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const copy = (...files: string[]) => new GoldenCopy(goldens, emptyFolder(), files);
const failures = (report: Report) => report.outcomes.filter(({ passed }) => !passed).map(({ name }) => name);
const quiet = () => {};
const run = (folder: string) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("run.ts", import.meta.url)), folder], { encoding: "utf8" });

describe.skipIf(!found)(`parity with the reference${note}`, () => {
  it("passes every case of the reference's folder, within the tight bounds too", { timeout: 600_000 }, async () => {
    const lines: string[] = [];
    const report = await runParity(goldens, (line) => lines.push(line));
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([]);
    expect(report.outcomes.filter(({ tightMissed }) => tightMissed)).toEqual([]);
    // 37 prompts, 12 draws, 4 sinusoids, 49 of the scheduler, 31 blocks, 21 probes, 6 forwards, two loops and the rest.
    expect(report.passed).toBeGreaterThanOrEqual(230);
    expect(lines).toHaveLength(report.passed);
  });

  it("runs a folder whose main checkpoint is the 0.9B, in another container", async () => {
    const golden = copy();
    const { manifest } = golden;
    const sources = await Promise.all(
      ["tiny07B_merged_all.pt", "tiny09B_middle_block.ckpt"].map((name) => openCheckpoint(join(goldens, name))),
    );
    const union = new Map<string, RawTensor>();
    for (const source of sources) {
      for (const [name, tensor] of await rawTensors(source)) union.set(name, tensor);
      await source.close();
    }
    manifest.checkpoints = { "merged.safetensors": {} };
    golden.add("merged.safetensors", union);
    [manifest.variant, manifest.other_variant] = [manifest.other_variant, manifest.variant];
    const forwards = await golden.read("unet_forward.safetensors");
    const renamed = new Map<string, RawTensor>();
    for (const [name, tensor] of forwards) {
      if (name.startsWith("other_variant.")) renamed.set(name.replace("other_variant", "three"), tensor);
      if (name.startsWith("frames1.")) renamed.set(name.replace("frames1", "other_variant"), tensor);
    }
    golden.add("unet_forward.safetensors", renamed);
    const report = await runParity(golden.write(), quiet);
    // The 0.7B's LoRA lists fewer layers than the 0.9B has: that the order differs is right.
    expect(failures(report)).toEqual(["lora.order"]);
    expect(report.outcomes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["checkpoint.config", "unet_forward.three.out", "unet_forward.other_variant.out"]),
    );
  });

  it.each([
    ["text_encoder.safetensors", "prompt_embeds", 1e-4, "text_encoder.prompt_embeds"],
    ["text_encoder.safetensors", "hidden_after_block1", 1, "text_encoder.hidden_after_block1"],
    ["vae_decode.safetensors", "decoded", 1e-4, "vae_decode.decoded"],
    ["torch_cpu_rng.safetensors", "randn.seed1234.then_n37", 1e-6, "torch_cpu_rng.randn.seed1234.then_n37"],
    ["scheduler.safetensors", "alphas_cumprod", 1e-4, "scheduler.alphas_cumprod"],
    ["scheduler.safetensors", "step.4.2.denoised", 1e-3, "scheduler.step.4.2.denoised"],
    ["lora_forward.safetensors", "out_with_lora", 1e-3, "lora_forward.out_with_lora"],
    ["block_probes.safetensors", "init_attn.0.lowvar.out", 0.1, "block_probes.init_attn.0.lowvar"],
  ])("notices one changed value: %s %s by %d", async (file, tensor, by, name) => {
    const golden = copy(file);
    const tensors = await golden.read(file);
    nudge(tensors, tensor, by);
    golden.add(file, tensors);
    expect(failures(await runParity(golden.write(), quiet))).toEqual([name]);
  });

  it("notices a wrong network: other heads in the text tower", async () => {
    const golden = copy("text_encoder.safetensors");
    golden.manifest.settings.text.heads = 1;
    expect(failures(await runParity(golden.write(), quiet))).toContain("text_encoder.prompt_embeds");
  });

  it("fails where a tolerance is met by nothing, missing, or not understood", async () => {
    const files = ["text_encoder.safetensors"];
    const bounds: Record<string, number | string>[] = [{ pass_max_abs: 0 }, { tight_max_abs: 1 }, { pass_max_ulp: 3 }];
    for (const bound of bounds) {
      const golden = copy(...files);
      golden.manifest.tolerances["text_encoder.prompt_embeds"] = bound;
      expect(failures(await runParity(golden.write(), quiet))).toContain("text_encoder.prompt_embeds");
    }
    const golden = copy(...files);
    delete golden.manifest.tolerances["text_encoder.prompt_embeds"];
    expect(failures(await runParity(golden.write(), quiet))).toContain("text_encoder.prompt_embeds");
  });

  it("fails for what it cannot check: an unknown file, an unknown or a missing tensor", async () => {
    const golden = copy("torch_cpu_rng.safetensors");
    const embeddings = await golden.read("embeddings.safetensors");
    golden.add("optical_flow.safetensors", embeddings);
    golden.add("embeddings.safetensors", new Map([...embeddings, ["mystery", embeddings.get("guidance")!]]));
    golden.manifest.files["torch_cpu_rng.safetensors"]!.tensors!["randn.seed0.then_n5"] = "float32[5]";
    expect(failures(await runParity(golden.write(), quiet)).sort()).toEqual([
      "embeddings.mystery",
      "optical_flow",
      "torch_cpu_rng.randn.seed0.then_n5",
    ]);
  });

  it("refuses a folder whose files are missing or changed, in one sentence", async () => {
    const missing = copy("scheduler.safetensors");
    rmSync(join(missing.folder, "scheduler.safetensors"));
    await expect(runParity(missing.write(), quiet)).rejects.toThrow(
      /^The manifest names scheduler\.safetensors, which is missing/u,
    );
    const changed = copy("scheduler.safetensors");
    changed.manifest.files["scheduler.safetensors"]!.sha256 = "0".repeat(64);
    await expect(runParity(changed.write(), quiet)).rejects.toThrow(/scheduler\.safetensors.*sha256 differs/u);
  });

  it("as a command: one line a case, the count at the end, and an exit code", { timeout: 120_000 }, () => {
    const good = run(copy("torch_cpu_rng.safetensors").write());
    expect(good.stdout.trimEnd().split("\n").at(-1)).toBe("14 passed, 0 failed");
    expect(good.status).toBe(0);
    const bad = copy("torch_cpu_rng.safetensors");
    bad.manifest.tolerances["torch_cpu_rng"] = { max_abs: 0 };
    const result = run(bad.write());
    expect(result.stdout).toMatch(/^FAIL {2}torch_cpu_rng\..*max abs/mu);
    expect(result.stdout.trimEnd().split("\n").at(-1)).toMatch(/^\d+ passed, [1-9]\d* failed$/u);
    expect(result.status).toBe(1);
  });
});

describe("parity folders that are none", () => {
  it("says what is wrong", async () => {
    const folder = emptyFolder();
    await expect(runParity(folder, quiet)).rejects.toThrow(
      /^There is no manifest\.json in .*: name a golden folder\.$/u,
    );
    writeFileSync(join(folder, "manifest.json"), "{");
    await expect(runParity(folder, quiet)).rejects.toThrow("is not JSON");
    writeFileSync(join(folder, "manifest.json"), "{}");
    await expect(runParity(folder, quiet)).rejects.toThrow("is of no kind that is known here");
    writeFileSync(join(folder, "manifest.json"), JSON.stringify({ variant: "07B", checkpoints: {}, files: {} }));
    await expect(runParity(folder, quiet)).rejects.toThrow(GoldenFolderError);
    await expect(runParity(folder, quiet)).rejects.toThrow(/^The manifest's settings does not follow its form/u);
  });
});
