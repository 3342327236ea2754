/** What a pickle can hold once it is read without running anything. */

/** The name of a class or function that the pickle refers to; it is never looked up. */
export class GlobalName {
  readonly module: string;
  readonly name: string;

  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }

  /** `module.name`, with the module that Python 2 called `__builtin__` under its present name. */
  get path(): string {
    return `${this.module === "__builtin__" ? "builtins" : this.module}.${this.name}`;
  }
}

/** A Python dict (or a subclass of it): insertion order kept, keys compared as Python would for plain keys. */
export class PickleDict {
  #entries: Map<unknown, unknown> | undefined;

  get entries(): ReadonlyMap<unknown, unknown> {
    return this.#entries ?? emptyMap;
  }

  get(key: string): unknown {
    return this.#entries?.get(key);
  }

  set(key: unknown, value: unknown): void {
    this.#entries ??= new Map();
    this.#entries.set(key, value);
  }
}
const emptyMap: ReadonlyMap<unknown, unknown> = new Map();

/** An instance of a class that we do not run: its name, its arguments and its state, as data. */
export class InertRecord {
  /** Usually a GlobalName; anything that the pickle tried to call. */
  readonly type: unknown;
  readonly args: readonly unknown[];
  /** What BUILD gave it. */
  state: unknown;
  /** What was appended or set as items on it (subclasses of list and dict). */
  readonly items: unknown[] = [];
  readonly entries = new PickleDict();

  constructor(type: unknown, args: readonly unknown[]) {
    this.type = type;
    this.args = args;
  }

  /** An attribute of the instance, from its state dict; undefined where there is none. */
  attribute(name: string): unknown {
    return this.state instanceof PickleDict ? this.state.get(name) : undefined;
  }
}

/** A storage of a PyTorch file: raw numbers that tensors view. */
export interface StorageReference {
  /** Name of the entry under `data/`. */
  readonly key: string;
  /** Storage class, e.g. `FloatStorage`; untyped storages leave the type to the tensor. */
  readonly type: string;
  /** Elements, or bytes of an untyped storage. */
  readonly size: number;
}

/** A tensor as the pickle describes it: a view of a storage. Nothing here has been checked yet. */
export class TensorRecord {
  readonly storage: StorageReference;
  readonly offset: unknown;
  readonly shape: unknown;
  readonly stride: unknown;
  /** Named by `_rebuild_tensor_v3` for untyped storages. */
  readonly dtype: string | undefined;

  constructor(storage: StorageReference, offset: unknown, shape: unknown, stride: unknown, dtype?: string) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.stride = stride;
    this.dtype = dtype;
  }
}

const LONGEST_LIST = 10_000;

/** What limits the work of `plainValue`: values still allowed, and the containers that are being visited. */
interface Visit {
  left: number;
  readonly open: Set<object>;
}

const DEEPEST = 32;

/**
 * A pickle's value as plain JSON-like data for metadata: dicts become objects, records keep their class name under `class`, OmegaConf
 * nodes become what they hold, tensors a short description. At most 100 000 values and 32 levels are visited; the rest, and what
 * contains itself, becomes null.
 */
export function plainValue(value: unknown): unknown {
  return visit(value, { left: 100_000, open: new Set() });
}

function visit(value: unknown, state: Visit): unknown {
  if (state.left-- <= 0) return null;
  if (value instanceof GlobalName) return value.path;
  if (value instanceof TensorRecord) return { class: "torch.Tensor" };
  if (value instanceof Uint8Array) return { class: "bytes", length: value.byteLength };
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (state.open.has(value) || state.open.size >= DEEPEST) return null;
  state.open.add(value);
  const plain = container(value, state);
  state.open.delete(value);
  return plain;
}

function container(value: object, state: Visit): unknown {
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, LONGEST_LIST).map((item) => visit(item, state));
  if (value instanceof PickleDict) return plainObject(value, state);
  if (value instanceof InertRecord) return plainRecord(value, state);
  return { class: "torch.Storage" };
}

function plainObject(dict: PickleDict, state: Visit): Record<string, unknown> {
  const pairs: [string, unknown][] = [];
  for (const [key, value] of dict.entries) {
    if (state.left <= 0) break;
    if (["string", "number", "bigint", "boolean"].includes(typeof key)) pairs.push([String(key), visit(value, state)]);
  }
  return Object.fromEntries(pairs);
}

function plainRecord(record: InertRecord, state: Visit): unknown {
  // OmegaConf: containers hold `_content`, leaves hold `_val`.
  for (const name of ["_content", "_val"]) {
    const inner = record.attribute(name);
    if (inner !== undefined) return visit(inner, state);
  }
  const { type, args, items, entries } = record;
  return {
    class: type instanceof GlobalName ? type.path : "?",
    ...(args.length > 0 ? { args: visit([...args], state) } : {}),
    ...(items.length > 0 ? { items: visit(items, state) } : {}),
    ...(entries.entries.size > 0 ? { entries: visit(entries, state) } : {}),
    ...(record.state === undefined || record.state === null ? {} : { state: visit(record.state, state) }),
  };
}
