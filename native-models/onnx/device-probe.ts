/** Tries one way of onnxruntime to compute, with a model of one matrix product. Whoever calls this must be ready to die of it. */
import * as ort from "onnxruntime-node";
import { Graph } from "./graph.ts";
import * as op from "./ops.ts";

export interface ProbeResult {
  /** Floating point operations a second. */
  readonly flopsPerSecond: number;
  readonly onnxruntime: string;
}

/** What onnxruntime was built with here; `bundled`: its libraries are part of the installation. */
export function listDevices(): { readonly id: string; readonly bundled: boolean }[] {
  return ort.listSupportedBackends().map(({ name, bundled }) => ({ id: name, bundled }));
}

/** Side of the matrices: their product takes a laptop's processor a tenth of a second, and is too large for its caches. */
const SIDE = 1024;
/** A slow device is known after its second run: the first one compiles. */
const [RUNS, ENOUGH_MS] = [4, 3000];

/** Errors: onnxruntime's own, and one for a wrong result. @param provider as onnxruntime names it */
export async function probeDevice(provider: string, threads: number): Promise<ProbeResult> {
  const g = new Graph("probe");
  const a = g.input("a", "float32", [SIDE, SIDE]);
  g.output("c", op.matmul(g, a, g.input("b", "float32", [SIDE, SIDE])));
  const session = await ort.InferenceSession.create(g.encode({}, "none"), {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const values = Float32Array.from({ length: SIDE * SIDE }, (_, i) => ((i * 7919) % 1000) / 1000 - 0.5);
  const feed = new ort.Tensor("float32", values, [SIDE, SIDE]);
  let best = Number.POSITIVE_INFINITY;
  const began = performance.now();
  for (let run = 0; run < RUNS && (run < 2 || performance.now() - began < ENOUGH_MS); run++) {
    const started = performance.now();
    const { c } = await session.run({ a: feed, b: feed });
    best = Math.min(best, performance.now() - started);
    if (!isRight(c?.data, values)) throw new Error("it computes wrong results");
  }
  await session.release();
  return {
    flopsPerSecond: (2 * SIDE ** 3 * 1000) / best,
    onnxruntime: ort.env.versions.node ?? ort.env.versions.common,
  };
}

/** A few places of the product, computed again; half precision inside a device is still right. */
function isRight(data: unknown, values: Float32Array): boolean {
  if (!(data instanceof Float32Array) || data.length !== SIDE * SIDE) return false;
  return [
    [0, 0],
    [1, SIDE - 1],
    [SIDE - 1, 511],
  ].every(([row, column]) => {
    let sum = 0;
    for (let i = 0; i < SIDE; i++) sum += values[row! * SIDE + i]! * values[i * SIDE + column!]!;
    return Math.abs(sum - data[row! * SIDE + column!]!) < 0.5;
  });
}
