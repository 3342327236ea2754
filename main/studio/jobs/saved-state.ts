import { createHash } from "node:crypto";
import { access, mkdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { replaceFile } from "../files.ts";

/** What a sampler wrote down so that an interrupted run goes on from there. */
export interface SavedState {
  /** Path of the state, or null where none was saved. */
  file(): Promise<string | null>;
  put(bytes: Uint8Array): Promise<void>;
  drop(): Promise<void>;
}

/** The state of one task in a job's work folder: named by all that decides the task, so that it can never be taken for another's. */
export function savedState(folder: string, task: unknown): SavedState {
  const name = createHash("sha256").update(JSON.stringify(task)).digest("hex").slice(0, 24);
  const file = join(folder, `state-${name}.bin`);
  return {
    file: async () =>
      access(file).then(
        () => file,
        () => null,
      ),
    async put(bytes) {
      await mkdir(dirname(file), { recursive: true });
      await replaceFile(file, bytes);
    },
    drop: () => unlink(file).catch(() => {}), // never saved
  };
}
