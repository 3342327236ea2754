import { Check, CornerDownLeft, Pause, Play, RefreshCw, Square, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { AnimateJob } from "../../core/contract/index.ts";
import { useItems, useSelect, useStudio } from "../state/context.ts";
import type { AnimateItem } from "../state/items.ts";
import { animators, type Lane, measuredAnimation } from "../state/lane.ts";
import { Button } from "../ui/Button.tsx";
import { formatEstimate } from "../ui/format.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { etaWords, phaseWords } from "../ui/words.ts";

interface Props {
  readonly lane: Lane;
  readonly job: AnimateJob | null;
}

/** What is going on and the one thing to do next. */
export function Footer({ lane, job }: Props) {
  if (job === null || job.state === "done" || job.state === "failed" || job.state === "cancelled")
    return <Ready lane={lane} job={job} />;
  if (job.state === "waiting") return <Approval lane={lane} job={job} />;
  return <Working job={job} />;
}

const Row = ({ children }: { readonly children: ReactNode }) => <footer className="animate__foot">{children}</footer>;

function Ready({ lane, job }: Props) {
  const { actions } = useStudio();
  const clips = useSelect((state) => state.clips);
  const hasModel = useSelect((state) => animators(state.models).length > 0);
  const problem = lane.problem ?? (job?.state === "failed" ? job.error : null);
  const seconds = measuredAnimation(clips, lane);
  const isDone = job?.state === "done";
  const hint = isDone
    ? "Finished, and kept among your clips. Space plays it with its sound."
    : (lane.analysis?.note ??
      (seconds === null
        ? "Drag the diamonds to where the picture should move; the rest follows the curve."
        : `Takes ${formatEstimate(seconds * 1000)}, as measured on your last one like this.`));
  return (
    <Row>
      {problem ? (
        <p className="animate__message animate__message--problem" role="alert">
          <TriangleAlert size={14} aria-hidden />
          {problem.message}
        </p>
      ) : (
        <p className="animate__message">{hint}</p>
      )}
      {job?.state === "failed" ? (
        <Button onClick={() => void actions.animations.retryJob(job)}>Retry from where it was</Button>
      ) : null}
      <Button
        kind={isDone ? "plain" : "primary"}
        className="animate__go"
        label="Animate (Ctrl Enter)"
        disabled={!hasModel || lane.busy === "listening"}
        onClick={() => void actions.animations.animate()}
      >
        {isDone ? "Animate again" : "Animate"}
        <CornerDownLeft size={14} aria-hidden />
      </Button>
    </Row>
  );
}

function Approval({ lane, job }: { readonly lane: Lane; readonly job: AnimateJob }) {
  const { actions } = useStudio();
  const { animations } = actions;
  const item = useItems().find((each): each is AnimateItem => each.kind === "animate" && each.job?.id === job.id);
  const stale = job.keyframes.flatMap(({ isStale }, place) => (isStale ? [place] : []));
  const isNewPrompt = lane.prompt !== (job.request.rolls.at(-1)?.prompt ?? job.request.prompt);
  return (
    <Row>
      <p className="animate__message">
        {isNewPrompt
          ? "The words have changed: draw keyframes again to use them."
          : stale.length > 0
            ? "The marked keyframes begin from one that was drawn anew: draw them again too, or accept them as they are."
            : "Do these keyframes please you? The motion between them takes the most time."}
      </p>
      <Button
        kind="quiet"
        onClick={() => {
          if (item) void actions.cancel(item);
          animations.editLane({ job: null });
        }}
      >
        Change the diamonds
      </Button>
      {stale.length > 0 ? (
        <Button icon={<RefreshCw size={14} aria-hidden />} onClick={() => void animations.reroll(job, stale)}>
          Draw the {stale.length} marked again
        </Button>
      ) : null}
      <Button
        icon={<RefreshCw size={14} aria-hidden />}
        onClick={() => void animations.reroll(job, null, isNewPrompt ? lane.prompt : undefined)}
      >
        Draw all again
      </Button>
      <Button
        kind="primary"
        className="animate__go"
        icon={<Check size={15} aria-hidden />}
        onClick={() => void animations.approve(job)}
      >
        Accept all
      </Button>
    </Row>
  );
}

function Working({ job }: { readonly job: AnimateJob }) {
  const { actions } = useStudio();
  const { animations } = actions;
  const item = useItems().find((each) => each.job?.id === job.id);
  const { progress } = job;
  const isPaused = job.state === "paused";
  const stage = job.stage === "motion" ? "Motion" : "Keyframes";
  const eta = etaWords(progress);
  return (
    <Row>
      <p className="animate__message">
        {isPaused ? <Pause size={14} aria-hidden /> : <Spinner />}
        {isPaused
          ? "Paused. What was computed is kept."
          : job.state === "queued"
            ? "Waits for its turn."
            : `${stage} · ${phaseWords(progress)}${eta ? ` · ${eta}` : ""}`}
      </p>
      <progress
        className="progress animate__bar"
        aria-label="Progress of the animation"
        max={1}
        value={progress.fraction}
      />
      <span className="mono animate__percent">{Math.round(progress.fraction * 100)} %</span>
      {isPaused ? (
        <Button icon={<Play size={13} aria-hidden />} onClick={() => void animations.resume(job.id)}>
          Resume
        </Button>
      ) : (
        <Button icon={<Pause size={13} aria-hidden />} onClick={() => void animations.pause(job.id)}>
          Pause
        </Button>
      )}
      <Button
        kind="quiet"
        icon={<Square size={11} fill="currentColor" aria-hidden />}
        onClick={() => item && void actions.cancel(item)}
      >
        Stop
      </Button>
    </Row>
  );
}
