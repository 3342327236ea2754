/* oxlint-disable jsx-a11y/no-noninteractive-element-interactions -- rows take what is dropped on them; the handle moves them by keys */
import {
  Copy,
  Download,
  Eye,
  Film,
  GripVertical,
  Grid3x3,
  MonitorPlay,
  Pause,
  Play,
  RotateCcw,
  Settings2,
  Sparkle,
  AudioLines,
  X,
  ScanEye,
} from "lucide-react";
import { type DragEvent, type KeyboardEvent, useState } from "react";
import { Popover } from "radix-ui";
import {
  isMediaJob,
  type JobKind,
  type JobSnapshot,
  type Priority,
  prioritySchema,
} from "../../core/contract/index.ts";
import { useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { etaWords, nameOf, phaseWords } from "../ui/words.ts";
import { DuplicateForm } from "./DuplicateForm.tsx";
import { placeAfterMove } from "./queue-view.ts";

interface Props {
  readonly job: JobSnapshot;
  /** Everything that is made or waits, in order. */
  readonly line: readonly JobSnapshot[];
  /** The job that is being dragged. */
  readonly dragged: string | null;
  readonly onDrag: (id: string | null) => void;
  /** Clips that were queued with this one; null: it was queued alone. */
  readonly batch: number | null;
  readonly onBatch: (batch: string) => void;
  /** What it waits for beside its turn, in a sentence. */
  readonly waits?: string | null;
}

const icons: Readonly<Record<JobKind, typeof Sparkle>> = {
  generate: Sparkle,
  animate: AudioLines,
  export: Film,
  download: Download,
  convert: Settings2,
  proxy: MonitorPlay,
  analysis: Eye,
  follow: ScanEye,
};
export const priorityWords: Readonly<Record<Priority, string>> = { high: "First", normal: "Normal", low: "Last" };

/** One job, and everything that can be done with it. */
export function QueueRow({ job, line, dragged, onDrag, batch, onBatch, waits = null }: Props) {
  const { queueActions } = useStudio();
  const [isOver, setOver] = useState(false);
  const { id, state } = job;
  const name = nameOf(job);
  const isWaiting = state === "queued";
  const Icon = icons[job.kind];

  function onKeyDown(event: KeyboardEvent) {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    event.stopPropagation();
    const before = placeAfterMove(line, id, event.key === "ArrowUp" ? -1 : 1);
    if (before !== undefined) void queueActions.move(id, before);
  }
  function onDragOver(event: DragEvent) {
    if (dragged === null || dragged === id || !isWaiting || !line.some((each) => each.id === dragged)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    setOver(true);
  }
  function onDrop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    if (dragged !== null) void queueActions.move(dragged, id);
    onDrag(null);
  }
  return (
    <li
      className="queue-row"
      data-job={id}
      data-kind={job.kind}
      data-state={state}
      data-over={isOver}
      data-dragged={dragged === id}
      onDragOver={onDragOver}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      {isWaiting ? (
        <button
          type="button"
          className="queue-row__handle"
          draggable
          aria-label={`Move ${name}: Alt and the arrow keys up and down`}
          title="Drag to another place, or Alt+↑ and Alt+↓"
          onKeyDown={onKeyDown}
          onDragStart={(event) => {
            event.dataTransfer.setData("text/plain", id);
            event.dataTransfer.effectAllowed = "move";
            onDrag(id);
          }}
          onDragEnd={() => onDrag(null)}
        >
          <GripVertical size={14} aria-hidden />
        </button>
      ) : (
        <span />
      )}
      <Icon size={14} aria-hidden className="queue-row__icon" />
      <div className="queue-row__words">
        <span className="queue-row__name" title={name}>
          {name.replace(/^“|”$/g, "")}
        </span>
        <span className="queue-row__facts">{factsOf(job)}</span>
      </div>
      <State job={job} waits={waits} />
      {isWaiting ? (
        <select
          className="field queue-row__priority"
          aria-label={`Priority of ${name}`}
          value={job.priority}
          onChange={(event) => void queueActions.prioritize(id, prioritySchema.parse(event.target.value))}
        >
          {prioritySchema.options.map((each) => (
            <option key={each} value={each}>
              {priorityWords[each]}
            </option>
          ))}
        </select>
      ) : (
        <span />
      )}
      <div className="queue-row__buttons">
        {batch !== null && batch > 1 && job.batch !== null ? (
          <Button
            kind="quiet"
            label={`Compare the ${batch} clips that were queued together`}
            icon={<Grid3x3 size={14} aria-hidden />}
            onClick={() => onBatch(job.batch!)}
          />
        ) : null}
        {job.kind === "generate" ? (
          <Popover.Root>
            <Popover.Trigger asChild>
              <Button kind="quiet" label={`Duplicate ${name} with changes`} icon={<Copy size={13} aria-hidden />} />
            </Popover.Trigger>
            <Popover.Portal>
              <Popover.Content
                className="popover popover--duplicate"
                side="top"
                align="end"
                sideOffset={6}
                collisionPadding={12}
                aria-label="Duplicate with changes"
              >
                <DuplicateForm job={job} />
              </Popover.Content>
            </Popover.Portal>
          </Popover.Root>
        ) : null}
        <Steering job={job} name={name} />
      </div>
    </li>
  );
}

/** Pause, resume, try again, stop or take away: whatever this job can do now. */
function Steering({ job, name }: { readonly job: JobSnapshot; readonly name: string }) {
  const { queueActions } = useStudio();
  const { id, state } = job;
  if (state === "queued" || state === "running")
    return (
      <>
        {job.waitsFor === null ? null : (
          <Button
            kind="quiet"
            label={`Begin ${name} in spite of that`}
            icon={<Play size={13} aria-hidden />}
            onClick={() => void queueActions.resume(id)}
          />
        )}
        <Button
          kind="quiet"
          label={`Pause ${name}`}
          icon={<Pause size={13} aria-hidden />}
          onClick={() => void queueActions.pause(id)}
        />
        <Button
          kind="quiet"
          label={`Stop ${name}`}
          icon={<X size={14} aria-hidden />}
          onClick={() => void queueActions.cancel(id)}
        />
      </>
    );
  if (state === "paused" || state === "waiting")
    return (
      <>
        {state === "paused" ? (
          <Button
            kind="quiet"
            label={`Resume ${name}`}
            icon={<Play size={13} aria-hidden />}
            onClick={() => void queueActions.resume(id)}
          />
        ) : null}
        <Button
          kind="quiet"
          label={`Stop ${name}`}
          icon={<X size={14} aria-hidden />}
          onClick={() => void queueActions.cancel(id)}
        />
      </>
    );
  return (
    <>
      {state === "done" ? null : (
        <Button
          kind="quiet"
          label={`Retry ${name}`}
          icon={<RotateCcw size={13} aria-hidden />}
          onClick={() => void queueActions.retry(id)}
        />
      )}
      <Button
        kind="quiet"
        label={`Take ${name} off the list`}
        icon={<X size={14} aria-hidden />}
        onClick={() => void queueActions.dismiss(id)}
      />
    </>
  );
}

function State({ job, waits }: { readonly job: JobSnapshot; readonly waits: string | null }) {
  const { state, progress, error, interruptions } = job;
  if (state === "running")
    return (
      <div className="queue-row__state">
        <progress
          className="progress queue-row__bar"
          aria-label={`Progress of ${nameOf(job)}`}
          max={1}
          value={progress.fraction}
        />
        <span className="mono queue-row__percent">{Math.floor(progress.fraction * 100)} %</span>
        <span className="queue-row__phase">{etaWords(progress) ?? phaseWords(progress)}</span>
      </div>
    );
  const kept = progress.fraction > 0 ? ` at ${Math.floor(progress.fraction * 100)} %` : "";
  const words = {
    queued: job.waitsFor ?? waits ?? (kept === "" ? "Waiting" : `Goes on${kept}`),
    waiting: "Keyframes to look at",
    paused: interruptions > 0 ? "Paused: the studio stopped while it was made" : pausedWords(job, kept),
    done: "Done",
    failed: error?.message ?? "Failed",
    cancelled: "Stopped",
  }[state];
  return (
    <span className="queue-row__state" data-problem={state === "failed"} title={words}>
      {words}
    </span>
  );
}

/** What a proxy or a look had come to is not kept: it is quickly done, and a half file serves nobody. */
const pausedWords = (job: JobSnapshot, kept: string): string =>
  isMediaJob(job) && job.startedAt !== null ? "Paused; begins anew when resumed" : `Paused${kept}`;

/** What tells one job from its neighbours, in a few words. */
function factsOf(job: JobSnapshot): string {
  if (job.kind === "export") return `Film, ${job.request.settings.container.toUpperCase()}`;
  if (job.kind === "download")
    return job.speed === null ? "Download" : `Download, ${(job.speed / 1e6).toFixed(1)} MB/s`;
  if (job.kind === "convert") return "Becomes a model";
  if (job.kind === "proxy") return "A version that plays smoothly";
  if (job.kind === "analysis") return "What it shows";
  if (job.kind === "follow")
    return job.request.look.for === "masks"
      ? "Where its subjects are, to cut them out"
      : "Where its subjects are, to follow them";
  const { width, height, frames, steps, seed } = job.request;
  return `${width}×${height} · ${frames} frames · ${steps} steps · seed ${seed}`;
}
