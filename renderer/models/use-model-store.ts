import { useCallback, useEffect, useMemo, useState } from "react";
import type { JobSnapshot, ModelJob, ModelStore } from "../../core/contract/index.ts";
import { attempt } from "../state/attempt.ts";
import { useSelect, useStudio } from "../state/context.ts";

const isModelJob = (job: JobSnapshot): job is ModelJob => job.kind === "download" || job.kind === "convert";

/** What can be had, asked again whenever a model comes or goes or a job on one changes its state. */
export function useModelStore(): { readonly store: ModelStore | null; readonly refresh: () => void } {
  const { client, store: state } = useStudio();
  const [store, setStore] = useState<ModelStore | null>(null);
  const models = useSelect((now) => now.models);
  const jobs = useSelect((now) => now.jobs);
  const states = useMemo(
    () =>
      jobs
        .filter(isModelJob)
        .map(({ id, state: each }) => `${id} ${each}`)
        .join(),
    [jobs],
  );
  const refresh = useCallback(
    () => void attempt(state, async () => setStore(await client.call("models.catalogue", {}))),
    [client, state],
  );
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- models and states are what makes the answer old
  useEffect(refresh, [refresh, models, states]);
  return { store, refresh };
}

/** The job that an entry waits for: the running one, else the first that has not ended, else one that failed last. */
export function useEntryJob(id: string): ModelJob | null {
  const jobs = useSelect((state) => state.jobs);
  return useMemo(() => {
    const own = jobs.filter((job): job is ModelJob => isModelJob(job) && job.request["entry"] === id);
    const open = own.filter(({ state }) => state === "running" || state === "queued" || state === "paused");
    const failed = own.findLast(({ state }) => state !== "done");
    const last = own.at(-1);
    // A conversion that failed because its download did says nothing of its own.
    const reason = own.findLast(({ state, kind }) => state === "failed" && kind === "download");
    return (
      open.find(({ state }) => state === "running") ??
      open[0] ??
      (last?.state === "failed" || last?.state === "cancelled" ? (reason ?? failed ?? null) : null)
    );
  }, [jobs, id]);
}
