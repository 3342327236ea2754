import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { JobSnapshot } from "../../../core/contract/index.ts";
import { hasEnded } from "../jobs/queue.ts";

/** Removes work folders whose job is unknown, or ended in a way from which nothing goes on: a killed studio leaves them. */
export async function sweepWork(root: string, jobs: readonly JobSnapshot[]): Promise<void> {
  const kept = new Set(jobs.filter((job) => !hasEnded(job) || job.state === "failed").map(({ id }) => id));
  for (const name of await readdir(root).catch(() => []))
    if (!kept.has(name)) await rm(join(root, name), { recursive: true, force: true });
}
