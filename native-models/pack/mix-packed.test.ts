/** Styles on a model in smaller weights: mixed without converting it again, to the very sum of what it holds and what they change. */
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TorchRandom } from "../diffusion/torch-random.ts";
import { unetPrefix } from "../hummingbird/checkpoint-names.ts";
import { hummingbirdParameters } from "../hummingbird/parameters.ts";
import { openTextToVideo } from "../index.ts";
import { StoredWeights } from "../onnx/stored-weights.ts";
import { installCheckpoint } from "./install.ts";
import { manifestOf } from "./manifest.ts";
import { STYLE_FILE } from "./mix.ts";
import { compareProbes, type Probe } from "./probe.ts";
import { type Pack, readPack, verifyPack } from "./read-pack.ts";
import { repack } from "./repack.ts";

const starter = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));
const RANK = 2;
const STRENGTHS = [0.75, -0.5] as const;

let folder = "";
let whole: Pack;
let styled = "";
/** What the model converted with both styles makes. */
let wanted: Probe;
let loras: { file: string; scale: number }[] = [];

/** A style for every attention of the U-Net, its factors drawn. */
async function style(name: string, seed: number, specs: ReturnType<typeof hummingbirdParameters>): Promise<string> {
  const random = new TorchRandom(seed);
  const shapes = new Map(
    specs
      .filter(({ source, use }) => source.startsWith(unetPrefix) && use === "matrix" && /to_[qkv]|to_out/u.test(source))
      .map(({ source, sourceShape }) => [source.slice(unetPrefix.length, -".weight".length), sourceShape]),
  );
  const header: Record<string, object> = {};
  const values: Float32Array[] = [];
  let offset = 0;
  const put = (tensor: string, shape: readonly number[]): void => {
    const numbers = random.randn(shape[0]! * shape[1]!).map((value) => value / 3);
    header[tensor] = { dtype: "F32", shape, data_offsets: [offset, offset + numbers.byteLength] };
    offset += numbers.byteLength;
    values.push(numbers);
  };
  for (const [layer, [rows = 1, columns = 1]] of shapes) {
    put(`base_model.model.${layer}.lora_B.weight`, [rows, RANK]);
    put(`base_model.model.${layer}.lora_A.weight`, [RANK, columns]);
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = join(folder, `${name}.safetensors`);
  await writeFile(file, Buffer.concat([length, text, ...values.map(({ buffer }) => Buffer.from(buffer))]));
  return file;
}

const stored = ({ folder: at, weightsFile, index }: Pack) =>
  new StoredWeights({ folder: at, file: weightsFile, index });

/** A short, small clip. */
async function clip(pack: string): Promise<Probe> {
  const pipeline = await openTextToVideo(pack, { threads: 2, precision: "fp32" });
  const pictures: Uint8Array[] = [];
  const { defaults } = pipeline.summary;
  const size = { width: 64, height: 64, frames: 2, steps: 2 };
  await pipeline.generate(
    { ...defaults, ...size, model: "x", prompt: "blue waves", negativePrompt: "", seed: 1 },
    {
      signal: new AbortController().signal,
      progress: () => {},
      preview: () => {},
      frame: (_, rgb) => void pictures.push(rgb.slice()),
    },
  );
  await pipeline.close();
  return { kind: "pictures", ...size, pictures };
}

/** What smaller weights cost is measured elsewhere (repack.test.ts). */
const probe = () => Promise.resolve<Probe>({ kind: "values", rows: [Float32Array.of(1)] });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-mix-packed-"));
  await installCheckpoint({ file: starter, destination: join(folder, "whole") });
  whole = await readPack(join(folder, "whole"));
  const specs = hummingbirdParameters(manifestOf("hummingbird", whole.manifest).config);
  const files = [await style("ink", 1, specs), await style("grain", 2, specs)];
  loras = files.map((file, i) => ({ file, scale: STRENGTHS[i]! }));
  styled = join(folder, "styled");
  await installCheckpoint({ file: starter, destination: styled, lora: loras });
  wanted = await clip(styled);
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(["fp16", "int8", "4bit"] as const)("two styles mixed with a model in %s", (format) => {
  it("change what they change by their strengths, share the rest, and show in the clip", {
    timeout: 300_000,
  }, async () => {
    const run = await mkdtemp(join(folder, `${format}-`));
    const specs = hummingbirdParameters(manifestOf("hummingbird", whole.manifest).config);
    const [base, mixed] = [join(run, "base"), join(run, "mixed")];
    await mkdir(base);
    await repack(base, { base: whole, specs, format, threads: 1, probe, onProgress: () => {} });
    await installCheckpoint({ file: base, destination: mixed, lora: loras });
    await verifyPack(mixed);

    const packs = [whole, await readPack(styled), await readPack(base), await readPack(mixed)] as const;
    const [plain, merged, small, result] = packs.map(stored) as [
      StoredWeights,
      StoredWeights,
      StoredWeights,
      StoredWeights,
    ];
    let changed = 0;
    for (const { key } of specs) {
      const [before, after] = [await plain.read(key), await merged.read(key)];
      const [held, got] = [await small.read(key), await result.read(key)];
      const isChanged = after.some((value, i) => value !== before[i]);
      expect(packs[3].index[key]!.file === STYLE_FILE, key).toBe(isChanged);
      if (!isChanged) {
        expect(packs[3].index[key]).toEqual(packs[2].index[key]);
        continue;
      }
      changed++;
      // To half precision, in which it is kept.
      const largest = held.reduce((most, value, i) => Math.max(most, Math.abs(value + after[i]! - before[i]!)), 0);
      const off = got.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - held[i]! - after[i]! + before[i]!)),
        0,
      );
      expect(off, key).toBeLessThanOrEqual(largest * 2 ** -10);
    }
    expect(changed).toBeGreaterThan(30);
    for (const each of [plain, merged, small, result]) await each.close();
    const own = await stat(join(mixed, STYLE_FILE));
    expect(own.size).toBeLessThan((await stat(join(mixed, packs[3].weightsFile))).size);

    const [made, unstyled] = [await clip(mixed), await clip(base)];
    const likeness = compareProbes(wanted, made).likeness;
    expect(likeness).toBeGreaterThan(0.85);
    expect(likeness).toBeGreaterThan(compareProbes(wanted, unstyled).likeness + 0.05);
  });
});
