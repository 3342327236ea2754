/** KeyVID on the reference's goldens; and on copies with a defect, because a check that cannot fail proves nothing. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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
    ? fileURLToPath(new URL("../../../shared/goldens/keyvid", import.meta.url))
    : join(process.env.PLUME_GOLDENS, "keyvid");
const found = existsSync(join(goldens, "manifest.json"));
const note = found ? "" : " (SKIPPED: no reference goldens; set PLUME_GOLDENS to their folder)";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const manifestSchema = z.looseObject({
  files: z.array(z.looseObject({ file: z.string(), config: z.record(z.string(), z.unknown()).optional() })),
});
type Entry = z.infer<typeof manifestSchema>["files"][number];

/** A value of a safetensors file that is to be off. */
interface Defect {
  readonly file: string;
  readonly tensor: string;
  readonly by: number;
}

/** A folder with the checkpoints and some more of the reference's files, one of them spoilt, whose entries `change` may edit. */
async function copy(
  files: readonly string[],
  defect?: Defect,
  change: (entry: Entry) => void = () => {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "plume-goldens-"));
  folders.push(folder);
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(goldens, "manifest.json"), "utf8")));
  const kept = manifest.files.filter(({ file }) => files.includes(file) || file.startsWith("ckpt/"));
  for (const entry of kept) {
    const path = join(folder, entry.file);
    mkdirSync(dirname(path), { recursive: true });
    if (entry.file === defect?.file) {
      const source = await openSafetensors(join(goldens, entry.file));
      const tensors = await rawTensors(source);
      await source.close();
      nudge(tensors, defect.tensor, defect.by);
      writeSafetensors(path, tensors);
      entry["sha256"] = createHash("sha256").update(readFileSync(path)).digest("hex");
    } else symlinkSync(join(goldens, entry.file), path);
    change(entry);
  }
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...manifest, files: kept }));
  return folder;
}

const failures = async (folder: string) =>
  (await runParity(folder, () => {})).outcomes.filter(({ passed }) => !passed).map(({ name }) => name);

describe.skipIf(!found)(`KeyVID's parity with the reference${note}`, () => {
  it("passes every case of the reference's folder", { timeout: 600_000 }, async () => {
    const lines: string[] = [];
    const report = await runParity(goldens, (line) => lines.push(line));
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([]);
    expect(report.passed).toBeGreaterThanOrEqual(352);
  });

  it.each([
    ["clip/text.safetensors", "embedding", 1e-4],
    ["resampler/forward.safetensors", "selected", 1e-3],
    ["vae/forward.safetensors", "logvar", 1e-3],
    ["unet_keyframe/forward.safetensors", "output", 2e-4],
    ["unet_keyframe/forward.safetensors", "probe.middle_block", 1e-3],
    ["unet_interp/forward.safetensors", "output", 2e-4],
  ])("notices one changed value: %s %s by %d", { timeout: 240_000 }, async (file, tensor, by) => {
    const folder = await copy([file], { file, tensor, by });
    expect(await failures(folder)).toEqual([`${file.replace(".safetensors", "")}.${tensor}`]);
  });

  it("notices changed inputs by what follows from them", { timeout: 240_000 }, async () => {
    const file = "unet_keyframe/forward.safetensors";
    const sound = await failures(await copy([file], { file, tensor: "c_audio", by: 0.5 }));
    expect(sound).toContain("unet_keyframe/forward.output");
    const input = await failures(await copy([file], { file, tensor: "c_concat", by: 0.1 }));
    // The change is in the first frame, the probes are of the sixth: only attention over time brings it there.
    expect(input).not.toContain("unet_keyframe/forward.probe.input_blocks.0");
    expect(input).toContain("unet_keyframe/forward.output");
  });

  it("notices a wrong network: other heads in the text tower", { timeout: 240_000 }, async () => {
    const folder = await copy(["clip/text.safetensors"], undefined, ({ config }) => {
      if (config) config["txt_heads"] = 4;
    });
    expect(await failures(folder)).toEqual(["clip/text.embedding"]);
  });

  it("fails where a tolerance is missing, and for files that no check knows", { timeout: 240_000 }, async () => {
    const folder = await copy(["clip/text.safetensors", "vae/forward.safetensors"], undefined, (entry) => {
      if (entry.file.startsWith("vae/")) delete entry["tolerance"];
      if (entry.file.startsWith("clip/")) entry.file = "clip/flow.safetensors";
    });
    symlinkSync(join(goldens, "clip/text.safetensors"), join(folder, "clip/flow.safetensors"));
    expect(await failures(folder)).toEqual(["clip/flow", "vae/forward"]);
  });
});
