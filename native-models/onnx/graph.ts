import { StudioError } from "../../core/contract/errors.ts";
import type { Derivation, ParameterSpec, WeightIndex } from "../types.ts";
import { ProtoWriter } from "./protobuf.ts";

/** Element types that our graphs use, with their ONNX `TensorProto.DataType` numbers. */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type ElementType = keyof typeof elementTypes;
const bytesOf: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
};

/** A value flowing through the graph. Shapes are static: a graph is written for one size. */
export interface Tensor {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Operator {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of each output. */
  readonly bytes: readonly number[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Floating point operations, 2 per multiply-add; only for operators where they matter. */
  readonly flops: number;
}

/** A look at a weight's bytes: which part, in which shape. */
interface WeightView {
  readonly tensor: Tensor;
  readonly source: string;
  /** First element. */
  readonly first: number;
}

interface Constant {
  readonly tensor: Tensor;
  readonly data: Uint8Array;
}

const constantArrays = {
  float32: (values: readonly number[]) => Float32Array.from(values),
  int64: (values: readonly number[]) => BigInt64Array.from(values, (value) => BigInt(value)),
  int32: (values: readonly number[]) => Int32Array.from(values),
  uint8: (values: readonly number[]) => Uint8Array.from(values),
  int8: (values: readonly number[]) => Int8Array.from(values),
} as const;

/** Smallest and largest value of a convolution's input and of its output, from calibration. */
export interface ConvRange {
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
}

/** A weight that an int8 graph wants besides those of the checkpoint. */
export interface Int8Weight {
  /** Key of the int8 values; `<key>.scale` holds one float32 a channel and, for convolutions, `<key>.bias` the int32 bias. */
  readonly key: string;
  readonly source: string;
  readonly sourceShape: readonly number[];
  readonly rows: readonly [number, number];
  /** `linear`: stored [in, out] with a scale an output. `conv`: stored as it is, with a scale an output channel. */
  readonly kind: "linear" | "conv";
}

export interface GraphOptions {
  /** Official path of a convolution → its ranges. Present: layers that can are written in int8 arithmetic. */
  readonly int8?: ReadonlyMap<string, ConvRange> | undefined;
  /** The graph also reports the range of every convolution that could be int8, as the output `ranges` [convolutions, 4]. */
  readonly observe?: boolean | undefined;
}

/** Product of the dimensions. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * Writes one ONNX model. Layers are plain functions that take the graph and tensors and return tensors; `scope` mirrors the
 * dotted names of the official checkpoint, so that `parameter("weight")` inside scopes `a`, `0` asks for `a.0.weight`.
 * The same run yields the graph, the list of the weights that it needs, and the check of their shapes.
 */
export class Graph {
  readonly name: string;
  readonly #nodes: Operator[] = [];
  readonly #inputs: Tensor[] = [];
  readonly #outputs: Tensor[] = [];
  readonly #parameters = new Map<string, ParameterSpec>();
  readonly #views = new Map<string, WeightView>();
  readonly #constants = new Map<string, Constant>();
  readonly #names = new Set<string>();
  readonly #scopes: string[] = [];
  #counter = 0;

  readonly int8: ReadonlyMap<string, ConvRange> | undefined;
  readonly observe: boolean;
  /** Paths of the convolutions behind the rows of `ranges`. */
  readonly observed: string[] = [];
  readonly #ranges: Tensor[] = [];
  readonly #int8Weights = new Map<string, Int8Weight>();

  /** @param prefix the outermost scope, e.g. `first_stage_model` */
  constructor(name: string, prefix = "", options: GraphOptions = {}) {
    this.name = name;
    this.int8 = options.int8;
    this.observe = options.observe ?? false;
    if (prefix !== "") this.#scopes.push(prefix);
  }

  /** Runs `body` with `part` appended to the scope. */
  scope<T>(part: string, body: () => T): T {
    this.#scopes.push(part);
    try {
      return body();
    } finally {
      this.#scopes.pop();
    }
  }

