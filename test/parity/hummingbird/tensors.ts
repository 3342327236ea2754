/** Small reshapings between the layouts of the goldens and those of our graphs. */
import type { Graph, Tensor } from "../../../native-models/onnx/graph.ts";
import type { GoldenTensor } from "../golden-folder.ts";

/** Token ids as the text tower takes them. */
export const toInt64 = (values: ArrayLike<number>): BigInt64Array =>
  BigInt64Array.from(values, (value) => BigInt(value));

/** The first `shape[i]` entries of every axis i: what the reference kept of a larger tensor. */
export function crop(data: Float32Array, full: readonly number[], shape: readonly number[]): Float32Array {
  if (full.length !== shape.length || shape.some((size, axis) => size > full[axis]!))
    throw new Error(`a tensor of [${full.join()}] where the golden has [${shape.join()}]`);
  const size = shape.reduce((a, b) => a * b, 1);
  const result = new Float32Array(size);
  for (let to = 0; to < size; to++) {
    let [from, stride, rest] = [0, 1, to];
    for (let axis = full.length - 1; axis >= 0; axis--) {
      from += (rest % shape[axis]!) * stride;
      rest = Math.floor(rest / shape[axis]!);
      stride *= full[axis]!;
    }
    result[to] = data[from]!;
  }
  return result;
}

/** Swaps the first two of the outermost `axes` sizes: [a, b, rest] → [b, a, rest]. */
export function swapOuter(data: Float32Array, a: number, b: number): Float32Array {
  const inner = data.length / (a * b);
  const result = new Float32Array(data.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      const from = (i * b + j) * inner;
      result.set(data.subarray(from, from + inner), (j * a + i) * inner);
    }
  }
  return result;
}

/** The shape of a golden with a known number of axes. */
export function shapeOf<T extends readonly number[]>(tensor: GoldenTensor, axes: T["length"], name: string): T {
  if (tensor.shape.length !== axes) throw new Error(`${name} has ${tensor.shape.length} axes, not ${axes}`);
  return tensor.shape as unknown as T;
}

/** Collects the tensors of a trace while a graph is written, and makes them outputs afterwards. */
export class TraceOutputs {
  readonly shapes = new Map<string, readonly number[]>();
  readonly #wanted: ReadonlySet<string>;
  readonly #found = new Map<string, Tensor>();

  constructor(wanted: Iterable<string>) {
    this.#wanted = new Set(wanted);
  }

  see(path: string, tensor: () => Tensor): void {
    if (this.#wanted.has(path)) this.#found.set(path, tensor());
  }

  addTo(graph: Graph): void {
    for (const [path, tensor] of this.#found) {
      this.shapes.set(path, tensor.shape);
      graph.output(traceName(path), tensor);
    }
  }
}

/** The output that carries a traced tensor. */
export const traceName = (path: string): string => `trace:${path}`;
