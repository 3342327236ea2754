/** The colours that a picture or a film consists of: k-means over a histogram, in OKLab. */
import { colourName, distance2, fromOklab, type Oklab, toOklab } from "./oklab.ts";
import type { Pixels } from "./pixels.ts";

export interface DominantColour {
  readonly name: string;
  /** `#rrggbb` */
  readonly hex: string;
  /** Part of all pixels, 0 to 1. */
  readonly share: number;
}

/** Bits of each component that the histogram tells apart. */
const BITS = 5;
const SIDE = 1 << BITS;
const SHIFT = 8 - BITS;
/** Only the heaviest cells are grouped: noise spreads over thousands that hold next to nothing, and would take a tenth of a second. */
const MOST_CELLS = 2048;
const CLUSTERS = 8;
const ROUNDS = 20;
/** Clusters nearer than this look like one colour. */
const SAME = 0.075;
/** Smaller parts are no colour of the picture. */
const LEAST_SHARE = 0.03;

interface Cluster {
  readonly centre: Oklab;
  readonly weight: number;
}

/** Collects pixels of any number of pictures in the memory of one. */
export class ColourCount {
  /** Number and sums of the pixels of each cell. */
  private readonly count = new Float64Array(SIDE ** 3);
  private readonly sums = new Float64Array(3 * SIDE ** 3);
  private total = 0;

  add({ rgb }: Pixels): void {
    // Every picture counts alike, whatever its size.
    const weight = 3 / rgb.length;
    for (let i = 0; i < rgb.length; i += 3) {
      const [r, g, b] = [rgb[i]!, rgb[i + 1]!, rgb[i + 2]!];
      const cell = ((r >> SHIFT) << (2 * BITS)) | ((g >> SHIFT) << BITS) | (b >> SHIFT);
      this.count[cell]! += weight;
      this.sums[3 * cell]! += r * weight;
      this.sums[3 * cell + 1]! += g * weight;
      this.sums[3 * cell + 2]! += b * weight;
    }
    this.total += 1;
  }

  /** The most frequent first, at most `most`. None of nothing. */
  dominant(most = 5): DominantColour[] {
    if (this.total === 0) return [];
    const all: Cluster[] = [];
    for (const [cell, weight] of this.count.entries()) {
      if (weight === 0) continue;
      const mean = (k: number): number => Math.round(this.sums[3 * cell + k]! / weight);
      all.push({ centre: toOklab(mean(0), mean(1), mean(2)), weight: weight / this.total });
    }
    const cells = all.sort((a, b) => b.weight - a.weight).slice(0, MOST_CELLS);
    const named = new Map<string, DominantColour>();
    for (const { centre, weight } of merged(means(cells)).sort((a, b) => b.weight - a.weight)) {
      const name = colourName(centre);
      // Shades of one name are one colour, shown as the largest of them.
      const known = named.get(name) ?? { name, hex: hexOf(centre), share: 0 };
      named.set(name, { ...known, share: Math.min(1, known.share + weight) });
    }
    return [...named.values()]
      .filter(({ share }) => share >= LEAST_SHARE)
      .sort((a, b) => b.share - a.share)
      .slice(0, most);
  }
}

/** The dominant colours of one picture. */
export function dominantColours(picture: Pixels, most?: number): DominantColour[] {
  const count = new ColourCount();
  count.add(picture);
  return count.dominant(most);
}

/** Weighted k-means (Lloyd 1982); it begins with the heaviest cell and then, each time, the one that is worst represented. */
function means(cells: readonly Cluster[]): Cluster[] {
  const first = cells.reduce((best, cell) => (cell.weight > best.weight ? cell : best));
  const centres: Oklab[] = [first.centre];
  while (centres.length < Math.min(CLUSTERS, cells.length)) {
    let [worst, loss] = [first, 0];
    for (const cell of cells) {
      const lost = cell.weight * Math.min(...centres.map((centre) => distance2(centre, cell.centre)));
      if (lost > loss) [worst, loss] = [cell, lost];
    }
    if (loss === 0) break;
    centres.push(worst.centre);
  }
  let clusters: Cluster[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const sums = centres.map(() => [0, 0, 0, 0]);
    for (const { centre, weight } of cells) {
      let [best, least] = [0, Number.POSITIVE_INFINITY];
      for (const [k, other] of centres.entries()) {
        const d = distance2(centre, other);
        if (d < least) [best, least] = [k, d];
      }
      const sum = sums[best]!;
      for (let k = 0; k < 3; k++) sum[k]! += centre[k]! * weight;
      sum[3]! += weight;
    }
    clusters = sums
      .filter(([, , , weight]) => weight! > 0)
      .map(([l, a, b, weight]) => ({ centre: [l! / weight!, a! / weight!, b! / weight!] as const, weight: weight! }));
    const moved = clusters.reduce((most, { centre }, k) => Math.max(most, distance2(centre, centres[k]!)), 0);
    centres.splice(0, centres.length, ...clusters.map(({ centre }) => centre));
    if (moved < 1e-8) break;
  }
  return clusters;
}

/** Clusters that look alike are one. */
function merged(clusters: readonly Cluster[]): Cluster[] {
  const rest = [...clusters];
  for (;;) {
    let pair: readonly [number, number] | null = null;
    let nearest = SAME ** 2;
    for (let i = 0; i < rest.length; i++)
      for (let j = i + 1; j < rest.length; j++) {
        const d = distance2(rest[i]!.centre, rest[j]!.centre);
        if (d < nearest) [pair, nearest] = [[i, j], d];
      }
    if (pair === null) return rest;
    const [a, b] = [rest[pair[0]]!, rest[pair[1]]!];
    const weight = a.weight + b.weight;
    const mean = (k: 0 | 1 | 2): number => (a.centre[k] * a.weight + b.centre[k] * b.weight) / weight;
    rest.splice(pair[1], 1);
    rest[pair[0]] = { centre: [mean(0), mean(1), mean(2)], weight };
  }
}

const hexOf = (colour: Oklab): string =>
  `#${fromOklab(colour)
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")}`;
