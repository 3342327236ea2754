import { StudioError } from "../../core/contract/errors.ts";
import type { ParameterSpec, WeightIndex } from "../types.ts";
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

interface Node {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
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

/** Product of the dimensions. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * Writes one ONNX model. Layers are plain functions that take the graph and tensors and return tensors; `scope` mirrors the
 * dotted names of the official checkpoint, so that `parameter("weight")` inside scopes `a`, `0` asks for `a.0.weight`.
 * The same run yields the graph, the list of the weights that it needs, and the check of their shapes.
 */
export class Graph {
  readonly name: string;
  readonly #nodes: Node[] = [];
  readonly #inputs: Tensor[] = [];
  readonly #outputs: Tensor[] = [];
  readonly #parameters = new Map<string, ParameterSpec>();
  readonly #views = new Map<string, WeightView>();
  readonly #constants = new Map<string, Constant>();
  readonly #names = new Set<string>();
  readonly #scopes: string[] = [];
  #counter = 0;

  /** @param prefix the outermost scope, e.g. `first_stage_model` */
  constructor(name: string, prefix = "") {
    this.name = name;
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
   * @param view `shape`: another shape with as many elements; `rows`: only rows [start, end) of the first axis
   */
  parameter(
    name: string,
    sourceShape: readonly number[],
    view: { shape?: readonly number[]; rows?: readonly [number, number] } = {},
  ): Tensor {
    const source = this.path === "" ? name : `${this.path}.${name}`;
    const known = this.#parameters.get(source);
    if (known && known.sourceShape.join() !== sourceShape.join())
      this.fail(`${name} is asked for as [${sourceShape.join()}] and as [${known.sourceShape.join()}]`);
    this.#parameters.set(source, { key: source, source, sourceShape, shape: sourceShape, layout: "same" });
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

  /** A small constant inside the graph; equal constants are stored once. */
  constant(dtype: "float32" | "int64", shape: readonly number[], values: readonly number[]): Tensor {
    if (values.length !== sizeOf(shape)) this.fail(`a constant of [${shape.join()}] needs ${sizeOf(shape)} values`);
    const key = `${dtype}[${shape.join()}]=${values.join()}`;
    const known = this.#constants.get(key);
    if (known) return known.tensor;
    const typed =
      dtype === "float32" ? Float32Array.from(values) : BigInt64Array.from(values, (value) => BigInt(value));
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
      inputs: inputs.map((input) => input?.name ?? ""),
      outputs: results.map((result) => result.name),
      attributes,
      flops: extra.flops ?? 0,
    });
    return results;
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
        const { dtype, offset, bytes } = this.#located(view, index);
        graph.message(5, (inner) => {
          writeHead(inner, { name: view.tensor.name, dtype, shape: view.tensor.shape });
          for (const [key, value] of Object.entries({ location, offset: String(offset), length: String(bytes) }))
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
  #located(view: WeightView, index: WeightIndex): { dtype: ElementType; offset: number; bytes: number } {
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

function writeNode(out: ProtoWriter, node: Node): void {
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
