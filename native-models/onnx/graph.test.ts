/** The written file, read by an independent ONNX reader, and by onnxruntime where the weights lie beyond 2 GB. */
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { afterEach, describe, expect, it } from "vitest";
import { StudioError } from "../../core/contract/errors.ts";
import type { WeightIndex } from "../types.ts";
import { Graph } from "./graph.ts";
import * as op from "./ops.ts";
import { Session } from "./session.ts";

const { ModelProto, TensorProto, AttributeProto } = onnxProto.onnx;

/** One pair of a tensor's `external_data`. */
interface Entry {
  readonly key?: string | null;
  readonly value?: string | null;
}

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});
async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "plume-onnx-"));
  folders.push(folder);
  return folder;
}

/** A small network with every kind of thing that a file holds. */
function sample(): Graph {
  const g = new Graph("sample", "net");
  const x = g.input("x", "float32", [1, 2, 4, 4]);
  g.input("ids", "int64", [3]);
  g.scope("conv", () => {
    const y = op.conv2d(g, x, g.parameter("weight", [3, 2, 3, 3]), g.parameter("bias", [3]), {
      stride: 2,
      pads: [1, 0, 1, 2],
    });
    const flat = op.reshape(g, op.silu(g, y), [3, -1]);
    const rows = g.parameter("table", [6, 5], { rows: [2, 4], shape: [2, 5, 1] });
    g.output("y", flat);
    g.output("rows", op.scale(g, rows, -0.25));
  });
  return g;
}

const index: WeightIndex = {
  "net.conv.weight": { offset: 64, bytes: 216, dtype: "float32", shape: [3, 2, 3, 3] },
  "net.conv.bias": { offset: 320, bytes: 12, dtype: "float32", shape: [3] },
  // Beyond what 32 bits can count.
  "net.conv.table": { offset: 5_000_000_000, bytes: 120, dtype: "float32", shape: [6, 5] },
};

const numbers = (values: readonly unknown[] | null | undefined) => (values ?? []).map(Number);

const decode = () => ModelProto.decode(sample().encode(index, "weights.bin"));

