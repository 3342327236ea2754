import type { Derivation, ParameterSpec, WeightIndex } from "../types.ts";
import { type Constant, encodeModel, memoryBytes, type WeightView } from "./encode.ts";
import { type Attribute, bytesOf, type ElementType, type Operator, sizeOf, type Tensor } from "./operator.ts";

export { type Attribute, type ElementType, type Operator, sizeOf, type Tensor } from "./operator.ts";

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
  /** By name: inputs and results. */
  readonly #tensors = new Map<string, Tensor>();
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
    this.#tensors.set(name, tensor);
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
    this.#views.set(label, { tensor, source, row: start, rows: end - start });
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
      this.#views.set(name, { tensor, source: name, row: 0, rows: size[0] ?? 1 });
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
      if (this.#tensors.has(name)) this.fail(`the name ${name} is taken`);
      if (output.shape.some((size) => !Number.isInteger(size) || size < 0))
        this.fail(`${op} would have the shape [${output.shape.join()}]`);
      const tensor = { name, dtype: output.dtype, shape: output.shape };
      this.#tensors.set(name, tensor);
      return tensor;
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
    const uses = this.#uses();
    return [...this.#parameters.values()].map((spec) => {
      const use = uses.get(spec.source);
      return use && spec.key === spec.source ? { ...spec, use } : spec;
    });
  }

  /** What weights are used for, where that is one of the things by which their storage is decided. */
  #uses(): Map<string, NonNullable<ParameterSpec["use"]>> {
    const uses = new Map<string, NonNullable<ParameterSpec["use"]>>();
    for (const { op, inputs } of this.#nodes) {
      const [first = "", second = ""] = inputs;
      const view = this.#views.get(op === "Gather" ? first : second);
      const use = op === "Gemm" ? "matrix" : op === "Conv" ? "kernel" : op === "Gather" ? "table" : undefined;
      if (view && use) uses.set(view.source, use);
    }
    return uses;
  }

  /** Floating point operations of one run, 2 per multiply-add: convolutions, matrix products and attention. */
  get flops(): number {
    return this.#nodes.reduce((sum, node) => sum + node.flops, 0);
  }

  /** Bytes of the weights that this graph reads, as they lie in memory while it is open. */
  weightBytes(index: WeightIndex): number {
    return [...this.#parameters.keys()].reduce((sum, key) => sum + memoryBytes(index[key]), 0);
  }

  /** Element type of an input or of an operator's result. */
  dtypeOf(name: string): ElementType | undefined {
    return this.#tensors.get(name)?.dtype;
  }

  /** Bytes of the weights that each operator reads, as they lie in memory while it is open. */
  operatorBytes(index: WeightIndex): number[] {
    return this.#nodes.map(({ inputs }) =>
      inputs.reduce((sum, name) => {
        const view = this.#views.get(name);
        if (view === undefined) return sum;
        const [all = 1] = this.#parameters.get(view.source)!.shape;
        return sum + (memoryBytes(index[view.source]) * view.rows) / all;
      }, 0),
    );
  }

  /**
   * The operators from one position up to another as a graph of their own: what they read of earlier ones becomes an input, what later
   * ones or the caller read of them an output, each under its own name.
   */
  slice(from: number, to: number): Graph {
    const part = new Graph(`${this.name}-${from}`, "", { int8: this.int8, observe: this.observe });
    const nodes = this.#nodes.slice(from, to);
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    const made = new Set(nodes.flatMap(({ outputs }) => outputs));
    const wanted = new Set([
      ...this.#nodes.slice(to).flatMap(({ inputs }) => inputs),
      ...this.#outputs.map(({ name }) => name),
    ]);
    part.#nodes.push(...nodes);
    for (const [name, tensor] of this.#tensors) {
      if (made.has(name)) part.#tensors.set(name, tensor);
      else if (read.has(name)) part.input(name, tensor.dtype, tensor.shape);
      if (made.has(name) && wanted.has(name)) part.#outputs.push(tensor);
    }
    for (const [label, view] of this.#views) {
      if (!read.has(label)) continue;
      part.#views.set(label, view);
      part.#parameters.set(view.source, this.#parameters.get(view.source)!);
    }
    for (const [key, constant] of this.#constants)
      if (read.has(constant.tensor.name)) part.#constants.set(key, constant);
    return part;
  }

  get inputs(): readonly Tensor[] {
    return this.#inputs;
  }

  get outputs(): readonly Tensor[] {
    return this.#outputs;
  }

  /**
   * The ONNX file's bytes. Weights stay outside, in `location`: a path relative to the model file, inside its folder.
   * Errors: MODEL_DAMAGED when the index lacks a weight or holds it in another shape.
   */
  encode(index: WeightIndex, location: string): Uint8Array {
    return encodeModel({
      name: this.name,
      operators: this.#nodes,
      constants: [...this.#constants.values()],
      views: [...this.#views.values()],
      specs: this.#parameters,
      inputs: this.#inputs,
      outputs: this.#outputs,
      index,
      location,
    });
  }
}
