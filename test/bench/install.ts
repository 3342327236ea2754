/**
 * How fast a checkpoint becomes a model pack, and in how much memory: a file of random weights is installed in a process of its own and
 * compared with a plain copy of the same file to the same disk. Installing reads the file once, checks every number, hashes both files
 * and writes the other, all of it synced to disk.
 */
import { execFile } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { largeConfig, writeSparseCheckpoint } from "../../native-models/pack/synthetic.testkit.ts";
import type { HummingbirdConfig } from "../../native-models/hummingbird/config.ts";
import { officialConfig as official07B } from "../../native-models/hummingbird/official-config.testkit.ts";

export interface InstallResult {
  readonly checkpointMegabytes: number;
  readonly copySeconds: number;
  readonly installSeconds: number;
  readonly megabytesPerSecond: number;
  /** Speed of installing over the speed of a plain, synced copy; the promise is at least 0.5. */
  readonly speedOfACopy: number;
  readonly peakRssMegabytes: number;
}

const CHUNK = 8 * 2 ** 20;
const child = fileURLToPath(new URL("../../native-models/pack/install-child.testkit.ts", import.meta.url));
const childSchema = z.object({ peakRss: z.number(), seconds: z.number() });

/** Replaces the zeros of a sparse checkpoint by small numbers, so that no file system can skip them. */
async function fill(path: string, bytes: number): Promise<void> {
  const block = new Float32Array(CHUNK / 4);
  for (let i = 0; i < block.length; i++) block[i] = ((Math.imul(i, 2654435761) >>> 0) / 2 ** 32 - 0.5) / 10;
  const handle = await open(path, "r+");
  try {
    const head = Buffer.alloc(8);
    await handle.read(head, 0, 8, 0);
    const start = 8 + Number(head.readBigUInt64LE());
    for (let position = start; position < bytes; position += CHUNK)
      await handle.write(new Uint8Array(block.buffer), 0, Math.min(CHUNK, bytes - position), position);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Seconds of reading a file and writing it beside itself, synced. */
async function copySeconds(from: string, to: string): Promise<number> {
  const start = performance.now();
  const source = await open(from, "r");
  const target = await open(to, "w");
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, CHUNK, null);
      if (bytesRead === 0) break;
      await target.write(buffer, 0, bytesRead);
    }
    await target.sync();
  } finally {
    await source.close();
    await target.close();
  }
  return (performance.now() - start) / 1000;
}

/** Bytes of the official 0.7B U-Net, and of the networks beside it. Its weights grow with the square of its width. */
const UNET_BYTES = 3.09e9;
const BESIDE_BYTES = 1.56e9;

/** The official layout, as wide as it takes for a file of about this size. */
function configOf(gigabytes: number): HummingbirdConfig {
  const width = official07B.modelChannels * Math.sqrt(Math.max(0.1, gigabytes * 1e9 - BESIDE_BYTES) / UNET_BYTES);
  return { ...official07B, modelChannels: Math.max(64, 64 * Math.round(width / 64)) };
}

/**
 * @param gigabytes size of the checkpoint, about; it is there twice at most (itself, and its copy or the model). Absent: some 600 MB.
 */
export async function benchInstall(
  say: (line: string) => void,
  { gigabytes }: { readonly gigabytes?: number | undefined } = {},
): Promise<InstallResult> {
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-install-"));
  try {
    const file = join(folder, "checkpoint.safetensors");
    const bytes = await writeSparseCheckpoint(file, gigabytes === undefined ? largeConfig : configOf(gigabytes));
    await fill(file, bytes);
    const copy = await copySeconds(file, join(folder, "copy"));
    await rm(join(folder, "copy"));
    const { stdout } = await promisify(execFile)(process.execPath, [child, file, join(folder, "pack")]);
    const { peakRss, seconds } = childSchema.parse(JSON.parse(stdout));
    const result: InstallResult = {
      checkpointMegabytes: bytes / 1e6,
      copySeconds: copy,
      installSeconds: seconds,
      megabytesPerSecond: bytes / 1e6 / seconds,
      speedOfACopy: copy / seconds,
      peakRssMegabytes: peakRss / 1e6,
    };
    say(`checkpoint ${result.checkpointMegabytes.toFixed(0)} MB, float32`);
    say(`plain copy, synced: ${copy.toFixed(1)} s`);
    say(
      `installing: ${seconds.toFixed(1)} s, ${result.megabytesPerSecond.toFixed(0)} MB/s, ${result.speedOfACopy.toFixed(2)} of a copy's speed (promise: at least 0.5)`,
    );
    say(`peak memory: ${result.peakRssMegabytes.toFixed(0)} MB (promise: under 1500 MB for a checkpoint of any size)`);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