describe("the written file", () => {
  it("states its version, operator sets and producer", () => {
    const model = decode();
    expect(Number(model.irVersion)).toBe(10);
    expect(model.producerName).toBe("plume-studio");
    const sets = model.opsetImport.map(({ domain, version }) => [domain ?? "", Number(version)]);
    expect(sets).toEqual([
      ["", 21],
      ["com.microsoft", 1],
    ]);
  });

  it("has the same nodes, wired the same", () => {
    const nodes = decode().graph?.node ?? [];
    expect(nodes.map(({ opType, domain }) => [opType, domain ?? ""])).toEqual([
      ["Conv", ""],
      ["QuickGelu", "com.microsoft"],
      ["Reshape", ""],
      ["Identity", ""],
      ["Mul", ""],
      ["Identity", ""],
    ]);
    const [conv, silu, reshape, identity] = nodes;
    expect(conv?.input).toEqual(["x", "net.conv.weight", "net.conv.bias"]);
    expect(silu?.input).toEqual(conv?.output);
    expect(reshape?.input?.[0]).toBe(silu?.output?.[0]);
    expect(identity?.input).toEqual(reshape?.output);
    expect(identity?.output).toEqual(["y"]);
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length);
    expect(conv?.name).toContain("net.conv/Conv");
  });

  it("has the same attributes, in type and value", () => {
    const [conv, silu] = decode().graph?.node ?? [];
    const { INTS, FLOAT } = AttributeProto.AttributeType;
    expect(conv?.attribute?.map(({ name, type, ints }) => [name, type, numbers(ints)])).toEqual([
      ["kernel_shape", INTS, [3, 3]],
      ["strides", INTS, [2, 2]],
      ["pads", INTS, [1, 0, 1, 2]],
    ]);
    expect(silu?.attribute?.map(({ name, type, f }) => [name, type, f])).toEqual([["alpha", FLOAT, 1]]);
    const g = new Graph("attributes");
    const x = g.input("x", "float32", [1]);
    const attributes = { negative: -1, text: "exact é", half: { float: 0.5 }, none: [], long: 2 ** 40 };
    g.node("Custom", [x, undefined, x], [{ dtype: "float32", shape: [1] }], attributes);
    const node = ModelProto.decode(g.encode({}, "w")).graph?.node?.[0];
    expect(node?.input).toEqual(["x", "", "x"]);
    const found = Object.fromEntries((node?.attribute ?? []).map((attribute) => [attribute.name, attribute]));
    expect(Number(found.negative?.i)).toBe(-1);
    expect(Number(found.long?.i)).toBe(2 ** 40);
    expect(Buffer.from(found.text?.s ?? []).toString("utf8")).toBe("exact é");
    expect(found.half?.f).toBe(0.5);
    expect([found.none?.type, numbers(found.none?.ints)]).toEqual([INTS, []]);
  });

  it("points into the weights file, and holds constants itself", () => {
    const initializers = decode().graph?.initializer ?? [];
    const found = Object.fromEntries(initializers.map((tensor) => [tensor.name, tensor]));
    const external = (name: string) => {
      const tensor = found[name];
      expect(tensor?.dataLocation).toBe(TensorProto.DataLocation.EXTERNAL);
      expect(tensor?.dataType).toBe(TensorProto.DataType.FLOAT);
      expect(tensor?.rawData).toHaveLength(0);
      const entries = (tensor?.externalData ?? []).map(({ key, value }: Entry) => [key, value]);
      return { dims: numbers(tensor?.dims), ...Object.fromEntries(entries) } as unknown;
    };
    const location = "weights.bin";
    expect(external("net.conv.weight")).toEqual({ dims: [3, 2, 3, 3], location, offset: "64", length: "216" });
    expect(external("net.conv.bias")).toEqual({ dims: [3], location, offset: "320", length: "12" });
    // Rows 2 and 3 of [6, 5]: 40 bytes after two rows of 20.
    const rows = initializers.find(({ name }) => name?.startsWith("net.conv.table"))?.name ?? "";
    expect(external(rows)).toEqual({ dims: [2, 5, 1], location, offset: "5000000040", length: "40" });
    const inside = initializers.filter(({ dataLocation }) => dataLocation !== TensorProto.DataLocation.EXTERNAL);
    const values = inside.map(({ dataType, dims, rawData }) => {
      const bytes = Uint8Array.from(rawData ?? []).buffer;
      const data =
        dataType === TensorProto.DataType.INT64 ? [...new BigInt64Array(bytes)] : [...new Float32Array(bytes)];
      return [numbers(dims), data];
    });
    expect(values).toEqual([
      [[2], [3n, 4n]],
      [[1], [-0.25]],
    ]);
  });

  it("states types and shapes of inputs and outputs", () => {
    const { graph } = decode();
    const describe = (info: NonNullable<typeof graph>["input"]) =>
      (info ?? []).map(({ name, type }) => {
        const tensor = type?.tensorType;
        return [name, tensor?.elemType, numbers(tensor?.shape?.dim?.map(({ dimValue }) => dimValue))];
      });
    const { FLOAT, INT64 } = TensorProto.DataType;
    expect(describe(graph?.input)).toEqual([
      ["x", FLOAT, [1, 2, 4, 4]],
      ["ids", INT64, [3]],
    ]);
    // Height: (4 + 2 - 3) / 2 + 1 = 2; width: (4 + 2 - 3) / 2 + 1 = 2, rounded down.
    expect(describe(graph?.output)).toEqual([
      ["y", FLOAT, [3, 4]],
      ["rows", FLOAT, [2, 5, 1]],
    ]);
  });

  it("stores equal constants once", () => {
    const g = new Graph("constants");
    const x = g.input("x", "float32", [2]);
    g.output("y", op.scale(g, op.scale(g, op.scale(g, x, 2), 2), 3));
    expect(ModelProto.decode(g.encode({}, "w")).graph?.initializer).toHaveLength(2);
    expect(() => g.constant("float32", [3], [1, 2])).toThrow("a constant of [3] needs 3 values");
  });

  it("refuses an index that does not fit, naming the weight", () => {
    const without = (change: WeightIndex) => () => sample().encode({ ...index, ...change }, "weights.bin");
    const { "net.conv.bias": _, ...rest } = index;
    expect(() => sample().encode(rest, "weights.bin")).toThrow(/net\.conv\.bias/u);
    expect(without({ "net.conv.bias": { ...index["net.conv.bias"]!, shape: [4], bytes: 16 } })).toThrow(StudioError);
    expect(without({ "net.conv.bias": { ...index["net.conv.bias"]!, bytes: 8 } })).toThrow(/net\.conv\.bias/u);
  });

  it("refuses two outputs of one name", () => {
    const g = new Graph("names");
    const x = g.input("x", "float32", [1]);
    g.output("y", x);
    expect(() => g.output("y", x)).toThrow("the name y is taken");
  });
});

