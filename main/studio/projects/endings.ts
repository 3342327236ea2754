import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { JobSnapshot } from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";

/** How a job ended: the clip that it made, or why it made none. */
const endingSchema = z.object({ job: z.string(), clip: z.string().nullable(), problem: z.string().nullable() });
export type Ending = z.infer<typeof endingSchema>;

/** More are not remembered; a project that waits longer says that nobody knows any more. */
const REMEMBERED = 5000;

export const endingOf = (job: JobSnapshot): Ending => ({
  job: job.id,
  clip: job.clip?.id ?? null,
  problem: job.clip === null ? (job.error?.message ?? "The work was cancelled.").slice(0, 2000) : null,
});

/**
 * How jobs ended, for projects that were closed meanwhile: the queue forgets a job when it is taken off its list, a timeline may wait for
 * it much longer.
 */
export class Endings {
  private readonly file: string | null;
  private known: Map<string, Ending> | null = null;
  private turn: Promise<unknown> = Promise.resolve();

  /** @param file null: of a studio for one command, which nobody comes back to */
  constructor(file: string | null) {
    this.file = file;
  }

  note(ending: Ending): Promise<void> {
    return this.inTurn(async () => {
      const known = await this.read();
      known.set(ending.job, ending);
      for (const old of known.keys()) if (known.size > REMEMBERED) known.delete(old);
      if (this.file !== null) await replaceFile(this.file, JSON.stringify([...known.values()]));
    });
  }

  /** Resolves when what was noted is on disk, or could not be. */
  async written(): Promise<void> {
    await this.turn;
  }

  find(job: string): Promise<Ending | null> {
    return this.inTurn(async () => (await this.read()).get(job) ?? null);
  }

  private async read(): Promise<Map<string, Ending>> {
    if (this.known === null) {
      const text = this.file === null ? "[]" : await readFile(this.file, "utf8").catch(() => "[]");
      this.known = new Map(parse(text).map((ending) => [ending.job, ending]));
    }
    return this.known;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => {});
    return done;
  }
}

function parse(text: string): Ending[] {
  try {
    return z.array(endingSchema).parse(JSON.parse(text));
  } catch {
    return []; // half-written by nobody, but better forgotten than in the way
  }
}
