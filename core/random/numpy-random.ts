/** The draws of NumPy's legacy global generator (`numpy.random.seed`, `numpy.random.choice`) that the KeyVID reference makes. */
import { MersenneTwister } from "./mersenne-twister.ts";

export class NumpyRandom {
  readonly #twister: MersenneTwister;

  /** @param seed 0 to 2^32 - 1, as `numpy.random.seed` takes it */
  constructor(seed: number) {
    this.#twister = MersenneTwister.fromSeed(seed);
  }

  /** Whole number from 0 to `max`, by masked rejection of 32-bit words; no word is drawn when `max` is 0. */
  #upTo(max: number): number {
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    let value: number;
    do value = (this.#twister.next32() & mask) >>> 0;
    while (value > max);
    return value;
  }

  /** `choice(pool, 1)[0]`. @param pool at least one element */
  one<T>(pool: readonly T[]): T {
    return pool[this.#upTo(pool.length - 1)]!;
  }

  /** `choice(pool, count, replace=False)`: the first `count` of a Fisher-Yates permutation. */
  without<T>(pool: readonly T[], count: number): T[] {
    const shuffled = [...pool];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.#upTo(i);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled.slice(0, count);
  }
}
