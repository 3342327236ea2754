/**
 * Finds the named tensors in what a PyTorch file holds: a whole pickled module, a state dict, or a dict around one (Lightning's
 * `state_dict`, DeepSpeed's `module`), or a plain list of tensors.
 */
import { unreadable } from "./bounded-file.ts";
import { InertRecord, PickleDict, plainValue, TensorRecord } from "./pickle-values.ts";

const DEEPEST = 64;
/** Modules and dicts may be shared: what is reached twice counts twice, so a small file must not unfold into a huge tree. */
const MOST_VISITS = 500_000;
/** lvdm's loader drops this many characters (`_forward_module.`) from the keys of a DeepSpeed checkpoint. */
const DEEPSPEED_PREFIX = 16;
/** First parts of the official names; keys that already start so carry no wrapper's prefix. */
const officialRoots = ["model.diffusion_model.", "first_stage_model.", "cond_stage_model."];

export interface NamedTensors {
  readonly tensors: Map<string, TensorRecord>;
  readonly metadata: Record<string, unknown>;
}

class Collector {
  readonly tensors = new Map<string, TensorRecord>();
  /** Numbers, strings and booleans that pickled modules carry (heads, groups …), by the module's dotted name. */
  readonly attributes: [string, Record<string, unknown>][] = [];
  readonly #fileName: string;
  #visits = 0;

  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  #visit(depth: number): void {
    if (depth > DEEPEST || ++this.#visits > MOST_VISITS)
      throw unreadable(
        `The modules in ${this.#fileName} are nested without end: the file is damaged or was made to do harm.`,
      );
  }

  add(name: string, value: unknown): void {
    if (value instanceof TensorRecord) {
      this.#visit(0);
      this.tensors.set(name, value);
    }
  }

  /** `_parameters`, `_buffers` that are saved, and the same of every sub-module, in the order of `named_parameters`. */
  module(module: InertRecord, prefix: string, depth: number): void {
    this.#visit(depth);
    const scalars = [...entriesOf(module.state)].filter(([name, value]) => isScalarAttribute(name, value));
    if (scalars.length > 0) this.attributes.push([prefix.slice(0, -1), Object.fromEntries(scalars)]);
    for (const [name, value] of entriesOf(module.attribute("_parameters"))) this.add(prefix + name, value);
    const temporary = namesOf(module.attribute("_non_persistent_buffers_set"));
    for (const [name, value] of entriesOf(module.attribute("_buffers")))
      if (!temporary.has(name)) this.add(prefix + name, value);
    for (const [name, child] of entriesOf(module.attribute("_modules")))
      if (child instanceof InertRecord) this.module(child, `${prefix}${name}.`, depth + 1);
  }

  /** Tensors of a dict and of the dicts, lists and modules in it, names joined with dots. */
  values(dict: PickleDict, prefix: string, depth: number): void {
    this.#visit(depth);
    for (const [name, value] of entriesOf(dict)) this.value(value, prefix + name, depth);
  }

  value(value: unknown, name: string, depth: number): void {
    this.add(name, value);
    if (value instanceof PickleDict) this.values(value, `${name}.`, depth + 1);
    else if (isModule(value)) this.module(value, `${name}.`, depth + 1);
    else if (Array.isArray(value)) this.list(value, `${name}.`, depth + 1);
  }

  list(list: readonly unknown[], prefix: string, depth: number): void {
    this.#visit(depth);
    for (const [index, item] of list.entries()) this.value(item, `${prefix}${index}`, depth);
  }
}

function* entriesOf(value: unknown): Generator<[string, unknown]> {
  if (!(value instanceof PickleDict)) return;
  for (const [key, item] of value.entries) if (typeof key === "string") yield [key, item];
}

function isScalarAttribute(name: string, value: unknown): boolean {
  return !name.startsWith("_") && name !== "training" && ["number", "string", "boolean"].includes(typeof value);
}

function namesOf(value: unknown): ReadonlySet<unknown> {
  if (value instanceof Set) return value;
  if (Array.isArray(value)) return new Set(value);
  // A set that was pickled as a call: set([names]).
  if (value instanceof InertRecord && Array.isArray(value.args[0])) return new Set(value.args[0]);
  return new Set();
}

/** A pickled torch.nn.Module: it has parameters or sub-modules. */
function isModule(value: unknown): value is InertRecord {
  return (
    value instanceof InertRecord &&
    (value.attribute("_parameters") instanceof PickleDict || value.attribute("_modules") instanceof PickleDict)
  );
}

const notMetadata = new Set(["state_dict", "module", "optimizer_states", "optimizer", "lr_schedulers", "callbacks"]);

/** Plain values of a dict beside its tensors and modules (optimizer states and Python's private attributes are not metadata). */
function metadataOf(dict: PickleDict): Record<string, unknown> {
  const pairs: [string, unknown][] = [];
  for (const [name, value] of entriesOf(dict))
    if (!notMetadata.has(name) && !name.startsWith("_") && !(value instanceof TensorRecord) && !isModule(value))
      pairs.push([name, plainValue(value)]);
  return Object.fromEntries(pairs);
}

/** lvdm's reading of a DeepSpeed checkpoint: 16 characters off every key, and no tensor of the teacher that it was distilled from. */
function withoutDeepSpeedPrefix(tensors: Map<string, TensorRecord>): Map<string, TensorRecord> {
  const names = [...tensors.keys()];
  const prefix = names[0]?.slice(0, DEEPSPEED_PREFIX) ?? "";
  const isWrapped =
    names.every((name) => name.startsWith(prefix) && name.length > DEEPSPEED_PREFIX) &&
    !names.some((name) => officialRoots.some((root) => name.startsWith(root)));
  const renamed = new Map<string, TensorRecord>();
  for (const [name, tensor] of tensors) {
    const short = isWrapped ? name.slice(DEEPSPEED_PREFIX) : name;
    if (!short.startsWith("teacher") && !name.startsWith("teacher")) renamed.set(short, tensor);
  }
  return renamed;
}

/**
 * Names every tensor of a PyTorch file's value as `state_dict()` would. A whole module's metadata also holds `modules`: the scalar
 * attributes of each module by its dotted name.
 * Errors: CHECKPOINT_UNREADABLE when there is none, or when modules are nested without end.
 */
export function nameTensors(root: unknown, fileName: string): NamedTensors {
  const collector = new Collector(fileName);
  let { tensors } = collector;
  let metadata: Record<string, unknown> = {};
  if (isModule(root)) {
    collector.module(root, "", 0);
    if (root.state instanceof PickleDict) metadata = metadataOf(root.state);
    metadata.modules = Object.fromEntries(collector.attributes);
  } else if (root instanceof PickleDict) {
    const wrapped = ["state_dict", "module"].find((name) => {
      const inner = root.get(name);
      return inner instanceof PickleDict || isModule(inner);
    });
    const content = wrapped === undefined ? root : root.get(wrapped);
    if (content instanceof PickleDict) collector.values(content, "", 0);
    else if (isModule(content)) collector.module(content, "", 0);
    if (wrapped === "module") tensors = withoutDeepSpeedPrefix(tensors);
    metadata = metadataOf(root);
  } else if (Array.isArray(root)) collector.list(root, "", 0);
  else collector.add("tensor", root);
  if (tensors.size === 0)
    throw unreadable(
      `The file ${fileName} holds no tensors: it is not a model's checkpoint.`,
      root instanceof InertRecord ? JSON.stringify(plainValue(root))?.slice(0, 500) : undefined,
    );
  return { tensors, metadata };
}
