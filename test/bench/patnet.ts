/**
 * PATNet against FasterNet of the same size, both written with the same builder, and with `--torch PYTHON` against PyTorch's eager mode,
 * all side by side: latency of one picture, pictures a second in batches of 32, memory; and PATNet's own int8 form. Marks (a plain exported
 * graph of the reference, on another machine): PATNet-T2 takes 0.65 of FasterNet-T2 and 0.61 of PyTorch eager, each with folded norms.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { classifierGraph } from "../../native-models/patnet/classifier.ts";
import type { PatnetConfig } from "../../native-models/patnet/config.ts";
import type { Session } from "../../native-models/onnx/session.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import { cpuSeconds, describeMachine, type Machine } from "./machine.ts";
import { benchEyesInt8, type EyesInt8 } from "./patnet-eyes.ts";
import {
  batchInput,
  benchConfig,
  benchInt8,
  benchWeights,
  type Family,
  openBench,
  type SizeName,
  sizes,
} from "./patnet-model.ts";
import { TorchEager, type TorchForm, type TorchMemory } from "./patnet-torch.ts";

const BATCH = 32;
/** Fewer where a round takes long. */
const usualRounds: Readonly<Record<SizeName, number>> = { T0: 20, T1: 20, T2: 20, S: 10, M: 5, L: 4 };
const aims = { ofFasterNetT2: 0.65, ofTorchT2: 0.55, int8OfFloat: 0.5, sameFamily: 0.99 };

export interface Speed {
  /** CPU milliseconds of one picture on one thread: the median of the rounds. */
  readonly cpuMs: number;
  /** The same by the clock, which other programs disturb. */
  readonly wallMs: number;
  /** Pictures a CPU second in batches of 32. */
  readonly picturesPerCpuSecond: number;
  readonly gflop: number;
  readonly parameters: number;
  /** Resident memory that opening it and looking at one picture added, MB. */
  readonly residentMb: number;
}

/** With the ratio of ours to it, the median over the rounds. */
export type TorchSpeed = Pick<Speed, "cpuMs" | "wallMs" | "picturesPerCpuSecond"> & { readonly ofIt: number };

export interface SizeResult {
  readonly size: SizeName;
  readonly patnet: Speed;
  readonly patnetInt8: Omit<Speed, "gflop" | "parameters">;
  readonly fasternet: Speed;
  /** PATNet in PyTorch's eager mode, where a Python with torch was named. */
  readonly torch: (Readonly<Record<TorchRun, TorchSpeed>> & { readonly version: string }) | null;
  /** Medians of the ratios of each round, by CPU time. */
  readonly ofFasterNet: number;
  readonly int8OfFloat: number;
  /** ‖int8 - float32‖ / ‖float32‖ of the logits of pictures that calibration did not see. */
  readonly int8Error: number;
}

export interface PatnetResult {
  readonly machine: Machine;
  readonly sizes: readonly SizeResult[];
  readonly aims: typeof aims;
  /** The eyes that ship, with `--frames`. */
  readonly eyes: EyesInt8 | null;
}

/** What the network has once its norms are folded: the int8 form's extra row a block is none of it. */
const parametersOf = (config: PatnetConfig): number =>
  classifierGraph(config, { batch: 1, height: 64, width: 64 }).parameters.reduce(
    (sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1),
    0,
  );

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function timed(session: Session, picture: Float32Array): Promise<{ cpu: number; wall: number }> {
  const [cpu, wall] = [cpuSeconds(), performance.now()];
  await session.run({ picture });
  return { cpu: (cpuSeconds() - cpu) * 1000, wall: performance.now() - wall };
}

const memorySchema = z.object({
  peakMb: z.number(),
  privateMb: z.number().nullable(),
  mappedMb: z.number().nullable(),
});
const reportSchema = z.object({ before: memorySchema, after: memorySchema });

