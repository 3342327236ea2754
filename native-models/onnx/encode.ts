/** Writes an ONNX file (IR 10, opset 21 and com.microsoft 1). Field numbers are those of onnx.proto. */
import { StudioError } from "../../core/contract/errors.ts";
import type { ParameterSpec, WeightEntry, WeightIndex } from "../types.ts";
import { type ElementType, elementTypes, type Operator, sizeOf, type Tensor } from "./operator.ts";
import { ProtoWriter } from "./protobuf.ts";
import { BLOCK, bytesFor, scalesFor } from "./weight-formats.ts";

/** A look at a weight's bytes: which rows of its first axis, in which shape. */
export interface WeightView {
  readonly tensor: Tensor;
  readonly source: string;
  readonly row: number;
  readonly rows: number;
}

export interface Constant {
  readonly tensor: Tensor;
  readonly data: Uint8Array;
}

export interface ModelParts {
  readonly name: string;
  readonly operators: readonly Operator[];
  readonly constants: readonly Constant[];
  readonly views: readonly WeightView[];
  readonly specs: ReadonlyMap<string, ParameterSpec>;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly index: WeightIndex;
  /** File of the weights, relative to the model file. */
  readonly location: string;
}

/** Bytes of a weight in an opened graph: half precision is unfolded to float32, int8 and 4 bits stay what they are. */
export function memoryBytes(entry: WeightEntry | undefined): number {
  if (entry === undefined) return 0;
  if (entry.dtype === "float16") return 2 * entry.bytes;
  const [rows = 1, ...rest] = entry.shape;
  return entry.bytes + (entry.scales === undefined ? 0 : 4 * scalesFor(entry.dtype, rows, sizeOf(rest)));
}

/** Errors: MODEL_DAMAGED when the index lacks a weight or holds it in another shape. */
export function encodeModel(parts: ModelParts): Uint8Array {
  const { weights, operators } = unpacking(parts);
  const model = new ProtoWriter();
  model.int(1, 10).string(2, "plume-studio");
  model.message(7, (graph) => {
    for (const node of operators) graph.message(1, (inner) => writeNode(inner, node));
    graph.string(2, parts.name);
    for (const { tensor, data } of parts.constants) {
      graph.message(5, (inner) => {
        writeHead(inner, tensor);
        inner.bytes(9, data);
      });
    }
    for (const { tensor, file, offset, bytes } of weights) {
      graph.message(5, (inner) => {
        writeHead(inner, tensor);
        const place = { location: file ?? parts.location, offset: String(offset), length: String(bytes) };
        for (const [key, value] of Object.entries(place))
          inner.message(13, (pair) => pair.string(1, key).string(2, value));
        inner.int(14, 1);
      });
    }
    for (const tensor of parts.inputs) graph.message(11, (inner) => writeValueInfo(inner, tensor));
    for (const tensor of parts.outputs) graph.message(12, (inner) => writeValueInfo(inner, tensor));
  });
  model.message(8, (opset) => opset.string(1, "").int(2, 21));
  model.message(8, (opset) => opset.string(1, "com.microsoft").int(2, 1));
  return model.finish();
}