describe("weights beyond 2 GB", () => {
  it("are read by onnxruntime from a file of 4.5 GB (sparse, so that it takes no room)", async () => {
    const folder = await emptyFolder();
    const handle = await open(join(folder, "weights.bin"), "wx");
    const far = 4.5 * 2 ** 30;
    await handle.truncate(far + 64);
    await handle.write(new Uint8Array(Float32Array.of(7, 8).buffer), 0, 8, 2 ** 31 + 64);
    await handle.write(new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer), 0, 24, far);
    const { blocks } = await handle.stat();
    await handle.close();
    // A file system without sparse files would really write the gigabytes.
    expect(blocks * 512).toBeLessThan(2 ** 24);

    const g = new Graph("far");
    const x = g.input("x", "float32", [1, 2]);
    const middle = op.add(g, x, g.parameter("middle", [2]));
    g.output("y", op.project(g, middle, g.parameter("end", [3, 2], { rows: [1, 3] }), undefined));
    const weights = {
      middle: { offset: 2 ** 31 + 64, bytes: 8, dtype: "float32", shape: [2] },
      end: { offset: far, bytes: 24, dtype: "float32", shape: [3, 2] },
    } as const;
    const session = await Session.open(g, { folder, file: "weights.bin", index: weights }, "far", { threads: 1 });
    const { y } = await session.run({ x: Float32Array.of(1, 1) });
    await session.close();
    // (8, 9) · (3, 4) and (8, 9) · (5, 6).
    expect([...y!]).toEqual([60, 94]);
    // The model file is gone, the weights are not.
    expect(await readdir(folder)).toEqual(["weights.bin"]);
  });
});

/** y = x · 1. */
function identity(): Graph {
  const g = new Graph("identity");
  g.output("y", op.scale(g, g.input("x", "float32", [2]), 1));
  return g;
}

describe("a session", () => {
  it("checks its inputs and says which does not fit", async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, "w"), "");
    const session = await Session.open(identity(), { folder, file: "w", index: {} }, "s", { threads: 1 });
    await expect(session.run({})).rejects.toThrow("The input x is missing.");
    await expect(session.run({ x: Float32Array.of(1) })).rejects.toThrow("The input x has 1 values, [2] needs 2.");
    await session.close();
  });

  it("reports weights that are missing or cut short as a damaged model, and leaves nothing behind", async () => {
    const folder = await emptyFolder();
    const g = new Graph("damaged");
    g.output("y", op.add(g, g.input("x", "float32", [4]), g.parameter("w", [4])));
    const shape = { offset: 0, bytes: 16, dtype: "float32", shape: [4] } as const;
    const weights = { folder, file: "weights.bin", index: { w: shape } };
    await expect(Session.open(g, weights, "s", { threads: 1 })).rejects.toMatchObject({ code: "MODEL_DAMAGED" });
    await writeFile(join(folder, "weights.bin"), new Uint8Array(8));
    await expect(Session.open(g, weights, "s", { threads: 1 })).rejects.toMatchObject({ code: "MODEL_DAMAGED" });
    expect(await readdir(folder)).toEqual(["weights.bin"]);
  });
});
