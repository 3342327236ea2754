/**
 * MT19937, the generator under PyTorch's, NumPy's legacy and Python's random numbers; they differ in how a seed becomes a state and in
 * how words become numbers. Source: M. Matsumoto, T. Nishimura, "Mersenne Twister" (1998), with the initialisers of 2002.
 */

const STATE_WORDS = 624;
const SHIFT = 397;

/** Knuth's linear initialiser, as `torch.manual_seed`, `numpy.random.seed` and `init_genrand` use it. */
function knuthState(seed: number): Uint32Array {
  const state = new Uint32Array(STATE_WORDS);
  state[0] = seed >>> 0;
  for (let i = 1; i < STATE_WORDS; i++) {
    const previous = state[i - 1]!;
    state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
  return state;
}

/** `init_by_array`: mixes a key of any length, at least one word, into the whole state. */
function arrayState(key: readonly number[]): Uint32Array {
  const state = knuthState(19650218);
  let i = 1;
  let j = 0;
  const wrap = () => {
    if (i < STATE_WORDS) return;
    state[0] = state[STATE_WORDS - 1]!;
    i = 1;
  };
  const mix = (factor: number, term: number) => {
    const previous = state[i - 1]!;
    state[i] = (state[i]! ^ Math.imul(previous ^ (previous >>> 30), factor)) + term;
    i++;
    wrap();
  };
  for (let k = Math.max(STATE_WORDS, key.length); k > 0; k--) {
    mix(1664525, key[j]! + j);
    j = (j + 1) % key.length;
  }
  for (let k = STATE_WORDS - 1; k > 0; k--) mix(1566083941, -i);
  state[0] = 0x80000000;
  return state;
}

export class MersenneTwister {
  readonly #state: Uint32Array;
  #next = STATE_WORDS;

  private constructor(state: Uint32Array) {
    this.#state = state;
  }

  /** @param seed whole number; its low 32 bits count */
  static fromSeed(seed: number): MersenneTwister {
    return new MersenneTwister(knuthState(seed));
  }

  /** @param key 32-bit words, at least one */
  static fromKey(key: readonly number[]): MersenneTwister {
    return new MersenneTwister(arrayState(key));
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < STATE_WORDS; i++) {
      const mixed = (state[i]! & 0x80000000) | (state[(i + 1) % STATE_WORDS]! & 0x7fffffff);
      const twisted = (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
      state[i] = state[(i + SHIFT) % STATE_WORDS]! ^ twisted;
    }
    this.#next = 0;
  }

  /** The next 32 random bits as an unsigned integer. */
  next32(): number {
    if (this.#next === STATE_WORDS) this.#twist();
    let word = this.#state[this.#next++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  }
}