  /** The current scope as a dotted name, for parameters and error messages. */
  get path(): string {
    return this.#scopes.join(".");
  }

  /** Throws with the place in the network where a layer does not fit. */
  fail(problem: string): never {
    throw new Error(`${this.name}: ${this.path === "" ? "top" : this.path}: ${problem}`);
  }

  input(name: string, dtype: ElementType, shape: readonly number[]): Tensor {
    const tensor = { name, dtype, shape };
    this.#names.add(name);
    this.#inputs.push(tensor);
    return tensor;
  }

  /** Names a tensor as a result of the graph. */
  output(name: string, tensor: Tensor): void {
    const [result] = this.node("Identity", [tensor], [{ dtype: tensor.dtype, shape: tensor.shape, name }]);
    this.#outputs.push(result!);
  }

  /**
   * A weight by its official name: the current scope plus `name`. The pack stores it exactly as the checkpoint has it; the graph
   * may look at the same bytes in another shape, or at a contiguous part of them, without a copy.
   * @param sourceShape shape in the checkpoint
   * @param view `shape`: another shape with as many elements; `rows`: only rows [start, end) of the first axis; `derived`: the
   * checkpoint has no such tensor, conversion computes it
   */
  parameter(
    name: string,
    sourceShape: readonly number[],
    view: { shape?: readonly number[]; rows?: readonly [number, number]; derived?: Derivation } = {},
  ): Tensor {
    const source = this.path === "" ? name : `${this.path}.${name}`;
    const known = this.#parameters.get(source);
    if (known && known.sourceShape.join() !== sourceShape.join())
      this.fail(`${name} is asked for as [${sourceShape.join()}] and as [${known.sourceShape.join()}]`);
    const derived = view.derived && { derived: view.derived };
    this.#parameters.set(source, { key: source, source, sourceShape, shape: sourceShape, layout: "same", ...derived });
    const [start, end] = view.rows ?? [0, sourceShape[0] ?? 1];
    const part = view.rows ? [end - start, ...sourceShape.slice(1)] : sourceShape;
    if (start < 0 || end > (sourceShape[0] ?? 1) || start >= end)
      this.fail(`${name} [${sourceShape.join()}] has no rows ${start} to ${end}`);
    const shape = view.shape ?? part;
    if (sizeOf(shape) !== sizeOf(part)) this.fail(`${name}: [${part.join()}] cannot be seen as [${shape.join()}]`);
    const label = `${source}${view.rows ? `[${start}:${end}]` : ""}${view.shape ? `(${shape.join()})` : ""}`;
    const tensor: Tensor = { name: label, dtype: "float32", shape };
    this.#views.set(label, { tensor, source, first: start * sizeOf(sourceShape.slice(1)) });
    return tensor;
  }

  /**
   * The int8 form of the weight `weight` of the current scope: values and a scale for each output, and for convolutions the bias.
   * @param view `rows`: the outputs wanted, [start, end); `shape`: another shape of a convolution's kernel
   */
  int8Weight(
    kind: Int8Weight["kind"],
    sourceShape: readonly number[],
    view: { rows?: readonly [number, number] | undefined; shape?: readonly number[] } = {},
  ): { values: Tensor; scale: Tensor; bias: Tensor } {
    const source = `${this.path}.weight`;
    const rows = view.rows ?? [0, sourceShape[0]!];
    const whole = rows[0] === 0 && rows[1] === sourceShape[0];
    const key = `${source}${whole ? "" : `[${rows.join(":")}]`}.int8`;
    this.#int8Weights.set(key, { key, source, sourceShape, rows, kind });
    const out = rows[1] - rows[0];
    const shape = kind === "linear" ? [sourceShape[1]!, out] : (view.shape ?? [out, ...sourceShape.slice(1)]);
    const part = (suffix: string, dtype: ElementType, size: readonly number[]): Tensor => {
      const name = `${key}${suffix}`;
      this.#parameters.set(name, { key: name, source, sourceShape, shape: size, layout: "same" });
      const tensor = { name, dtype, shape: size };
      this.#views.set(name, { tensor, source: name, first: 0 });
      return tensor;
    };
    const values = part("", "int8", shape);
    const scale = part(".scale", "float32", [out]);
    return { values, scale, bias: kind === "conv" ? part(".bias", "int32", [out]) : scale };
  }

