import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { MeasuredRun } from "../../../core/planner/index.ts";
import { replaceFile } from "../files.ts";

const phase = z.enum(["text", "denoise", "decode"]);
const runSchema = z.object({
  model: z.string(),
  engine: z.string(),
  size: z.string(),
  phases: z.array(z.object({ phase, units: z.number(), flops: z.number(), seconds: z.number() })),
  otherSeconds: z.number(),
  peakBytes: z.number(),
  plannedBytes: z.number(),
});
const fileSchema = z.object({ schema: z.literal("plume.timings/1"), runs: z.array(runSchema) });

/** Runs that are kept; a file of this many has some 100 kB. */
const KEPT = 300;

/** How long clips took on this computer, in one small file; newest last. */
export class Timings {
  private readonly file: string;
  private readonly log: (line: string) => void;
  private known: Promise<readonly MeasuredRun[]> | null = null;
  private writing: Promise<void> = Promise.resolve();

  constructor(file: string, log: (line: string) => void) {
    this.file = file;
    this.log = log;
  }

  runs(): Promise<readonly MeasuredRun[]> {
    this.known ??= this.read();
    return this.known;
  }

  /** Never rejects: a time that could not be written down is measured again. */
  async add(run: MeasuredRun): Promise<void> {
    this.known = this.runs().then((runs) => [...runs, run].slice(-KEPT));
    const runs = await this.known;
    this.writing = this.writing
      .then(() => replaceFile(this.file, `${JSON.stringify({ schema: "plume.timings/1", runs })}\n`))
      .catch((error: unknown) => this.log(`timings: ${String(error)}`));
    await this.writing;
  }

  private async read(): Promise<readonly MeasuredRun[]> {
    const text = await readFile(this.file, "utf8").catch(() => null);
    if (text === null) return [];
    try {
      return fileSchema.parse(JSON.parse(text)).runs;
    } catch (error) {
      this.log(`timings: the file cannot be read and is begun anew: ${String(error)}`);
      return [];
    }
  }
}
