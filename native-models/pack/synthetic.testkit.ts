/** Test help: checkpoints of a chosen shape, written without holding them in memory. */
import { open } from "node:fs/promises";
import type { HummingbirdConfig } from "../hummingbird/config.ts";
import { hummingbirdParameters } from "../hummingbird/parameters.ts";
import { officialConfig } from "../hummingbird/official-config.testkit.ts";

/** Wide enough for a file of some 500 MB: the official vocabulary and text width (its largest tensor, 202 MB), a U-Net of 96 base channels. */
export const largeConfig: HummingbirdConfig = {
  ...officialConfig,
  modelChannels: 96,
  numHeadChannels: 32,
  vae: { ...officialConfig.vae, ch: 64, numResBlocks: 1 },
  text: { ...officialConfig.text, layers: 2 },
};

/**
 * A float32 safetensors file with every weight that a model of this configuration needs.
 * @returns the file's size in bytes.
 */
export async function writeSparseCheckpoint(path: string, config: HummingbirdConfig): Promise<number> {
  return writeSparseTensors(path, checkpointShapes(config));
}

/** Names and shapes of a checkpoint's tensors. */
export function checkpointShapes(config: HummingbirdConfig): Map<string, readonly number[]> {
  const shapes = new Map(hummingbirdParameters(config).map((spec) => [spec.source, spec.sourceShape]));
  // The graphs leave the last text block out, but its presence tells how many there are.
  shapes.set(`cond_stage_model.model.transformer.resblocks.${config.text.layers - 1}.ln_1.weight`, [config.text.width]);
  return shapes;
}

/**
 * A float32 safetensors file. The numbers are zeros and take no room on file systems with sparse files, except the first of each
 * tensor, which is its position in the file plus one, or what `first` says.
 * @returns the file's size in bytes.
 */
export async function writeSparseTensors(
  path: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  first: (name: string, position: number) => number = (_, position) => position + 1,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const texts = Object.entries(metadata).map(([key, value]) => [key, JSON.stringify(value)]);
  const header: Record<string, unknown> = texts.length > 0 ? { __metadata__: Object.fromEntries(texts) } : {};
  let offset = 0;
  for (const [name, shape] of shapes) {
    const bytes = 4 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const handle = await open(path, "w");
  try {
    await handle.write(Buffer.concat([length, text]));
    const start = 8 + text.length;
    await handle.truncate(start + offset);
    let position = start;
    for (const [ordinal, [name, shape]] of [...shapes].entries()) {
      await handle.write(Buffer.from(Float32Array.of(first(name, ordinal)).buffer), 0, 4, position);
      position += 4 * shape.reduce((product, size) => product * size, 1);
    }
    return start + offset;
  } finally {
    await handle.close();
  }
}
