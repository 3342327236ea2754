/**
 * Reads Python pickles, protocols 2 to 5, without running anything: classes and functions are names, calls to unknown ones become
 * inert records. The number of steps, values, stack and memo entries is bounded, so that a hostile file cannot hang or fill memory.
 *
 * Source: the opcode table of CPython's Lib/pickletools.py.
 */
import { unreadable } from "./bounded-file.ts";
import { call } from "./pickle-calls.ts";
import { PickleFault, PickleInput } from "./pickle-input.ts";
import { GlobalName, InertRecord, PickleDict } from "./pickle-values.ts";

export interface PickleLimits {
  readonly operations: number;
  /** Containers and records together. */
  readonly objects: number;
  readonly stack: number;
  readonly memo: number;
}

/** The official checkpoints take about 200 000 operations; these bounds leave room for ten times as many tensors and more. */
export const defaultLimits: PickleLimits = {
  operations: 10_000_000,
  objects: 1_000_000,
  stack: 500_000,
  memo: 2_000_000,
};

class PickleReader {
  readonly #input: PickleInput;
  readonly #limits: PickleLimits;
  readonly #persistent: (id: unknown) => unknown;
  readonly #memo = new Map<number, unknown>();
  /** Stacks below the present one: MARK starts a new one. */
  readonly #marked: unknown[][] = [];
  #stack: unknown[] = [];
  #depth = 0;
  #objects = 0;

  constructor(bytes: Uint8Array, persistent: (id: unknown) => unknown, limits: PickleLimits) {
    this.#input = new PickleInput(bytes);
    this.#persistent = persistent;
    this.#limits = limits;
  }

  read(): unknown {
    for (let operation = 0; operation < this.#limits.operations; operation++) {
      const opcode = this.#input.byte();
      if (opcode === 0x2e) return this.#pop();
      this.#execute(opcode);
      if (this.#depth > this.#limits.stack) throw new PickleFault("the stack is too deep");
    }
    throw new PickleFault("too many operations");
  }

  #push(value: unknown): void {
    this.#stack.push(value);
    this.#depth++;
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw new PickleFault("the stack is empty");
    this.#depth--;
    return this.#stack.pop();
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw new PickleFault("the stack is empty");
    return this.#stack.at(-1);
  }

