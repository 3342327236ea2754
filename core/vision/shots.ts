/**
 * Where one shot ends and the next begins. Frames are compared by colour histograms and by where light and dark lie; a cut is one
 * difference that stands out from those around it, a fade or dissolve a run of small ones that add up to a large one (twin comparison:
 * H. Zhang, A. Kankanhalli, S. Smoliar, “Automatic partitioning of full-motion video”, 1993).
 */
import { distance2, type Oklab, toOklab } from "./oklab.ts";
import type { Pixels } from "./pixels.ts";

/** Cells along each side in which colours are averaged, and steps of each component in the histogram. */
const GRID = 6;
const STEPS = 4;

/** What is kept of a frame to compare it with others. */
export interface Signature {
  /** Shares of colours, adding up to 1. */
  readonly histogram: Float32Array;
  /** Mean colour of each cell of a grid. */
  readonly grid: readonly Oklab[];
}

export function signatureOf({ width, height, rgb }: Pixels): Signature {
  const histogram = new Float32Array(STEPS ** 3);
  const sums = new Float64Array(GRID * GRID * 4);
  const pixels = width * height;
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * GRID) / height) * GRID;
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 3;
      const [r, g, b] = [rgb[i]!, rgb[i + 1]!, rgb[i + 2]!];
      histogram[(r >> 6) * STEPS * STEPS + (g >> 6) * STEPS + (b >> 6)]! += 1 / pixels;
      const at = (row + Math.floor((x * GRID) / width)) * 4;
      sums[at]! += r;
      sums[at + 1]! += g;
      sums[at + 2]! += b;
      sums[at + 3]! += 1;
    }
  }
  const grid = Array.from({ length: GRID * GRID }, (_, cell): Oklab => {
    const count = sums[4 * cell + 3]!;
    if (count === 0) return [0, 0, 0]; // a picture with fewer pixels than cells
    const mean = (k: number): number => Math.round(sums[4 * cell + k]! / count);
    return toOklab(mean(0), mean(1), mean(2));
  });
  return { histogram, grid };
}

/** 0 the same, about 1 nothing in common. */
export function difference(a: Signature, b: Signature): number {
  let colours = 0;
  for (let i = 0; i < a.histogram.length; i++) colours += Math.abs(a.histogram[i]! - b.histogram[i]!);
  let places = 0;
  for (const [i, colour] of a.grid.entries()) places += Math.sqrt(distance2(colour, b.grid[i]!));
  return 0.4 * Math.min(1, colours / 2) + 0.6 * Math.min(1, places / a.grid.length / 0.35);
}

export interface Shot {
  /** Seconds. */
  readonly start: number;
  readonly end: number;
  /** How it came from the one before. */
  readonly opening: "start" | "cut" | "fade";
}

/** A difference from here on is a cut wherever it is; a smaller one, from LEAST on, only where it stands out this many times. */
const CUT = 0.42;
const LEAST = 0.16;
const STANDS_OUT = 3.5;
/** Frames to each side that a difference is compared with. */
const AROUND = 4;
/** A frame belongs to a gradual change when it differs by this from the one before, and the whole change by this. */
const CREEP = 0.012;
const GRADUAL = 0.24;
/** A change that takes longer than this is a movement and no fade, seconds; one that is shorter is a cut. */
const LONGEST_FADE = 3;
/** Shots are not shorter than this, seconds: a flash is none. */
const SHORTEST = 0.3;

/** So near to a cut, seconds, what creeps is the start of a movement and no fade. */
const APART = 0.7;

interface Boundary {
  readonly time: number;
  readonly opening: "cut" | "fade";
}

/** Takes frame after frame in the order of their times; memory grows by one small number a frame. */
export class ShotDetector {
  private readonly times: number[] = [];
  /** Difference of each frame from the one before. */
  private readonly steps: number[] = [];
  private last: Signature | null = null;
  /** The latest signatures: half a second of them. */
  private readonly recent: Signature[] = [];
  /** Difference of each frame from the first of `recent`. */
  private readonly longSteps: number[] = [];
  private readonly stride: number;

  /** @param rate frames a second */
  constructor(rate: number) {
    this.stride = Math.max(2, Math.round(rate * 0.5));
  }

  add(time: number, signature: Signature): void {
    this.times.push(time);
    this.steps.push(this.last === null ? 0 : difference(this.last, signature));
    this.last = signature;
    this.recent.push(signature);
    if (this.recent.length > this.stride + 1) this.recent.shift();
    this.longSteps.push(difference(this.recent[0]!, signature));
  }

  /** @param end where the film ends, seconds */
  shots(end: number): Shot[] {
    const cuts = this.cuts();
    const fades = this.fades().filter(({ time }) => cuts.every((cut) => Math.abs(cut.time - time) >= APART));
    const bounds = [...cuts, ...fades].sort((a, b) => a.time - b.time);
    const starts: { time: number; opening: Shot["opening"] }[] = [{ time: this.times[0] ?? 0, opening: "start" }];
    for (const bound of bounds)
      if (bound.time - starts.at(-1)!.time >= SHORTEST && end - bound.time >= SHORTEST / 3) starts.push(bound);
    return starts.map(({ time, opening }, i) => ({ start: time, end: starts[i + 1]?.time ?? end, opening }));
  }

  private isCut(index: number): boolean {
    const step = this.steps[index]!;
    if (step < LEAST) return false;
    const around: number[] = [];
    for (let i = Math.max(1, index - AROUND); i <= Math.min(this.steps.length - 1, index + AROUND); i++)
      if (i !== index) around.push(this.steps[i]!);
    // A flash goes out and comes back at once: both its steps are large, and what follows is what was before.
    if (around.length > 0 && step <= Math.max(...around) * (step >= CUT ? 1.05 : 1.5)) return false;
    const mean = around.reduce((sum, value) => sum + value, 0) / Math.max(1, around.length);
    return step >= CUT ? step > 2 * mean : step > STANDS_OUT * Math.max(mean, 0.02);
  }

  private cuts(): Boundary[] {
    return this.times.flatMap((time, i) => (this.isCut(i) ? [{ time, opening: "cut" as const }] : []));
  }

  /**
   * Runs in which every step is seen and larger than the film's usual movement, between calmer frames on both sides, and that lead
   * somewhere else. The new shot begins in their middle.
   */
  private fades(): Boundary[] {
    const usual = [...this.steps].sort((a, b) => a - b)[Math.floor(this.steps.length / 2)] ?? 0;
    const least = Math.max(CREEP, 1.8 * usual);
    const isCreeping = (i: number): boolean => i < this.steps.length && this.steps[i]! >= least && !this.isCut(i);
    const found: Boundary[] = [];
    for (let from = 1; from < this.steps.length; from += 1) {
      if (!isCreeping(from)) continue;
      let to = from;
      // One step that is hardly seen does not end a fade.
      while (isCreeping(to + 1) || isCreeping(to + 2)) to += isCreeping(to + 1) ? 1 : 2;
      const length = this.times[to]! - this.times[from - 1]!;
      let most = 0;
      for (let i = from; i <= to; i++) most = Math.max(most, this.longSteps[i]!);
      const isAlone = from > 1 && to + 1 < this.steps.length && !this.isCut(from - 1) && !this.isCut(to + 1);
      if (to - from >= 2 && length <= LONGEST_FADE && most >= GRADUAL && isAlone)
        found.push({ time: this.times[Math.round((from + to) / 2)]!, opening: "fade" });
      from = to;
    }
    return found;
  }
}
