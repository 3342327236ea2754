import { readFile } from "node:fs/promises";
import { type PlannerSettings, plannerSettingsSchema } from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";

const initial: PlannerSettings = { device: "auto", memoryBytes: null };

/** Where models are to run and how much memory they may take, kept in the data folder; read anew each time, as a command may change it. */
export class PlannerSettingsFile {
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** What is damaged or of another version counts as not set. */
  async read(): Promise<PlannerSettings> {
    try {
      const values = plannerSettingsSchema.partial().parse(JSON.parse(await readFile(this.file, "utf8")));
      return { device: values.device ?? initial.device, memoryBytes: values.memoryBytes ?? initial.memoryBytes };
    } catch {
      return initial;
    }
  }

  /** Errors: OUTPUT_UNWRITABLE, DISK_FULL. */
  async change(change: Partial<PlannerSettings>): Promise<void> {
    await replaceFile(this.file, `${JSON.stringify({ ...(await this.read()), ...change }, null, 2)}\n`);
  }
}
