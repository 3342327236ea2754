/** What every benchmark gets from the command line. */
export interface BenchContext {
  readonly threads: number;
  /** Words after the name, e.g. `--frames 16`. */
  readonly args: readonly string[];
  readonly say: (line: string) => void;
}

/** The number after an option. Exits with a sentence when it is none. */
export function numberAfter(args: readonly string[], option: string): number | undefined {
  const at = args.indexOf(option);
  if (at < 0) return undefined;
  const value = Number(args[at + 1]);
  if (Number.isInteger(value) && value > 0) return value;
  process.stderr.write(`${option} needs a whole number above 0.\n`);
  process.exit(2);
}
