/** Test help: damages files in every way that random bytes, lengths, cuts and swapped parts can, the same way for the same seed. */

/** Small and quick numbers that repeat for a seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values that readers stumble over: ends of ranges, signs, sizes of nearly everything there is. */
const TREACHEROUS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
/** Pickle operations, zip signatures and pieces of JSON: what a file of one kind is made of. */
const WORDS = [
  "PK\x01\x02",
  "PK\x05\x06",
  "PK\x03\x04",
  "c__builtin__\neval\n",
  "cos\nsystem\n",
  "R",
  "(",
  ")",
  "}",
  "b",
  "\x80\x02",
  "Q",
  "\x94",
  "[[[[[[[[",
  '{"a":',
  "]",
  '"shape":[',
  "1e99",
  "-1",
  "\0\0\0\0",
];

/** One damaged copy. @param random numbers from 0 to below 1 */
export function damage(original: Uint8Array, random: () => number): Uint8Array {
  let bytes = Buffer.from(original);
  const times = 1 + Math.floor(random() ** 2 * 6);
  for (let n = 0; n < times; n++) bytes = damageOnce(bytes, random);
  return bytes;
}

function damageOnce(bytes: Buffer<ArrayBuffer>, random: () => number): Buffer<ArrayBuffer> {
  const at = Math.floor(random() * bytes.length);
  const length = 1 + Math.floor(random() ** 3 * 64);
  const kind = Math.floor(random() * 8);
  const copy = Buffer.from(bytes);
  if (kind === 0) return copy.subarray(0, at);
  if (kind === 1) return Buffer.concat([copy.subarray(0, at), copy.subarray(at + length)]);
  if (kind === 2) {
    const from = Math.floor(random() * bytes.length);
    return Buffer.concat([copy.subarray(0, at), copy.subarray(from, from + length), copy.subarray(at)]);
  }
  if (kind === 3) {
    const word = Buffer.from(WORDS[Math.floor(random() * WORDS.length)]!, "latin1");
    return Buffer.concat([copy.subarray(0, at), word, copy.subarray(at)]);
  }
  if (kind === 4 && at + 8 <= copy.length) {
    const value = TREACHEROUS[Math.floor(random() * TREACHEROUS.length)]!;
    const width = 1 << Math.floor(random() * 3);
    copy.writeUIntLE(value % 256 ** width, at, width);
    return copy;
  }
  if (kind === 5) {
    copy[at]! ^= 1 << Math.floor(random() * 8);
    return copy;
  }
  for (let i = at; i < Math.min(at + length, copy.length); i++) copy[i] = Math.floor(random() * 256);
  return copy;
}