interface External {
  readonly tensor: Tensor;
  readonly file: string | undefined;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * The weights as they lie in their files, and the operators with what turns packed ones back. A weight in half precision is cast once,
 * while the session opens; int8 rows are multiplied by their scales in each run; 4-bit matrices are multiplied as they are.
 */
function unpacking(parts: ModelParts): { weights: External[]; operators: Operator[] } {
  const weights: External[] = [];
  const before: Operator[] = [];
  const rewrites = new Map<string, (node: Operator) => Operator[]>();
  for (const view of parts.views) {
    const entry = located(view, parts);
    const { tensor, row, rows } = view;
    const width = sizeOf(tensor.shape) / rows;
    const external = (suffix: string, dtype: ElementType, shape: readonly number[], offset: number, bytes: number) => {
      const part = { name: `${tensor.name}${suffix}`, dtype, shape };
      weights.push({ tensor: part, file: entry.file, offset, bytes });
      return part;
    };
    const offset = entry.offset + bytesFor(entry.dtype, row * width);
    const bytes = bytesFor(entry.dtype, rows * width);
    const scales = (shape: readonly number[]) => {
      const first = entry.scales! + 4 * scalesFor(entry.dtype, row, width);
      return external(".scales", "float32", shape, first, 4 * scalesFor(entry.dtype, rows, width));
    };
    if (entry.dtype === "uint4") {
      const blocks = width / BLOCK;
      const values = external(".blocks", "uint8", [rows, blocks, BLOCK / 2], offset, bytes);
      const scale = scales([rows * blocks]);
      rewrites.set(tensor.name, (node) => [blockProduct(node, values, scale, width)]);
    } else if (entry.scales !== undefined) {
      const values = external(".bytes", "int8", tensor.shape, offset, bytes);
      before.push(operator("DequantizeLinear", [values, scales([rows])], tensor, { axis: 0 }));
    } else if (entry.dtype === "float16" && tensor.dtype === "float32") {
      const half = external(".half", "float16", tensor.shape, offset, bytes);
      rewrites.set(tensor.name, (node) => lookUp(node, half));
      before.push(operator("Cast", [half], tensor, { to: elementTypes.float32 }));
    } else external("", entry.dtype, tensor.shape, offset, bytes);
  }
  const operators = parts.operators.flatMap((node) => {
    const rewrite = node.inputs.map((name) => rewrites.get(name)).find((found) => found !== undefined);
    return rewrite?.(node) ?? [node];
  });
  const read = new Set(operators.flatMap(({ inputs }) => inputs));
  const needed = before.filter(({ outputs }) => read.has(outputs[0]!));
  return { weights, operators: [...needed, ...operators] };
}

function operator(op: string, inputs: readonly Tensor[], output: Tensor, attributes: Operator["attributes"]): Operator {
  return {
    op,
    domain: "",
    name: `${output.name}/${op}`,
    inputs: inputs.map(({ name }) => name),
    outputs: [output.name],
    bytes: [4 * sizeOf(output.shape)],
    attributes,
    flops: 0,
  };
}

/** A Gemm with a weight in blocks. Its numbers stay in 4 bits; sums are taken in float32. */
function blockProduct(node: Operator, values: Tensor, scales: Tensor, width: number): Operator {
  if (node.op !== "Gemm") throw new Error(`${values.name} is kept in 4 bits, and ${node.op} takes none.`);
  const [x = "", , bias = ""] = node.inputs;
  const inputs = [x, values.name, scales.name, ...(bias === "" ? [] : ["", "", bias])];
  const attributes = { K: width, N: values.shape[0]!, bits: 4, block_size: BLOCK };
  return { ...node, op: "MatMulNBits", domain: "com.microsoft", inputs, attributes };
}

/** Of a table in half precision only the rows that are asked for are cast. Other operators are left as they are. */
function lookUp(node: Operator, table: Tensor): Operator[] {
  if (node.op !== "Gather") return [node];
  const [result = ""] = node.outputs;
  const half = `${result}.half`;
  return [
    { ...node, inputs: [table.name, node.inputs[1]!], outputs: [half] },
    { ...node, op: "Cast", name: `${node.name}/Cast`, inputs: [half], attributes: { to: elementTypes.float32 } },
  ];
}

/** The weight's entry, checked. */
function located({ source }: WeightView, { specs, index }: ModelParts): WeightEntry {
  const entry = index[source];
  const spec = specs.get(source)!;
  if (!entry) throw new StudioError("MODEL_DAMAGED", `The model lacks the weight ${source}: install it again.`);
  if (entry.shape.join() !== spec.shape.join() || entry.bytes !== bytesFor(entry.dtype, sizeOf(spec.shape)))
    throw new StudioError(
      "MODEL_DAMAGED",
      `The weight ${source} does not fit the model: install it again.`,
      `stored as ${entry.dtype} [${entry.shape.join()}] in ${entry.bytes} bytes, wanted [${spec.shape.join()}]`,
    );
  return entry;
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
