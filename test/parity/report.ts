/** Collects the outcome of every case and prints one line for each. */
import { compare, type CompareOptions } from "./compare.ts";
import type { Tolerance } from "./tolerance.ts";

export interface Outcome {
  readonly name: string;
  readonly passed: boolean;
  readonly tightMissed: boolean;
  readonly error: string;
  readonly tolerance: string;
}

export class Report {
  readonly outcomes: Outcome[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  get passed(): number {
    return this.outcomes.filter((outcome) => outcome.passed).length;
  }

  get failed(): number {
    return this.outcomes.length - this.passed;
  }

  add(outcome: Outcome): void {
    this.outcomes.push(outcome);
    const { name, passed, tightMissed, error, tolerance } = outcome;
    const allowed = tolerance === "" ? "" : ` (allowed: ${tolerance})`;
    const note = tightMissed ? "; the tight bound is missed" : "";
    this.#print(`${passed ? "pass" : "FAIL"}  ${name}: ${error}${allowed}${note}`);
  }

  /** Compares numbers with a golden within a tolerance. */
  check(
    name: string,
    actual: ArrayLike<number>,
    expected: ArrayLike<number>,
    tolerance: Tolerance,
    options: CompareOptions = {},
  ): void {
    this.add({ name, ...compare(actual, expected, tolerance, options) });
  }

  /** A yes-or-no case; `problem` is null when all is well. */
  verdict(name: string, problem: string | null): void {
    this.add({ name, passed: problem === null, tightMissed: false, error: problem ?? "as expected", tolerance: "" });
  }

  /** Runs the checks of one case or group; what they throw becomes a failed case, and the run goes on. */
  async guard(name: string, work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.verdict(name, error instanceof Error ? error.message.replaceAll(/\s+/gu, " ") : String(error));
    }
  }
}
