/** What this machine can do at this moment: every speed in a benchmark is told beside it, because other work comes and goes. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { Graph } from "../../native-models/onnx/graph.ts";
import * as op from "../../native-models/onnx/ops.ts";
import { Session } from "../../native-models/onnx/session.ts";

export interface Machine {
  readonly cpu: string;
  readonly logicalCores: number;
  readonly memoryGb: number;
  /** Processes that wanted to run, 1-minute mean, when the benchmark began: above the number of cores the machine was busy. */
  readonly load: number;
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? "unknown",
  logicalCores: availableParallelism(),
  memoryGb: totalmem() / 2 ** 30,
  load: loadavg()[0] ?? 0,
});

/** CPU seconds of this process so far, all threads. Other programs hardly change them, while they may double the wall clock. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export interface Rate {
  /** 10⁹ floating point operations per second of wall clock. */
  readonly perSecond: number;
  /** The same per second of CPU time of one thread. */
  readonly perCpuSecond: number;
}

/** Runs `work` and says how fast its floating point operations went. */
export async function measure(
  flops: number,
  work: () => Promise<unknown>,
): Promise<Rate & { readonly seconds: number }> {
  const cpu = cpuSeconds();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  return { seconds, perSecond: flops / seconds / 1e9, perCpuSecond: flops / (cpuSeconds() - cpu) / 1e9 };
}

/** Side of the square matrices whose product is the yardstick: 28 MB each, larger than the caches' share of a thread. */
const SIDE = 1536;

/** The machine's float32 matrix-multiply speed, by the same library with as many threads as the model gets. */
export class Yardstick {
  readonly #session: Session;
  readonly #folder: string;
  readonly #inputs: { a: Float32Array; b: Float32Array };

  private constructor(session: Session, folder: string) {
    this.#session = session;
    this.#folder = folder;
    const numbers = Float32Array.from({ length: SIDE * SIDE }, (_, i) => ((i * 7919) % 1000) / 1000 - 0.5);
    this.#inputs = { a: numbers, b: numbers.slice() };
  }

  static async open(threads: number): Promise<Yardstick> {
    const g = new Graph("yardstick");
    const a = g.input("a", "float32", [SIDE, SIDE]);
    g.output("c", op.matmul(g, a, g.input("b", "float32", [SIDE, SIDE])));
    const folder = await mkdtemp(join(tmpdir(), "plume-yardstick-"));
    return new Yardstick(await Session.open(g, { folder, file: "none", index: {} }, "yardstick", { threads }), folder);
  }

  /** Products for about `milliseconds`, the fastest and the mean of them. */
  async measure(milliseconds = 500): Promise<{ readonly best: Rate; readonly mean: Rate }> {
    const runs: (Rate & { seconds: number })[] = [];
    const end = performance.now() + milliseconds;
    do runs.push(await measure(2 * SIDE ** 3, () => this.#session.run(this.#inputs)));
    while (performance.now() < end);
    const mean = (pick: (rate: Rate) => number) => runs.length / runs.reduce((sum, rate) => sum + 1 / pick(rate), 0);
    return {
      best: {
        perSecond: Math.max(...runs.map((run) => run.perSecond)),
        perCpuSecond: Math.max(...runs.map((run) => run.perCpuSecond)),
      },
      mean: { perSecond: mean((rate) => rate.perSecond), perCpuSecond: mean((rate) => rate.perCpuSecond) },
    };
  }

  async close(): Promise<void> {
    await this.#session.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export interface Memory {
  /** Resident set at its highest, MB (10⁶ bytes, like all here). */
  readonly peakMb: number;
  /** Resident now: private memory, and pages mapped from files, which the system may drop at any time. null where it does not tell. */
  readonly privateMb: number | null;
  readonly mappedMb: number | null;
}

export function memory(): Memory {
  const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const field = (name: string) => (Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]) * 1024) / 1e6;
    return { peakMb, privateMb: field("RssAnon"), mappedMb: field("RssFile") };
  } catch {
    return { peakMb, privateMb: null, mappedMb: null };
  }
}
