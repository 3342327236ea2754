/**
 * The few functions and classes of a pickle whose meaning is plain data: containers, PyTorch's tensor builders, names of encodings.
 * Everything else that a pickle asks to be called becomes an inert record; nothing is ever run.
 *
 * Source: torch/_utils.py and torch/_tensor.py of PyTorch 2 for the arguments of the rebuild functions.
 */
import { GlobalName, InertRecord, PickleDict, type StorageReference, TensorRecord } from "./pickle-values.ts";

function isStorage(value: unknown): value is StorageReference {
  return typeof value === "object" && value !== null && "key" in value && "size" in value && "type" in value;
}

function tensor(args: readonly unknown[], dtype?: unknown): unknown {
  const [storage, offset, shape, stride] = args;
  if (!isStorage(storage)) return undefined;
  return new TensorRecord(storage, offset, shape, stride, dtype instanceof GlobalName ? dtype.name : undefined);
}

function dictOf(pairs: unknown): PickleDict | undefined {
  const dict = new PickleDict();
  if (pairs instanceof PickleDict) for (const [key, value] of pairs.entries) dict.set(key, value);
  else if (Array.isArray(pairs))
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) return undefined;
      dict.set(pair[0], pair[1]);
    }
  else if (pairs !== undefined) return undefined;
  return dict;
}

function listOf(items: unknown): unknown[] | undefined {
  if (items === undefined) return [];
  if (Array.isArray(items)) return [...items];
  return items instanceof Set ? [...items] : undefined;
}

/** `_codecs.encode(text, "latin1")` is how protocol 2 writes bytes. */
function encoded(text: unknown, name: unknown): Uint8Array | undefined {
  if (typeof text !== "string" || (name !== "latin1" && name !== "latin-1")) return undefined;
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

type Call = (args: readonly unknown[]) => unknown;

const calls: ReadonlyMap<string, Call> = new Map<string, Call>([
  ["torch._utils._rebuild_tensor", (args) => tensor(args)],
  ["torch._utils._rebuild_tensor_v2", (args) => tensor(args)],
  // (storage, offset, size, stride, requires_grad, hooks, dtype, metadata)
  ["torch._utils._rebuild_tensor_v3", (args) => tensor(args, args[6])],
  ["torch._utils._rebuild_parameter", ([data]) => (data instanceof TensorRecord ? data : undefined)],
  ["torch._utils._rebuild_parameter_with_state", ([data]) => (data instanceof TensorRecord ? data : undefined)],
  ["torch.nn.parameter.Parameter", ([data]) => (data instanceof TensorRecord ? data : undefined)],
  ["torch.nn.parameter.Buffer", ([data]) => (data instanceof TensorRecord ? data : undefined)],
  // (function, type, args, state): a subclass of Tensor; the function is one of those above.
  [
    "torch._tensor._rebuild_from_type_v2",
    ([target, , args]) => {
      const known = target instanceof GlobalName ? calls.get(target.path) : undefined;
      return known && Array.isArray(args) && target instanceof GlobalName && !target.path.includes("from_type")
        ? known(args)
        : undefined;
    },
  ],
  ["torch.Size", ([size]) => listOf(size)],
  ["collections.OrderedDict", ([pairs]) => dictOf(pairs)],
  ["collections.defaultdict", ([, pairs]) => dictOf(pairs)],
  ["collections.Counter", ([pairs]) => dictOf(pairs)],
  ["builtins.dict", ([pairs]) => dictOf(pairs)],
  ["builtins.list", ([items]) => listOf(items)],
  ["builtins.tuple", ([items]) => listOf(items)],
  ["builtins.set", ([items]) => new Set(listOf(items) ?? [])],
  ["builtins.frozenset", ([items]) => new Set(listOf(items) ?? [])],
  ["builtins.int", ([value]) => (typeof value === "number" ? Math.trunc(value) : undefined)],
  ["builtins.float", ([value]) => (typeof value === "number" ? value : undefined)],
  ["builtins.str", ([value]) => (typeof value === "string" ? value : undefined)],
  ["builtins.bool", ([value]) => (typeof value === "boolean" ? value : undefined)],
  ["_codecs.encode", ([text, name]) => encoded(text, name)],
]);

/** Result of calling `target` with `args` (REDUCE, NEWOBJ): data where the meaning is known, an inert record otherwise. */
export function call(target: unknown, args: readonly unknown[]): unknown {
  if (target instanceof GlobalName) {
    // copyreg's way of making an instance: (class, base, state of the base).
    if (/^copy_?reg\._reconstructor$/u.test(target.path) && args[0] instanceof GlobalName) return call(args[0], []);
    const known = calls.get(target.path)?.(args);
    if (known !== undefined) return known;
  }
  return new InertRecord(target, args);
}
