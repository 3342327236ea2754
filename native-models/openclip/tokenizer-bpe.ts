/** Byte-pair merging with a priority queue, so that a word of any length takes n log n steps. */

const END_OF_WORD = "</w>";
/** Merged words are remembered up to this many; prompts repeat few words. */
const CACHE_LIMIT = 20_000;
/** Words longer than this are not remembered. */
const LONGEST_CACHED = 64;

/** A binary heap of candidate merges, the lowest rank first and the leftmost of equals. */
class MergeQueue {
  readonly #heap: number[] = [];
  readonly #width: number;

  /** @param width an exclusive upper bound of positions. */
  constructor(width: number) {
    this.#width = width;
  }

  get isEmpty(): boolean {
    return this.#heap.length === 0;
  }

  push(rank: number, position: number): void {
    const heap = this.#heap;
    let index = heap.push(rank * this.#width + position) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]! <= heap[index]!) break;
      [heap[parent], heap[index]] = [heap[index]!, heap[parent]!];
      index = parent;
    }
  }

  pop(): { rank: number; position: number } {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      let index = 0;
      for (;;) {
        const left = 2 * index + 1;
        if (left >= heap.length) break;
        const right = left + 1;
        const child = right < heap.length && heap[right]! < heap[left]! ? right : left;
        if (heap[index]! <= heap[child]!) break;
        [heap[index], heap[child]] = [heap[child]!, heap[index]!];
        index = child;
      }
    }
    return { rank: Math.floor(top / this.#width), position: top % this.#width };
  }
}

export class BytePairMerger {
  readonly #ids = new Map<string, number>();
  /** Rank of a merge, by "left right". */
  readonly #ranks = new Map<string, number>();
  readonly #cache = new Map<string, readonly number[]>();

  /**
   * The vocabulary is: the byte characters, the byte characters as ends of words, then every merge in order.
   * @param bytes the 256 byte characters in vocabulary order.
   * @param merges "left right", in order of priority.
   */
  constructor(bytes: readonly string[], merges: readonly string[]) {
    for (const byte of bytes) this.#ids.set(byte, this.#ids.size);
    for (const byte of bytes) this.#ids.set(byte + END_OF_WORD, this.#ids.size);
    for (const merge of merges) {
      this.#ranks.set(merge, this.#ranks.size);
      this.#ids.set(merge.replace(" ", ""), this.#ids.size);
    }
  }

  /** Ids of one word given as byte characters; the last one carries the end of the word. */
  encode(characters: readonly string[]): readonly number[] {
    const word = characters.join("");
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const ids = this.#merge([...characters.slice(0, -1), characters.at(-1)! + END_OF_WORD]);
    if (word.length <= LONGEST_CACHED) {
      if (this.#cache.size >= CACHE_LIMIT) this.#cache.clear();
      this.#cache.set(word, ids);
    }
    return ids;
  }

  /**
   * Merges the pair of lowest rank, leftmost first, until none is left. A merge's result only takes part in merges of higher rank, so
   * taking occurrences one by one from a queue equals merging all occurrences of a pair at once.
   */
  #merge(symbols: string[]): number[] {
    const count = symbols.length;
    const next = Array.from(symbols, (_, i) => (i + 1 < count ? i + 1 : -1));
    const previous = Array.from(symbols, (_, i) => i - 1);
    const removed = new Uint8Array(count);
    const queue = new MergeQueue(count);
    const rankAt = (position: number): number | undefined =>
      next[position] === -1 ? undefined : this.#ranks.get(`${symbols[position]!} ${symbols[next[position]!]!}`);
    const offer = (position: number): void => {
      const rank = rankAt(position);
      if (rank !== undefined) queue.push(rank, position);
    };
    for (let i = 0; i < count; i++) offer(i);
    while (!queue.isEmpty) {
      const { rank, position } = queue.pop();
      // The pair may have changed since it was offered.
      if (removed[position] || rankAt(position) !== rank) continue;
      const right = next[position]!;
      symbols[position]! += symbols[right]!;
      removed[right] = 1;
      const after = next[right]!;
      next[position] = after;
      if (after !== -1) previous[after] = position;
      offer(position);
      if (previous[position]! >= 0) offer(previous[position]!);
    }
    return symbols.filter((_, i) => !removed[i]).map((symbol) => this.#ids.get(symbol)!);
  }
}