  #popMark(): unknown[] {
    const items = this.#stack;
    const below = this.#marked.pop();
    if (below === undefined) throw new PickleFault("a mark is missing");
    this.#stack = below;
    this.#depth -= items.length + 1;
    return items;
  }

  #popTuple(count: number): unknown[] {
    if (this.#stack.length < count) throw new PickleFault("the stack is empty");
    this.#depth -= count;
    return this.#stack.splice(this.#stack.length - count);
  }

  #created<T extends object>(value: T): T {
    if (++this.#objects > this.#limits.objects) throw new PickleFault("too many values");
    return value;
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top());
    if (this.#memo.size > this.#limits.memo) throw new PickleFault("the memo is too large");
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw new PickleFault("a reference leads nowhere");
    this.#push(this.#memo.get(index));
  }

  #execute(opcode: number): void {
    if (!this.#executeScalar(opcode) && !this.#executeContainer(opcode) && !this.#executeObject(opcode))
      throw new PickleFault(`unknown operation 0x${opcode.toString(16)}`);
  }

  #executeScalar(opcode: number): boolean {
    switch (opcode) {
      case 0x80: // PROTO
        if (this.#input.byte() > 5) throw new PickleFault("a newer pickle protocol than 5");
        return true;
      case 0x95: // FRAME: a hint for readers of streams
        this.#input.take(8);
        return true;
      case 0x4e: // NONE
        this.#push(null);
        return true;
      case 0x88: // NEWTRUE
        this.#push(true);
        return true;
      case 0x89: // NEWFALSE
        this.#push(false);
        return true;
      case 0x4b: // BININT1
        this.#push(this.#input.byte());
        return true;
      case 0x4d: // BININT2
        this.#push(this.#input.uint16());
        return true;
      case 0x4a: // BININT
        this.#push(this.#input.int32());
        return true;
      case 0x8a: // LONG1
        this.#push(this.#input.integer(this.#input.byte()));
        return true;
      case 0x8b: // LONG4
        this.#push(this.#input.integer(this.#input.uint32()));
        return true;
      case 0x47: // BINFLOAT, big endian
        this.#push(this.#input.float64());
        return true;
      case 0x58: // BINUNICODE
        this.#push(this.#input.text(this.#input.uint32()));
        return true;
      case 0x8c: // SHORT_BINUNICODE
        this.#push(this.#input.text(this.#input.byte()));
        return true;
      case 0x8d: // BINUNICODE8
        this.#push(this.#input.text(this.#input.uint64()));
        return true;
      case 0x55: // SHORT_BINSTRING: Python 2's str
        this.#push(this.#input.text(this.#input.byte()));
        return true;
      case 0x54: // BINSTRING
        this.#push(this.#input.text(this.#input.uint32()));
        return true;
      case 0x43: // SHORT_BINBYTES
        this.#push(this.#input.slice(this.#input.byte()));
        return true;
      case 0x42: // BINBYTES
        this.#push(this.#input.slice(this.#input.uint32()));
        return true;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        this.#push(this.#input.slice(this.#input.uint64()));
        return true;
      default:
        return false;
    }
  }

  #executeContainer(opcode: number): boolean {
    switch (opcode) {
      case 0x28: // MARK
        this.#marked.push(this.#stack);
        this.#stack = [];
        this.#depth++;
        return true;
      case 0x30: // POP
        if (this.#stack.length > 0) this.#pop();
        else this.#popMark();
        return true;
      case 0x31: // POP_MARK
        this.#popMark();
        return true;
      case 0x32: // DUP
        this.#push(this.#top());
        return true;
      case 0x29: // EMPTY_TUPLE
        this.#push(this.#created([]));
        return true;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#push(this.#created(this.#popTuple(opcode - 0x84)));
        return true;
      case 0x74: // TUPLE
      case 0x6c: // LIST
        this.#push(this.#created(this.#popMark()));
        return true;
      case 0x5d: // EMPTY_LIST
        this.#push(this.#created([]));
        return true;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        return true;
      case 0x65: // APPENDS
        this.#append(this.#popMark());
        return true;
      case 0x7d: // EMPTY_DICT
        this.#push(this.#created(new PickleDict()));
        return true;
      case 0x64: {
        // DICT
        const pairs = this.#popMark();
        this.#push(this.#created(new PickleDict()));
        this.#setItems(pairs);
        return true;
      }
      case 0x73: // SETITEM
        this.#setItems(this.#popTuple(2));
        return true;
      case 0x75: // SETITEMS
        this.#setItems(this.#popMark());
        return true;
      case 0x8f: // EMPTY_SET
        this.#push(this.#created(new Set()));
        return true;
      case 0x90: // ADDITEMS
        this.#append(this.#popMark());
        return true;
      case 0x91: // FROZENSET
        this.#push(this.#created(new Set(this.#popMark())));
        return true;
      default:
        return false;
    }
  }

  #append(items: readonly unknown[]): void {
    const target = this.#top();
    if (target instanceof Set) for (const item of items) target.add(item);
    else if (Array.isArray(target)) for (const item of items) target.push(item);
    else if (target instanceof InertRecord) for (const item of items) target.items.push(item);
    else throw new PickleFault("items for something that holds none");
  }

  #setItems(pairs: readonly unknown[]): void {
    const target = this.#top();
    const dict = target instanceof InertRecord ? target.entries : target;
    if (!(dict instanceof PickleDict) || pairs.length % 2 !== 0)
      throw new PickleFault("items for something that holds none");
    for (let i = 0; i < pairs.length; i += 2) dict.set(pairs[i], pairs[i + 1]);
  }

  #executeObject(opcode: number): boolean {
    switch (opcode) {
      case 0x63: {
        // GLOBAL
        const module = this.#input.line();
        this.#push(this.#created(new GlobalName(module, this.#input.line())));
        return true;
      }
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popTuple(2);
        if (typeof module !== "string" || typeof name !== "string") throw new PickleFault("a class without a name");
        this.#push(this.#created(new GlobalName(module, name)));
        return true;
      }
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        this.#call(this.#popTuple(2));
        return true;
      case 0x92: {
        // NEWOBJ_EX: class, args, keyword args
        const [type, args, named] = this.#popTuple(3);
        this.#call([type, [...(Array.isArray(args) ? args : []), named]]);
        return true;
      }
      case 0x62: {
        // BUILD
        const state = this.#pop();
        const target = this.#top();
        // Containers carry attributes too (OrderedDict's _metadata); we have no use for them.
        if (target instanceof InertRecord) target.state = Array.isArray(state) ? (state[0] ?? state[1]) : state;
        return true;
      }
      case 0x51: // BINPERSID
        this.#push(this.#persistent(this.#pop()));
        return true;
      case 0x71: // BINPUT
        this.#remember(this.#input.byte());
        return true;
      case 0x72: // LONG_BINPUT
        this.#remember(this.#input.uint32());
        return true;
      case 0x94: // MEMOIZE
        this.#remember(this.#memo.size);
        return true;
      case 0x68: // BINGET
        this.#recall(this.#input.byte());
        return true;
      case 0x6a: // LONG_BINGET
        this.#recall(this.#input.uint32());
        return true;
      default:
        return false;
    }
  }

  #call([target, args]: readonly unknown[]): void {
    if (!Array.isArray(args)) throw new PickleFault("a call without arguments");
    const result = call(target, args);
    // Calls copy what they are given: a copy costs as many values as it holds, or a small list could be copied a million times.
    this.#objects += sizeOf(result);
    this.#push(typeof result === "object" && result !== null ? this.#created(result) : result);
  }
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Set) return value.size;
  if (value instanceof PickleDict) return value.entries.size;
  return value instanceof Uint8Array ? value.byteLength / 64 : 0;
}

/**
 * The value that a pickle describes: null, booleans, numbers, bigints, strings, Uint8Array, arrays (lists and tuples), Set, PickleDict,
 * GlobalName, TensorRecord, InertRecord and whatever `persistent` returns. Values may refer to themselves.
 * @param persistent turns a persistent id into a value (PyTorch: a storage).
 * @param fileName for the sentence of an error.
 * Errors: CHECKPOINT_UNREADABLE; its detail says what was wrong.
 */
export function readPickle(
  bytes: Uint8Array,
  persistent: (id: unknown) => unknown,
  fileName: string,
  limits: PickleLimits = defaultLimits,
): unknown {
  try {
    return new PickleReader(bytes, persistent, limits).read();
  } catch (cause) {
    if (!(cause instanceof PickleFault) && !(cause instanceof RangeError)) throw cause;
    throw unreadable(
      `The description of the tensors in ${fileName} is damaged or not what PyTorch writes: download the file again.`,
      cause.message,
      cause,
    );
  }
}
