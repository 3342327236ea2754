/** Byte ranges [from, to) of a file: sorted, apart from each other. */
export type Range = readonly [from: number, to: number];

/** Which bytes of a file have arrived. */
export class Ranges {
  private held: Range[] = [];

  constructor(ranges: readonly Range[] = []) {
    for (const [from, to] of ranges) this.add(from, to);
  }

  add(from: number, to: number): void {
    if (to <= from) return;
    const before = this.held.filter(([, end]) => end < from);
    const after = this.held.filter(([begin]) => begin > to);
    const touched = this.held.slice(before.length, this.held.length - after.length);
    const begin = Math.min(from, touched[0]?.[0] ?? from);
    const end = Math.max(to, touched.at(-1)?.[1] ?? to);
    this.held = [...before, [begin, end], ...after];
  }

  /** Number of bytes held. */
  get total(): number {
    return this.held.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  /** Length of what is held from the beginning on without a gap. */
  get prefix(): number {
    const first = this.held[0];
    return first !== undefined && first[0] === 0 ? first[1] : 0;
  }

  /** What of [0, size) is not held, in order. */
  missing(size: number): Range[] {
    const gaps: Range[] = [];
    let at = 0;
    for (const [from, to] of this.held) {
      if (from > at) gaps.push([at, Math.min(from, size)]);
      at = Math.max(at, to);
      if (at >= size) return gaps;
    }
    if (at < size) gaps.push([at, size]);
    return gaps;
  }

  list(): Range[] {
    return [...this.held];
  }
}

/** Ranges cut into pieces of at most `most` bytes, in order. */
export function cut(ranges: readonly Range[], most: number): Range[] {
  return ranges.flatMap(([from, to]) =>
    Array.from({ length: Math.ceil((to - from) / most) }, (_, n): Range => {
      const begin = from + n * most;
      return [begin, Math.min(to, begin + most)];
    }),
  );
}
