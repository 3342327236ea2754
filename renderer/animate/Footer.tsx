import { Check, CornerDownLeft, Pause, Play, RefreshCw, Square, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { AnimateJob, PictureMedia } from "../../core/contract/index.ts";
import { useItems, useSelect, useStudio } from "../state/context.ts";
import type { AnimateItem } from "../state/items.ts";
import { PlanLine, planWords } from "../plan/PlanLine.tsx";
import { usePlans } from "../plan/use-plan.ts";
import { animators, type Lane, laneSize } from "../state/lane.ts";
import { Button } from "../ui/Button.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { etaWords, phaseWords } from "../ui/words.ts";

interface Props {
  readonly lane: Lane;
  readonly picture: PictureMedia;
  readonly job: AnimateJob | null;
}

/** What is going on and the one thing to do next. */
export function Footer({ lane, picture, job }: Props) {
  if (job === null || job.state === "done" || job.state === "failed" || job.state === "cancelled")
    return <Ready lane={lane} picture={picture} job={job} />;
  if (job.state === "waiting") return <Approval lane={lane} job={job} />;
  return <Working job={job} />;
}

const Row = ({ children }: { readonly children: ReactNode }) => <footer className="animate__foot">{children}</footer>;

function Ready({ lane, picture, job }: Props) {
  const { actions } = useStudio();
  const model = useSelect((state) => animators(state.models)[0]);
  const plan =
    usePlans(
      model
        ? [
            {
              kind: "animate",
              request: {
                model: model.id,
                ...laneSize(lane, model, picture),
                frames: lane.range.frames,
                preset: lane.preset ?? undefined,
              },
            },
          ]
        : [],
    )?.[0] ?? null;
  const problem = lane.problem ?? (job?.state === "failed" ? job.error : null);
  const isDone = job?.state === "done";
  const hint = isDone
    ? "Finished, and kept among your clips. Space plays it with its sound."
    : (lane.analysis?.note ?? "Drag the diamonds to where the picture should move; the rest follows the curve.");
  const off = model
    ? lane.busy === "listening"
      ? "The studio still listens to the sound: a moment, please."
      : null
    : "No model that animates pictures is installed: get KeyVID in Models (Alt+4).";
  return (
    <Row>
      {problem ? (
        <p className="animate__message animate__message--problem" role="alert">
          <TriangleAlert size={14} aria-hidden />
          {problem.message}
        </p>
      ) : (
        <p className="animate__message">
          <span>
            {hint}
            {plan && !isDone ? (
              <span className="animate__plan">
                <PlanLine
                  plan={plan}
                  onAdvice={({ width, height }) =>
                    width && height && actions.animations.editLane({ size: { width, height }, job: null })
                  }
                />
              </span>
            ) : null}
          </span>
        </p>
      )}
      {job?.state === "failed" ? (
        <Button onClick={() => void actions.animations.retryJob(job)}>Retry from where it was</Button>
      ) : null}
      <Button
        kind={isDone ? "plain" : "primary"}
        className="animate__go"
        label={plan ? `Animate (Ctrl Enter): ${planWords(plan)}` : "Animate (Ctrl Enter)"}
        off={off}
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