/** Memory of a model in a process of its own. */
async function memoryOf(work: string, family: Family, size: SizeName, precision: "float32" | "int8" = "float32") {
  const child = fileURLToPath(new URL("patnet-memory.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [child, work, family, size, precision]);
  const { before, after } = reportSchema.parse(JSON.parse(stdout));
  const resident = ({ privateMb, mappedMb, peakMb }: typeof before) =>
    privateMb === null || mappedMb === null ? peakMb : privateMb + mappedMb;
  return { residentMb: resident(after) - resident(before) };
}

async function relativeError(exact: Session, quick: Session): Promise<number> {
  let [difference, size] = [0, 0];
  for (const seed of [101, 102, 103]) {
    const picture = batchInput(1, seed);
    const [a, b] = [(await exact.run({ picture })).logits!, (await quick.run({ picture })).logits!];
    for (let i = 0; i < a.length; i++) {
      difference += (a[i]! - b[i]!) ** 2;
      size += a[i]! ** 2;
    }
  }
  return Math.sqrt(difference / size);
}

/** The models of one size in turn, round after round, so that whatever else the machine does meets all of them. */
async function benchSize(work: string, size: SizeName, rounds: number, python: string | null): Promise<SizeResult> {
  const config = { patnet: benchConfig("patnet", size), fasternet: benchConfig("fasternet", size) };
  const weights = {
    patnet: await benchWeights(work, "patnet", size),
    fasternet: await benchWeights(work, "fasternet", size),
  };
  const int8 = await benchInt8(config.patnet, weights.patnet);
  const open = async (batch: number) =>
    [
      await openBench(config.patnet, weights.patnet, { batch, threads: 1 }),
      await openBench(config.patnet, weights.patnet, { batch, threads: 1, int8 }),
      await openBench(config.fasternet, weights.fasternet, { batch, threads: 1 }),
    ] as const;
  const single = await open(1);
  const torch = python === null ? null : await openTorch(python, size);
  const int8Error = await relativeError(single[0], single[1]);
  const picture = batchInput(1);
  for (const session of single) await session.run({ picture });
  for (const run of torch?.runs ?? []) await run(1);
  const times: { cpu: number; wall: number }[][] = [[], [], [], [], [], []];
  for (let round = 0; round < rounds; round++) {
    for (const [i, session] of single.entries()) times[i]!.push(await timed(session, picture));
    for (const [i, run] of (torch?.runs ?? []).entries()) times[TORCH + i]!.push(await run(1));
  }
  const flops = single.map((session) => session.graph.flops / 1e9);
  for (const session of single) await session.close();

  const many: number[] = [];
  for (const session of await open(BATCH)) {
    const pictures = batchInput(BATCH);
    await session.run({ picture: pictures });
    many.push(BATCH / ((await timed(session, pictures)).cpu / 1000));
    await session.close();
  }
  if (torch) {
    for (const run of torch.runs) {
      await run(BATCH);
      many.push(BATCH / ((await run(BATCH)).cpu / 1000));
    }
    await torch.close();
  }
  const speed = (i: number) => ({
    cpuMs: median(times[i]!.map(({ cpu }) => cpu)),
    wallMs: median(times[i]!.map(({ wall }) => wall)),
    picturesPerCpuSecond: many[i]!,
  });
  const ratio = (a: number, b: number) => median(times[a]!.map(({ cpu }, round) => cpu / times[b]![round]!.cpu));
  const full = async (i: number, family: Family): Promise<Speed> => ({
    ...speed(i),
    gflop: flops[i]!,
    parameters: parametersOf(config[family]),
    ...(await memoryOf(work, family, size)),
  });
  return {
    size,
    patnet: await full(0, "patnet"),
    patnetInt8: { ...speed(1), ...(await memoryOf(work, "patnet", size, "int8")) },
    fasternet: await full(2, "fasternet"),
    torch: torch && {
      version: torch.version,
      published: { ...speed(TORCH), ofIt: ratio(0, TORCH) },
      folded: { ...speed(TORCH + 1), ofIt: ratio(0, TORCH + 1) },
      tuned: { ...speed(TORCH + 2), ofIt: ratio(0, TORCH + 2) },
    },
    ofFasterNet: ratio(0, 2),
    int8OfFloat: ratio(1, 0),
    int8Error,
  };
}

/** Place of PyTorch's first run among the models of a size. */
const TORCH = 3;
const torchRuns = {
  /** The published modules, as PyTorch comes. */
  published: { form: "published", memory: "its own" },
  /** With all folded that we fold. */
  folded: { form: "folded", memory: "its own" },
  /** The same with what our engine tells the C library about memory. */
  tuned: { form: "folded", memory: "ours" },
} as const satisfies Record<string, { form: TorchForm; memory: TorchMemory }>;
type TorchRun = keyof typeof torchRuns;

/** PyTorch in its processes. */
async function openTorch(python: string, size: SizeName) {
  const own = await TorchEager.start(python, size, "its own");
  const tuned = await TorchEager.start(python, size, "ours");
  return {
    version: own.version,
    /** In the order of `torchRuns`. */
    runs: Object.values(torchRuns).map(({ form, memory }) => {
      const torch = memory === "ours" ? tuned : own;
      return (batch: number) => torch.run(form, batch);
    }),
    async close() {
      await own.close();
      await tuned.close();
    },
  };
}

const ms = (value: number) => `${value.toFixed(1)} ms`.padStart(9);
const rate = (value: number) => `${value.toFixed(0)}/s`.padStart(6);

const millions = (count: number) => `${(count / 1e6).toFixed(1)} M`;

function lines({ size, patnet, patnetInt8, fasternet, torch, ...ratios }: SizeResult): string[] {
  const { ofFasterNet, int8OfFloat, int8Error } = ratios;
  const row = (name: string, speed: Omit<SizeResult["patnetInt8"], "residentMb"> & { readonly residentMb?: number }) =>
    `  ${name.padEnd(20)}${ms(speed.cpuMs)}   batch ${BATCH} ${rate(speed.picturesPerCpuSecond)}` +
    (speed.residentMb === undefined ? "" : `   memory ${speed.residentMb.toFixed(0).padStart(4)} MB`);
  return [
    `${size.padEnd(3)} ${millions(patnet.parameters)} and ${millions(fasternet.parameters)} parameters, ` +
      `${patnet.gflop.toFixed(2)} and ${fasternet.gflop.toFixed(2)} GFLOP`,
    row("PATNet", patnet),
    row("PATNet int8", patnetInt8),
    row("FasterNet", fasternet),
    ...(torch
      ? [
          row("PyTorch eager", torch.published),
          row("  norms folded", torch.folded),
          row("  our memory too", torch.tuned),
        ]
      : []),
    `  PATNet is ${ofFasterNet.toFixed(3)} of FasterNet; ` +
      (torch
        ? `${torch.published.ofIt.toFixed(3)} of PyTorch ${torch.version} eager, ${torch.folded.ofIt.toFixed(3)} of it folded, ${torch.tuned.ofIt.toFixed(3)} with our memory settings too; `
        : "") +
      `int8 is ${int8OfFloat.toFixed(3)} of float32 (logits off by ${(int8Error * 100).toFixed(1)} %)`,
  ];
}

/**
 * Options: `--only T0,T2` (`none`: no size), `--rounds n`, `--torch PYTHON` (one that has torch), `--frames FOLDER` of pictures on which the
 * eyes that ship are tried in int8.
 */
export async function benchPatnet({ say, args }: BenchContext): Promise<PatnetResult> {
  const only = args.includes("--only") ? (args[args.indexOf("--only") + 1] ?? "").split(",") : sizes;
  const chosen = sizes.filter((size) => only.includes(size));
  if (chosen.length === 0 && only[0] !== "none") throw new Error(`Name sizes after --only: ${sizes.join(", ")}.`);
  const asked = numberAfter(args, "--rounds");
  const wordAfter = (option: string) => (args.includes(option) ? (args[args.indexOf(option) + 1] ?? "") : null);
  const python = wordAfter("--torch");
  const work = await mkdtemp(join(tmpdir(), "plume-bench-patnet-"));
  try {
    const machine = describeMachine();
    say(
      `${machine.cpu}, 1 thread, CPU time; the machine's load was ${machine.load.toFixed(1)} on ${machine.logicalCores} cores`,
    );
    const results: SizeResult[] = [];
    for (const size of chosen) {
      results.push(await benchSize(work, size, asked ?? usualRounds[size], python));
      for (const line of lines(results.at(-1)!)) say(line);
      await rm(join(work, `patnet-${size}`), { recursive: true, force: true });
      await rm(join(work, `fasternet-${size}`), { recursive: true, force: true });
    }
    if (python === null) say("PyTorch eager is left out: name a Python that has torch with --torch PYTHON.");
    say(
      `aims: PATNet-T2 at ≤ ${aims.ofFasterNetT2} of FasterNet-T2 and ≤ ${aims.ofTorchT2} of PyTorch eager, ` +
        `int8 at ≤ ${aims.int8OfFloat} of float32`,
    );
    const frames = wordAfter("--frames");
    const eyes = frames === null ? null : await benchEyesInt8(work, frames);
    if (eyes !== null)
      say(
        `the eyes that ship: in int8 the same surest family in ${(100 * eyes.sameFamily).toFixed(1)} % of ${eyes.pictures} pictures ` +
          `(aim: ≥ ${100 * aims.sameFamily} %), colour in ${(100 * eyes.sameColour).toFixed(1)} %, of all tags (several are as sure) ` +
          `in ${(100 * eyes.sameTag).toFixed(1)} %, at ${eyes.ofFloat.toFixed(2)} of float32's time`,
      );
    return { machine, sizes: results, aims, eyes };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
