import { describe, expect, it } from "vitest";
import { StudioError } from "../../core/contract/errors.ts";
import { defaultLimits, readPickle } from "./pickle.ts";
import { GlobalName, InertRecord, PickleDict, plainValue, TensorRecord } from "./pickle-values.ts";
import { nameTensors } from "./torch-tree.ts";

/** Bytes of a pickle from numbers and latin-1 strings. */
function pickle(...parts: readonly (number | string)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === "number" ? [part] : [...Buffer.from(part, "latin1")])),
  );
}

const storage = { key: "0", type: "FloatStorage", size: 6 };
const read = (...parts: readonly (number | string)[]) => readPickle(pickle(...parts), () => storage, "test.pt");

function refusal(work: () => unknown): StudioError {
  try {
    work();
  } catch (error) {
    if (error instanceof StudioError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("pickle values", () => {
  it.each([
    ["N.", null],
    ["\x88.", true],
    ["\x89.", false],
    ["K\x07.", 7],
    ["M\x01\x02.", 513],
    ["J\xfe\xff\xff\xff.", -2],
    ["\x8a\x00.", 0],
    ["\x8a\x01\xff.", -1],
    ["\x8a\x02\xff\x00.", 255],
    ["\x8b\x01\x00\x00\x00\x80.", -128],
    ["\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.", 2n ** 64n],
    ["G\x3f\xe0\x00\x00\x00\x00\x00\x00.", 0.5],
    ["X\x02\x00\x00\x00\xc3\xa9.", "é"],
    ["\x8c\x01a.", "a"],
    ["\x8d\x01\x00\x00\x00\x00\x00\x00\x00b.", "b"],
    ["U\x01c.", "c"],
    ["(K\x01K\x02t.", [1, 2]],
    ["K\x01\x85.", [1]],
    ["K\x01K\x02\x86.", [1, 2]],
    ["K\x01K\x02K\x03\x87.", [1, 2, 3]],
    ["](K\x01K\x02e.", [1, 2]],
    ["]K\x01a.", [1]],
    [").", []],
    ["K\x01K\x022\x87.", [1, 2, 2]],
    ["K\x01K\x020.", 1],
    ["K\x01(K\x02K\x031.", 1],
  ] as const)("reads %j", (bytes, expected) => {
    expect(read(bytes)).toEqual(expected);
  });

  it("builds dicts, sets and their usual subclasses", () => {
    const dict = read("}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00bK\x02u.");
    expect(plainValue(dict)).toEqual({ a: 1, b: 2 });
    expect(plainValue(read("ccollections\nOrderedDict\n)RX\x01\x00\x00\x00aK\x01s."))).toEqual({ a: 1 });
    expect(plainValue(read("ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R."))).toEqual({});
    expect(read("\x8f(K\x01K\x02\x90.")).toEqual(new Set([1, 2]));
    expect(read("(K\x01\x91.")).toEqual(new Set([1]));
    expect(read("c__builtin__\nset\n](K\x05e\x85R.")).toEqual(new Set([5]));
    expect(read("(X\x01\x00\x00\x00aK\x01d.")).toBeInstanceOf(PickleDict);
  });

  it("keeps values that contain themselves", () => {
    const list = read("]q\x00h\x00a.") as unknown[];
    expect(list[0]).toBe(list);
  });

  it("turns every unknown class into a record with its arguments, state and items", () => {
    const record = read("cposix\nsystem\nX\x02\x00\x00\x00ls\x85R}X\x01\x00\x00\x00kK\x01sbK\x09a.") as InertRecord;
    expect(record).toBeInstanceOf(InertRecord);
    expect((record.type as GlobalName).path).toBe("posix.system");
    expect(record.args).toEqual(["ls"]);
    expect(record.attribute("k")).toBe(1);
    expect(record.items).toEqual([9]);
    const attribute = read("c__builtin__\ngetattr\nNX\x01\x00\x00\x00f\x86R.");
    expect(attribute).toBeInstanceOf(InertRecord);
    // Calling what a call returned stays a record too.
    expect(read("cos\nsystem\n)R)R.")).toBeInstanceOf(InertRecord);
  });

  const tensorArgs = "NQK\x00K\x02K\x03\x86K\x03K\x01\x86";
  it.each([
    ["torch._utils\n_rebuild_tensor\n", `(${tensorArgs}t`],
    ["torch._utils\n_rebuild_tensor_v2\n", `(${tensorArgs}\x89ccollections\nOrderedDict\n)Rt`],
    ["torch._utils\n_rebuild_tensor_v3\n", `(${tensorArgs}\x89Nctorch\nfloat32\nt`],
  ])("builds the tensor of %j", (name, args) => {
    const tensor = read(`c${name}${args}R.`) as TensorRecord;
    expect(tensor).toBeInstanceOf(TensorRecord);
    expect(tensor).toMatchObject({ storage, offset: 0, shape: [2, 3], stride: [3, 1] });
    for (const wrapper of ["_rebuild_parameter", "_rebuild_parameter_with_state"])
      expect(read(`ctorch._utils\n${wrapper}\n(c${name}${args}R\x88)}tR.`)).toMatchObject({ shape: [2, 3] });
    expect(read(`ctorch._tensor\n_rebuild_from_type_v2\n(c${name}ctorch\nTensor\n${args}}tR.`)).toMatchObject({
      shape: [2, 3],
    });
  });
});

describe("hostile pickles", () => {
  it.each([
    ["", "ends early"],
    [".", "stack is empty"],
    ["K", "ends early"],
    ["\xff.", "unknown operation"],
    ["X\xff\xff\xff\xffa.", "ends early"],
    ["\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "out of range"],
    ["\x8b\xff\xff\xff\x7f.", "too long"],
    ["h\x00.", "leads nowhere"],
    ["t.", "mark is missing"],
    ["\x85.", "stack is empty"],
    ["NNs.", "stack is empty"],
    ["N(NNu.", "holds none"],
    ["}(Nu.", "holds none"],
    ["NNa.", "holds none"],
    ["NNR.", "without arguments"],
    ["\x80\x06.", "newer pickle"],
    ["cos\nsystem", "ends early"],
    ["K\x01K\x02\x93.", "without a name"],
    ["\x82\x01.", "unknown operation"],
  ])("refuses %j: %s", (bytes, detail) => {
    const error = refusal(() => read(bytes));
    expect(error.code).toBe("CHECKPOINT_UNREADABLE");
    expect(error.detail).toContain(detail);
  });

  it.each([
    ["operations", "N".repeat(50), "too many operations", { operations: 40 }],
    ["stack", "N".repeat(50), "too deep", { stack: 40 }],
    ["marks", "(".repeat(50), "too deep", { stack: 40 }],
    ["memo", Array.from({ length: 50 }, () => "\x94").join(""), "memo", { memo: 40 }],
    ["values", "]".repeat(50), "too many values", { objects: 40 }],
    // One long list, copied again and again.
    [
      "copies",
      `](${"N".repeat(20)}eq\x00${"cbuiltins\nlist\nh\x00\x85R0".repeat(10)}`,
      "too many values",
      { objects: 100 },
    ],
  ])("bounds the %s", (_, body, detail, limit) => {
    const bytes = pickle(`${body.startsWith("\x94") ? "N" : ""}${body}N.`);
    const error = refusal(() => readPickle(bytes, () => storage, "test.pt", { ...defaultLimits, ...limit }));
    expect(error.detail).toContain(detail);
  });

  it("does not unfold a small file into a huge tree", () => {
    // Each dict holds the one before it twice: 2⁶⁰ paths.
    let body = "}q\x00";
    for (let i = 1; i <= 60; i++) {
      const [previous, own] = [String.fromCharCode(i - 1), String.fromCharCode(i)];
      body += `}q${own}(X\x01\x00\x00\x00ah${previous}X\x01\x00\x00\x00bh${previous}u`;
    }
    const root = read(`${body}.`);
    expect(refusal(() => nameTensors(root, "test.pt")).message).toContain("nested without end");
    expect(plainValue(root)).toBeTypeOf("object");
  });

  it("refuses files without a tensor, and says so", () => {
    expect(refusal(() => nameTensors(read("K\x01."), "test.pt")).message).toContain("no tensors");
  });
});
