/** The draws of Python's `random` module that the KeyVID reference makes. */
import { MersenneTwister } from "./mersenne-twister.ts";

export class PythonRandom {
  readonly #twister: MersenneTwister;

  /** @param seed whole number, as `random.seed` takes an int: its magnitude in 32-bit words, lowest first, is the key */
  constructor(seed: number) {
    let rest = BigInt(seed);
    if (rest < 0n) rest = -rest;
    const key: number[] = [];
    do {
      key.push(Number(rest & 0xffffffffn));
      rest >>= 32n;
    } while (rest > 0n);
    this.#twister = MersenneTwister.fromKey(key);
  }

  /** `random.random()`: uniform in [0, 1), 53 bits. */
  random(): number {
    const high = this.#twister.next32() >>> 5;
    const low = this.#twister.next32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }
}
