import "./queue.css";
import { Check, Clock3, ListOrdered, Pause, Play, Square, X } from "lucide-react";
import { useMemo } from "react";
import type { AnimateJob, QueueHold } from "../../core/contract/index.ts";
import { useItems, useSelect, useStudio } from "../state/context.ts";
import { attempt } from "../state/attempt.ts";
import { askingOf, queueOf, titleOf } from "../state/items.ts";
import { Button } from "../ui/Button.tsx";
import { formatSeconds, plural } from "../ui/format.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { etaWords, nameOf, phaseWords } from "../ui/words.ts";
import { mediaGroups, mediaWords } from "./queue-view.ts";

/** What is being made, how long it takes, and what waits behind it. */
export function QueueStrip() {
  const { actions, client, editUi, store } = useStudio();
  const jobs = useSelect((state) => state.jobs);
  const clips = useSelect((state) => state.clips);
  const items = useItems();
  const queue = useMemo(() => queueOf(jobs), [jobs]);
  const current = queue[0];
  const waiting = queue.filter((job) => job.state === "queued").length;
  const item = items.find(({ job }) => job?.id === current?.id);
  const asking = useMemo(() => askingOf(jobs), [jobs]);
  const media = useSelect((state) => state.media);
  const mediaJobs = useSelect((state) => state.mediaJobs);
  const doing = useMemo(() => mediaWords(mediaGroups(mediaJobs)), [mediaJobs]);
  if (!current || (!item && (current.kind === "generate" || current.kind === "animate"))) {
    const last = clips[0];
    const seconds = last ? Object.values(last.record.seconds).reduce((sum, value) => sum + value, 0) : null;
    return (
      <footer className="queue" aria-label="Queue">
        <span className="queue__idle">
          {doing ?? `No jobs.${seconds === null ? "" : ` The last one took ${formatSeconds(seconds)}.`}`}
        </span>
        <span className="queue__space" />
        <Asking jobs={asking} />
        <QueueButtons />
      </footer>
    );
  }
  const title = item ? titleOf(item, media) : nameOf(current).replace(/^“|”$/g, "");
  const show = () =>
    item ? actions.select(item.key) : editUi.setState({ workspace: current.kind === "export" ? "export" : "models" });
  const stop = () =>
    item
      ? actions.cancel(item)
      : attempt(store, async () => void (await client.call("jobs.cancel", { id: current.id })));
  const { progress } = current;
  const eta = etaWords(progress);
  const behind = current.state === "queued" ? waiting - 1 : waiting;
  return (
    <footer className="queue" aria-label="Queue">
      {current.state === "running" ? <Spinner /> : <Clock3 size={14} aria-hidden />}
      <button type="button" className="queue__prompt" title="Show this" onClick={show}>
        {title}
      </button>
      {progress.fraction > 0 ? (
        <>
          <progress
            className="progress queue__bar"
            aria-label="Progress of the job"
            max={1}
            value={progress.fraction}
          />
          <span className="queue__percent mono">{Math.round(progress.fraction * 100)} %</span>
        </>
      ) : null}
      <span className="queue__phase">{phaseWords(progress)}</span>
      {eta ? <span className="queue__eta">{eta}</span> : null}
      <span className="queue__space" />
      <Asking jobs={asking} />
      {behind > 0 ? (
        <>
          <span className="queue__waiting">{plural(behind, "job")} waiting</span>
          <Button kind="quiet" icon={<X size={13} aria-hidden />} onClick={() => void actions.cancelWaiting()}>
            Clear waiting
          </Button>
        </>
      ) : null}
      <Button kind="quiet" icon={<Square size={11} fill="currentColor" aria-hidden />} onClick={() => void stop()}>
        Stop
      </Button>
      <QueueButtons />
    </footer>
  );
}

/** What holds the queue, and the way to all of it. */
function QueueButtons() {
  const { queueActions } = useStudio();
  const isShown = useSelect((state) => state.showsQueue);
  const hold = useSelect((state) => state.queue.hold);
  return (
    <>
      {hold === null ? (
        <Button
          kind="quiet"
          label="Pause the queue (Ctrl .)"
          icon={<Pause size={13} aria-hidden />}
          onClick={() => void queueActions.toggle()}
        />
      ) : (
        <Button
          title={hold.message}
          icon={<Play size={13} aria-hidden />}
          className="queue__held"
          onClick={() => void queueActions.toggle()}
        >
          {holdWords(hold)}
        </Button>
      )}
      <Button
        kind="quiet"
        aria-expanded={isShown}
        icon={<ListOrdered size={14} aria-hidden />}
        onClick={() => queueActions.show()}
      >
        Queue
      </Button>
    </>
  );
}

/** Jobs that wait for the user's word stand aside; here they are not forgotten. */
function Asking({ jobs }: { readonly jobs: readonly AnimateJob[] }) {
  const { actions } = useStudio();
  const open = useSelect((state) => state.lane?.job);
  const [first] = jobs;
  if (!first || (jobs.length === 1 && open === first.id)) return null;
  return (
    <Button icon={<Check size={13} aria-hidden />} onClick={() => actions.animations.openJob(first)}>
      {jobs.length === 1 ? "Keyframes to look at" : `${jobs.length} clips have keyframes to look at`}
    </Button>
  );
}

function holdWords({ by, only }: QueueHold): string {
  if (by === "user") return "Queue paused: resume";
  return only === undefined ? "Queue stopped: resume" : "Looking stopped: resume";
}
