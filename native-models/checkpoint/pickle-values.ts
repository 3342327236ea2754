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

/**
 * A pickle's value as plain JSON-like data for metadata: dicts become objects, records keep their class name under `class`, OmegaConf
 * nodes become what they hold, tensors a short description. At most `budget` values are visited and 32 levels; the rest is left out.
 */
export function plainValue(value: unknown, budget = { left: 100_000 }, depth = 0): unknown {
  if (budget.left-- <= 0 || depth > 32) return null;
  if (Array.isArray(value)) return value.slice(0, LONGEST_LIST).map((item) => plainValue(item, budget, depth + 1));
  if (value instanceof Set) return [...value].slice(0, LONGEST_LIST).map((item) => plainValue(item, budget, depth + 1));
  if (value instanceof PickleDict) return plainObject(value, budget, depth);
  if (value instanceof GlobalName) return value.path;
  if (value instanceof TensorRecord) return { class: "torch.Tensor" };
  if (value instanceof InertRecord) return plainRecord(value, budget, depth);
  if (value instanceof Uint8Array) return { class: "bytes", length: value.byteLength };
  if (typeof value === "bigint") return value.toString();
  return value;
}

function plainObject(dict: PickleDict, budget: { left: number }, depth: number): Record<string, unknown> {
  const pairs: [string, unknown][] = [];
  for (const [key, value] of dict.entries) {
    if (budget.left <= 0) break;
    if (typeof key === "string" || typeof key === "number" || typeof key === "bigint" || typeof key === "boolean")
      pairs.push([String(key), plainValue(value, budget, depth + 1)]);
  }
  return Object.fromEntries(pairs);
}

function plainRecord(record: InertRecord, budget: { left: number }, depth: number): unknown {
  // OmegaConf: containers hold `_content`, leaves hold `_val`.
  for (const name of ["_content", "_val"]) {
    const inner = record.attribute(name);
    if (inner !== undefined) return plainValue(inner, budget, depth + 1);
  }
  const name = record.type instanceof GlobalName ? record.type.path : "?";
  const { state } = record;
  return {
    class: name,
    ...(record.args.length > 0 ? { args: plainValue([...record.args], budget, depth + 1) } : {}),
    ...(record.items.length > 0 ? { items: plainValue(record.items, budget, depth + 1) } : {}),
    ...(record.entries.entries.size > 0 ? { entries: plainValue(record.entries, budget, depth + 1) } : {}),
    ...(state === undefined || state === null ? {} : { state: plainValue(state, budget, depth + 1) }),
  };
}
