/**
 * Whether the planner's memory formula holds: clips of several sizes and models, each in a process of its own whose peak is read from
 * the system, beside what the planner says; and how long they took beside what it would have said before any clip was made.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { memoryOf, secondsOf, sortSeconds } from "../../core/planner/index.ts";
import { engineEnvironment } from "../../main/inference/environment.ts";
import { packCosts } from "../../main/inference/index.ts";
import { textToVideoCosts } from "../../native-models/costs.ts";
import { hummingbirdParameters } from "../../native-models/hummingbird/parameters.ts";
import { officialConfig } from "../../native-models/hummingbird/official-config.testkit.ts";
import { probeDevice } from "../../native-models/onnx/device-probe.ts";
import { installCheckpoint } from "../../native-models/pack/index.ts";
import type { BenchContext } from "./context.ts";
import type { ChildTask } from "./planner-child.ts";
import { randomWeights } from "./random-weights.ts";

const child = fileURLToPath(new URL("./planner-child.ts", import.meta.url));
const assets = fileURLToPath(new URL("../../assets/models", import.meta.url));

const words = (width: number, height: number, frames: number, steps: number, precision: "fp32" | "int8" = "fp32") =>
  ({ kind: "generate", width, height, frames, steps, guidance: 3, precision }) as const;
const motion = (width: number, height: number) =>
  ({
    kind: "animate",
    width,
    height,
    segments: 1,
    preset: "draft",
    steps: 3,
    guidance: { text: 7.5, image: 2, audio: 7.5, interpolationAudio: 9 },
  }) as const;

/** A quarter of the 0.7B model's width. */
const middleConfig = { ...officialConfig, modelChannels: 128 };

export interface PlannerRow {
  readonly clip: string;
  readonly plannedMb: number;
  readonly measuredMb: number;
  readonly ratio: number;
  readonly plannedSeconds: number | null;
  readonly measuredSeconds: number;
  readonly weightsMb: number;
  readonly activationsMb: number;
}

export async function benchPlanner({ say, args, threads }: BenchContext): Promise<{ rows: PlannerRow[] }> {
  const folder = await mkdtemp(join(tmpdir(), "plume-bench-planner-"));
  try {
    const starter = join(folder, "starter");
    const animator = join(folder, "animator");
    await installCheckpoint({ file: join(assets, "starter.ckpt"), destination: starter });
    await installCheckpoint({ file: join(assets, "keyvid"), destination: animator });
    const { flopsPerSecond: peak } = await probeDevice("cpu", threads);
    say(`matrix multiply: ${(peak / 1e9).toFixed(0)} GFLOP/s with ${threads} threads`);
    const rows: PlannerRow[] = [];
    const row = async (clip: string, task: ChildTask): Promise<void> => {
      const costs = task.random
        ? textToVideoCosts(task.random.config, task.random.weights.index, task.wish as ReturnType<typeof words>)
        : await packCosts(task.pack!, "", task.wish);
      const { bytes, seconds } = await run(folder, task);
      const worst = costs.memory.toSorted((a, b) => b.weights + b.activations - a.weights - a.activations)[0]!;
      const planned = secondsOf({ costs, model: "m", engine: "x/1/cpu", size: "", peak }, []);
      const { phases } = sortSeconds(seconds);
      const made: PlannerRow = {
        clip,
        plannedMb: memoryOf(costs) / 1e6,
        measuredMb: bytes / 1e6,
        ratio: memoryOf(costs) / bytes,
        plannedSeconds: planned?.seconds ?? null,
        measuredSeconds: phases.text + phases.denoise + phases.decode,
        weightsMb: worst.weights / 1e6,
        activationsMb: worst.activations / 1e6,
      };
      rows.push(made);
      say(
        `${clip.padEnd(34)} ${made.plannedMb.toFixed(0).padStart(6)} MB planned, ${made.measuredMb.toFixed(0).padStart(6)} measured, ratio ${made.ratio.toFixed(2)} (weights ${made.weightsMb.toFixed(0)}, tensors ${made.activationsMb.toFixed(0)}); ${made.plannedSeconds?.toFixed(1)} s planned, ${made.measuredSeconds.toFixed(1)} s taken`,
      );
    };
    for (const [w, h, t] of [
      [64, 64, 4],
      [128, 128, 16],
      [256, 192, 16],
      [256, 256, 26],
      [512, 320, 16],
    ] as const)
      await row(`starter ${w}×${h}, ${t} frames`, { pack: starter, wish: words(w, h, t, 2) });
    await row("starter 128×128, 16 frames, int8", { pack: starter, wish: words(128, 128, 16, 2, "int8") });
    for (const weights of ["fp16", "int8", "4bit"] as const) {
      const pack = join(folder, `starter-${weights}`);
      await installCheckpoint({ file: join(assets, "starter.ckpt"), destination: pack, weights });
      await row(`starter 128×128, 16 frames, ${weights} pack`, { pack, wish: words(128, 128, 16, 2) });
    }
    for (const side of [64, 128, 192])
      await row(`animator ${side}×${side}`, { pack: animator, wish: motion(side, side) });
    const random = async (
      name: string,
      config: typeof officialConfig,
      sizes: readonly (readonly [number, number, number])[],
    ) => {
      const weights = await randomWeights(folder, name, hummingbirdParameters(config));
      for (const [w, h, t] of sizes)
        await row(`${name} ${w}×${h}, ${t} frames`, { random: { config, weights }, wish: words(w, h, t, 1) });
    };
    await random("random, 128 channels", middleConfig, [
      [128, 128, 8],
      [256, 192, 16],
    ]);
    if (args.includes("--full"))
      await random("random, true 0.7B", officialConfig, [
        [128, 128, 4],
        [256, 192, 8],
      ]);
    return { rows };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(folder: string, task: ChildTask): Promise<{ bytes: number; seconds: Record<string, number> }> {
  const file = join(folder, "task.json");
  await writeFile(file, JSON.stringify(task));
  const { stdout } = await promisify(execFile)(process.execPath, [child, file], {
    env: { ...process.env, ...engineEnvironment },
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as { bytes: number; seconds: Record<string, number> };
}
