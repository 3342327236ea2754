import "./queue-panel.css";
import { Bell, BellOff, ChevronDown, Grid3x3, ListPlus, Pause, Play, Sparkles, TriangleAlert, X } from "lucide-react";
import { useMemo, useState } from "react";
import type { GenerateJob, JobSnapshot, MediaJob } from "../../core/contract/index.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { queueOf } from "../state/items.ts";
import { Button } from "../ui/Button.tsx";
import { formatEstimate, plural } from "../ui/format.ts";
import { BatchSheet } from "./BatchSheet.tsx";
import { ListForm } from "./ListForm.tsx";
import { MediaRows } from "./MediaRows.tsx";
import { QueueRow } from "./QueueRow.tsx";
import { isComputing, type MediaGroup, mediaGroups, queueView } from "./queue-view.ts";
import { SweepForm } from "./SweepForm.tsx";

type Sheet = { readonly kind: "list" | "sweep" } | { readonly kind: "batch"; readonly batch: string };

/** Word of work that ends while nobody looks; the desktop shell has its own. */
function NoticesButton() {
  const { notices } = useStudio();
  const [state, setState] = useState(notices.state);
  if (state === null) return null;
  return (
    <Button
      kind="quiet"
      icon={state === "on" ? <Bell size={14} aria-hidden /> : <BellOff size={14} aria-hidden />}
      label="Tell me when something is done and I look elsewhere"
      aria-pressed={state === "on"}
      off={state === "denied" ? "The browser does not allow notifications here: allow them in its settings." : null}
      onClick={() => void notices.toggle().then(() => setState(notices.state))}
    />
  );
}

/** The whole queue: what is made, what waits, in which order, and what has ended. Lies over the bottom of every workspace. */
export function QueuePanel() {
  const { queueActions } = useStudio();
  const isShown = useSelect((state) => state.showsQueue);
  const jobs = useSelect((state) => state.jobs);
  const mediaJobs = useSelect((state) => state.mediaJobs);
  const queue = useSelect((state) => state.queue);
  const view = useMemo(() => queueView(jobs), [jobs]);
  const [sheet, setSheet] = useState<Sheet | null>(null);
  const [dragged, setDragged] = useState<string | null>(null);
  const groups = useMemo(() => (isShown ? mediaGroups(mediaJobs) : []), [isShown, mediaJobs]);
  if (!isShown) return null;
  const { line, aside, ended } = view;
  const batches = new Map(jobs.flatMap((job) => (job.batch === null ? [] : [[job.batch, batchOf(jobs, job.batch)]])));
  const openBatch = (batch: string) => setSheet({ kind: "batch", batch });
  const row = (job: JobSnapshot) => (
    <QueueRow
      key={job.id}
      job={job}
      line={line}
      dragged={dragged}
      onDrag={setDragged}
      batch={job.batch === null ? null : (batches.get(job.batch)?.length ?? null)}
      onBatch={openBatch}
    />
  );
  return (
    <section className="queue-panel" aria-label="Queue, all jobs">
      <header className="queue-panel__head">
        <h2 className="queue-panel__title">Queue</h2>
        <span className="queue-panel__sum">{sumOf(line, groups)}</span>
        <span className="queue__space" />
        <Button kind="quiet" icon={<ListPlus size={14} aria-hidden />} onClick={() => setSheet({ kind: "list" })}>
          Prompt list
        </Button>
        <Button kind="quiet" icon={<Grid3x3 size={14} aria-hidden />} onClick={() => setSheet({ kind: "sweep" })}>
          Sweep
        </Button>
        <Button
          kind={queue.hold === null ? "plain" : "primary"}
          icon={queue.hold === null ? <Pause size={13} aria-hidden /> : <Play size={13} aria-hidden />}
          onClick={() => void queueActions.toggle()}
        >
          {queue.hold === null ? "Pause all" : "Resume"}
        </Button>
        <NoticesButton />
        <Button
          kind="quiet"
          label="Close the queue"
          icon={<ChevronDown size={16} aria-hidden />}
          onClick={() => queueActions.show(false)}
        />
      </header>
      {queue.hold === null ? null : (
        <output className="queue-panel__hold" data-by={queue.hold.by}>
          {queue.hold.by === "deaths" ? <TriangleAlert size={14} aria-hidden /> : <Pause size={13} aria-hidden />}
          {queue.hold.message}
        </output>
      )}
      <div className="queue-panel__lists">
        {line.length + aside.length + ended.length + groups.length === 0 ? (
          <p className="queue-panel__empty">
            <Sparkles size={15} aria-hidden />
            No jobs. Write a sentence and press Enter, or drop a list of prompts here with “Prompt list”.
          </p>
        ) : null}
        {line.length > 0 ? (
          <ol className="queue-panel__list" aria-label="Being made and waiting">
            {line.map(row)}
          </ol>
        ) : null}
        {aside.length > 0 ? (
          <>
            <h3 className="queue-panel__section">Paused, or waiting for you</h3>
            <ol className="queue-panel__list">{aside.map(row)}</ol>
          </>
        ) : null}
        {groups.length > 0 ? (
          <MediaRows
            groups={groups}
            line={queueOf(mediaJobs) as readonly MediaJob[]}
            dragged={dragged}
            onDrag={setDragged}
            isComputing={isComputing(jobs)}
          />
        ) : null}
        {ended.length > 0 ? (
          <>
            <h3 className="queue-panel__section">
              Ended
              <Button kind="quiet" icon={<X size={12} aria-hidden />} onClick={() => void queueActions.dismissEnded()}>
                Clear
              </Button>
            </h3>
            <ol className="queue-panel__list">{ended.map(row)}</ol>
          </>
        ) : null}
      </div>
      {sheet?.kind === "list" ? <ListForm onClose={() => setSheet(null)} /> : null}
      {sheet?.kind === "sweep" ? <SweepForm onClose={() => setSheet(null)} /> : null}
      {sheet?.kind === "batch" ? (
        <BatchSheet jobs={batches.get(sheet.batch) ?? []} onClose={() => setSheet(null)} />
      ) : null}
    </section>
  );
}

const batchOf = (jobs: readonly JobSnapshot[], batch: string): GenerateJob[] =>
  jobs.filter((job): job is GenerateJob => job.kind === "generate" && job.batch === batch);

/** "3 jobs, about 4 min left of the first" */
function sumOf(line: readonly JobSnapshot[], groups: readonly MediaGroup[]): string {
  if (line.length === 0) return groups.some(({ state }) => state !== "ended") ? "Only work on media" : "Nothing to do";
  const eta = line[0]!.progress.etaMs;
  return `${plural(line.length, "job")}${eta === null ? "" : ` · ${formatEstimate(eta)} left of the first`}`;
}