  /** What `int8Weight` was asked for. */
  get int8Weights(): Int8Weight[] {
    return [...this.#int8Weights.values()];
  }

  /** Remembers the range, a tensor of 4 values, of the convolution at the current path. */
  addRange(range: Tensor): void {
    this.observed.push(this.path);
    this.#ranges.push(range);
  }

  /** Gathers the ranges into the output `ranges`. */
  outputRanges(): void {
    if (this.#ranges.length === 0) return;
    const shape = [this.#ranges.length * 4];
    const [all] = this.node("Concat", this.#ranges, [{ dtype: "float32", shape }], { axis: 0 });
    this.output("ranges", all!);
  }

  /** A small constant inside the graph; equal constants are stored once. */
  constant(dtype: keyof typeof constantArrays, shape: readonly number[], values: readonly number[]): Tensor {
    if (values.length !== sizeOf(shape)) this.fail(`a constant of [${shape.join()}] needs ${sizeOf(shape)} values`);
    const key = `${dtype}[${shape.join()}]=${values.join()}`;
    const known = this.#constants.get(key);
    if (known) return known.tensor;
    const typed = constantArrays[dtype](values);
    const tensor = { name: `const.${this.#constants.size}`, dtype, shape };
    this.#constants.set(key, { tensor, data: new Uint8Array(typed.buffer) });
    return tensor;
  }

  /** Appends an operator. `undefined` inputs are ONNX's omitted optional inputs. */
  node(
    op: string,
    inputs: readonly (Tensor | undefined)[],
    outputs: readonly { dtype: ElementType; shape: readonly number[]; name?: string }[],
    attributes: Readonly<Record<string, Attribute>> = {},
    extra: { domain?: string; flops?: number } = {},
  ): Tensor[] {
    const base = `${this.path}/${op}.${this.#counter++}`;
    const results = outputs.map((output, index) => {
      const name = output.name ?? (outputs.length === 1 ? base : `${base}:${index}`);
      if (this.#names.has(name)) this.fail(`the name ${name} is taken`);
      this.#names.add(name);
      if (output.shape.some((size) => !Number.isInteger(size) || size < 0))
        this.fail(`${op} would have the shape [${output.shape.join()}]`);
      return { name, dtype: output.dtype, shape: output.shape };
    });
    this.#nodes.push({
      op,
      domain: extra.domain ?? "",
      name: base,
      // Omitted ones at the end are left away: onnxruntime's blocked layout takes no convolution whose bias is an empty name.
      inputs: inputs
        .slice(0, inputs.findLastIndex((input) => input !== undefined) + 1)
        .map((input) => input?.name ?? ""),
      outputs: results.map((result) => result.name),
      bytes: results.map(({ dtype, shape }) => bytesOf[dtype] * sizeOf(shape)),
      attributes,
      flops: extra.flops ?? 0,
    });
    return results;
  }

  /** In the order in which they were written, which is one in which they can run. */
  get operators(): readonly Operator[] {
    return this.#nodes;
  }

  get parameters(): ParameterSpec[] {
    return [...this.#parameters.values()];
  }

  /** Floating point operations of one run, 2 per multiply-add: convolutions, matrix products and attention. */
  get flops(): number {
    return this.#nodes.reduce((sum, node) => sum + node.flops, 0);
  }

  /** Bytes of the weights that this graph reads. */
  weightBytes(index: WeightIndex): number {
    return this.parameters.reduce((sum, { key }) => sum + (index[key]?.bytes ?? 0), 0);
  }

  get inputs(): readonly Tensor[] {
    return this.#inputs;
  }

  get outputs(): readonly Tensor[] {
    return this.#outputs;
  }

  /**
   * The ONNX file's bytes (IR 10, opset 21 and com.microsoft 1). Weights stay outside, in `location`: a path relative to the model
   * file, inside its folder. Field numbers are those of onnx.proto.
   * Errors: MODEL_DAMAGED when the index lacks a weight or holds it in another shape.
   */
  encode(index: WeightIndex, location: string): Uint8Array {
    const model = new ProtoWriter();
    model.int(1, 10).string(2, "plume-studio");
    model.message(7, (graph) => {
      for (const node of this.#nodes) graph.message(1, (inner) => writeNode(inner, node));
      graph.string(2, this.name);
      for (const { tensor, data } of this.#constants.values()) {
        graph.message(5, (inner) => {
          writeHead(inner, tensor);
          inner.bytes(9, data);
        });
      }
      for (const view of this.#views.values()) {
        const { dtype, offset, bytes, file } = this.#located(view, index);
        graph.message(5, (inner) => {
          writeHead(inner, { name: view.tensor.name, dtype, shape: view.tensor.shape });
          for (const [key, value] of Object.entries({
            location: file ?? location,
            offset: String(offset),
            length: String(bytes),
          }))
            inner.message(13, (pair) => pair.string(1, key).string(2, value));
          inner.int(14, 1);
        });
      }
      for (const tensor of this.#inputs) graph.message(11, (inner) => writeValueInfo(inner, tensor));
      for (const tensor of this.#outputs) graph.message(12, (inner) => writeValueInfo(inner, tensor));
    });
    model.message(8, (opset) => opset.string(1, "").int(2, 21));
    model.message(8, (opset) => opset.string(1, "com.microsoft").int(2, 1));
    return model.finish();
  }

  /** Where a view's bytes lie in the weights file. */
  #located(
    view: WeightView,
    index: WeightIndex,
  ): { dtype: ElementType; offset: number; bytes: number; file: string | undefined } {
    const entry = index[view.source];
    const spec = this.#parameters.get(view.source)!;
    if (!entry) throw new StudioError("MODEL_DAMAGED", `The model lacks the weight ${view.source}: install it again.`);
    const elements = sizeOf(spec.shape);
    const width = bytesOf[entry.dtype];
    if (entry.shape.join() !== spec.shape.join() || entry.bytes !== elements * width)
      throw new StudioError(
        "MODEL_DAMAGED",
        `The weight ${view.source} does not fit the model: install it again.`,
        `stored as ${entry.dtype} [${entry.shape.join()}] in ${entry.bytes} bytes, wanted [${spec.shape.join()}]`,
      );
    return {
      file: entry.file,
      dtype: entry.dtype,
      offset: entry.offset + view.first * width,
      bytes: sizeOf(view.tensor.shape) * width,
    };
  }
}

function writeHead(out: ProtoWriter, tensor: Tensor): void {
  for (const size of tensor.shape) out.int(1, size);
  out.int(2, elementTypes[tensor.dtype]).string(8, tensor.name);
}

function writeValueInfo(out: ProtoWriter, tensor: Tensor): void {
  out.string(1, tensor.name).message(2, (type) =>
    type.message(1, (inner) => {
      inner.int(1, elementTypes[tensor.dtype]);
      inner.message(2, (shape) => {
        for (const size of tensor.shape) shape.message(1, (dimension) => dimension.int(1, size));
      });
    }),
  );
}

function writeNode(out: ProtoWriter, node: Operator): void {
  for (const input of node.inputs) out.string(1, input);
  for (const output of node.outputs) out.string(2, output);
  out.string(3, node.name).string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) {
    out.message(5, (attribute) => {
      attribute.string(1, name);
      if (typeof value === "number") attribute.int(3, value).int(20, 2);
      else if (typeof value === "string") attribute.string(4, value).int(20, 3);
      else if ("float" in value) attribute.float(2, value.float).int(20, 1);
      else {
        for (const item of value) attribute.int(8, item);
        attribute.int(20, 7);
      }
    });
  }
  if (node.domain !== "") out.string(7, node.domain);
}
