/**
 * How fast a checkpoint becomes a model pack, and in how much memory: a file of random weights is installed in a process of its own and
 * compared with a plain copy of the same file to the same disk. Installing reads the file once, checks every number, hashes both files
 * and writes the other, all of it synced to disk. In smaller weights it also runs the model twice, to measure what they cost.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { WeightFormat } from "../../core/contract/index.ts";
import { engineEnvironment } from "../../main/inference/environment.ts";
import { largeConfig, writeSparseCheckpoint } from "../../native-models/pack/synthetic.testkit.ts";
import type { HummingbirdConfig } from "../../native-models/hummingbird/config.ts";
import { officialConfig as official07B } from "../../native-models/hummingbird/official-config.testkit.ts";
import { fillRandomly, type OfficialModel, writeRandomCheckpoint } from "./random-checkpoint.ts";

export interface InstallResult {
  readonly checkpointMegabytes: number;
  readonly copySeconds: number;
  readonly installSeconds: number;
  readonly megabytesPerSecond: number;
  /** Speed of installing over the speed of a plain, synced copy; the promise is at least 0.5. */
  readonly speedOfACopy: number;
  readonly peakRssMegabytes: number;
  readonly smaller: readonly SmallerResult[];
}

/** An installation from the checkpoint in smaller weights. */
interface SmallerResult {
  readonly asked: WeightFormat;
  /** What held up. */
  readonly kept: WeightFormat;
  readonly likeness: number | null;
  readonly megabytes: number;
  readonly seconds: number;
  /** All resident pages of the process, and those among them that no file backs (Linux; else 0). */
  readonly peakRssMegabytes: number;
  readonly peakOwnMegabytes: number;
}

const CHUNK = 8 * 2 ** 20;
const child = fileURLToPath(new URL("../../native-models/pack/install-child.testkit.ts", import.meta.url));
const childSchema = z.object({
  peakRss: z.number(),
  seconds: z.number(),
  weights: z.object({
    format: z.enum(["fp32", "fp16", "int8", "4bit"]),
    measured: z.object({ likeness: z.number() }).nullable(),
  }),
});

/** Installs in a process of its own, in an engine's environment. */
async function installApart(file: string, destination: string, format: WeightFormat) {
  const engine = spawn(process.execPath, [child, file, destination, format], {
    env: { ...process.env, ...engineEnvironment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let own = 0;
  const watch = setInterval(() => (own = Math.max(own, ownBytes(engine.pid))), 50);
  try {
    return { ...childSchema.parse(JSON.parse(await text(engine.stdout))), peakOwn: own };
  } finally {
    clearInterval(watch);
  }
}

/** Resident pages of a process that no file backs; 0 where the system does not tell. */
function ownBytes(pid: number | undefined): number {
  try {
    return 1024 * Number(/^RssAnon:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
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

export interface InstallBenchOptions {
  /** Size of the checkpoint, about; it is there twice at most (itself, and its copy or the model). Absent: some 600 MB. */
  readonly gigabytes?: number | undefined;
  /** Instead: a checkpoint of an official size. */
  readonly model?: OfficialModel | undefined;
  /** Smaller weights to install it in too; takes half as much disk again. */
  readonly formats?: readonly WeightFormat[] | undefined;
}

export async function benchInstall(
  say: (line: string) => void,
  { gigabytes, model, formats = [] }: InstallBenchOptions = {},
): Promise<InstallResult> {
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-install-"));
  try {
    const { path, files } = await checkpoint(join(folder, "checkpoint"), gigabytes, model);
    let [bytes, copy] = [0, 0];
    for (const file of files) {
      bytes += (await stat(file)).size;
      copy += await copySeconds(file, join(folder, "copy"));
      await rm(join(folder, "copy"));
    }
    say(`checkpoint ${(bytes / 1e6).toFixed(0)} MB, float32`);
    say(`plain copy, synced: ${copy.toFixed(1)} s`);
    const { peakRss, seconds } = await installApart(path, join(folder, "pack"), "fp32");
    await rm(join(folder, "pack"), { recursive: true });
    const result = {
      checkpointMegabytes: bytes / 1e6,
      copySeconds: copy,
      installSeconds: seconds,
      megabytesPerSecond: bytes / 1e6 / seconds,
      speedOfACopy: copy / seconds,
      peakRssMegabytes: peakRss / 1e6,
    };
    say(
      `installing: ${seconds.toFixed(1)} s, ${result.megabytesPerSecond.toFixed(0)} MB/s, ${result.speedOfACopy.toFixed(2)} of a copy's speed (promise: at least 0.5)`,
    );
    say(`peak memory: ${result.peakRssMegabytes.toFixed(0)} MB (promise: under 1500 MB for a checkpoint of any size)`);
    const smaller: SmallerResult[] = [];
    for (const format of formats) smaller.push(await installSmaller(say, path, join(folder, format), format));
    return { ...result, smaller };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkpoint(
  folder: string,
  gigabytes: number | undefined,
  model: OfficialModel | undefined,
): ReturnType<typeof writeRandomCheckpoint> {
  await mkdir(folder);
  if (model !== undefined) return await writeRandomCheckpoint(folder, model);
  const path = join(folder, "checkpoint.safetensors");
  await writeSparseCheckpoint(path, gigabytes === undefined ? largeConfig : configOf(gigabytes));
  await fillRandomly(path);
  return { path, files: [path] };
}

async function installSmaller(
  say: (line: string) => void,
  path: string,
  destination: string,
  format: WeightFormat,
): Promise<SmallerResult> {
  const { peakRss, peakOwn, seconds, weights } = await installApart(path, destination, format);
  const { size } = await stat(join(destination, "weights.bin"));
  await rm(destination, { recursive: true });
  const result = {
    asked: format,
    kept: weights.format,
    likeness: weights.measured?.likeness ?? null,
    megabytes: size / 1e6,
    seconds,
    peakRssMegabytes: peakRss / 1e6,
    peakOwnMegabytes: peakOwn / 1e6,
  };
  const held =
    weights.format === format ? `alike by ${weights.measured?.likeness.toFixed(4)}` : `kept ${weights.format}`;
  say(
    `in ${format}: ${result.megabytes.toFixed(0)} MB, ${held}, ${seconds.toFixed(0)} s, peak memory ${result.peakRssMegabytes.toFixed(0)} MB, ${result.peakOwnMegabytes.toFixed(0)} MB of them its own`,
  );
  return result;
}
