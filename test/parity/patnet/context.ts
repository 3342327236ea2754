/** What every group of checks is given. */
import type { GoldenFile } from "../golden-folder.ts";
import type { Report } from "../report.ts";
import type { GoldenEntry } from "./manifest.ts";

export interface Case {
  readonly report: Report;
  /** Path of the file in the folder, and its name there without the ending: the name of its cases. */
  readonly path: string;
  readonly stem: string;
  readonly entry: GoldenEntry;
  /** Absolute path of another file of the folder, which counts as used from then on. */
  readonly file: (path: string) => string;
  /** Paths that the manifest names. */
  readonly paths: readonly string[];
}

/** All that one golden file asks for. */
export type Check = (golden: Case, tensors: GoldenFile) => Promise<void>;

/** For tensors that cross zero: the error relative to the largest value. */
export const LARGEST = { relative: "largest" } as const;
