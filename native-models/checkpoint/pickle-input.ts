/** The bytes of a pickle, read from front to back with every length checked. */

/** Why a pickle was refused; `readPickle` turns it into a StudioError. */
export class PickleFault extends Error {}

const LONGEST_INTEGER_BYTES = 1024;
const utf8 = new TextDecoder("utf-8");

export class PickleInput {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves on by `count` bytes and returns where they start. */
  take(count: number): number {
    const start = this.#position;
    if (!(count >= 0) || count > this.#bytes.byteLength - start) throw new PickleFault("the data ends early");
    this.#position = start + count;
    return start;
  }

  byte(): number {
    return this.#bytes[this.take(1)]!;
  }

  uint16(): number {
    return this.#view.getUint16(this.take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.take(4), true);
  }

  uint64(): number {
    const value = this.#view.getBigUint64(this.take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new PickleFault("a length is out of range");
    return Number(value);
  }

  slice(count: number): Uint8Array {
    const start = this.take(count);
    return this.#bytes.subarray(start, start + count);
  }

  text(count: number): string {
    return utf8.decode(this.slice(count));
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw new PickleFault("the data ends early");
    const line = this.text(end - this.#position);
    this.#position = end + 1;
    return line;
  }

  /** Little-endian two's complement. */
  integer(count: number): number | bigint {
    if (count > LONGEST_INTEGER_BYTES) throw new PickleFault("an integer is too long");
    const digits = this.slice(count);
    let value = 0n;
    for (let i = digits.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(digits[i]!);
    value = BigInt.asIntN(Math.max(1, count * 8), value);
    const plain = Number(value);
    return Number.isSafeInteger(plain) ? plain : value;
  }

  int32(): number {
    return this.#view.getInt32(this.take(4), true);
  }

  /** Big endian, unlike everything else. */
  float64(): number {
    return this.#view.getFloat64(this.take(8));
  }
}
