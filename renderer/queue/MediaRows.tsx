import { ChevronDown, ChevronRight, Eye, MonitorPlay, Pause, Play, RotateCcw, ScanEye, X } from "lucide-react";
import { useState } from "react";
import { type MediaJob, type Priority, prioritySchema } from "../../core/contract/index.ts";
import { useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { plural } from "../ui/format.ts";
import { priorityWords, QueueRow } from "./QueueRow.tsx";
import { groupName, type MediaGroup } from "./queue-view.ts";

interface Props {
  readonly groups: readonly MediaGroup[];
  /** Everything of this sort that waits, in order. */
  readonly line: readonly MediaJob[];
  readonly dragged: string | null;
  readonly onDrag: (id: string | null) => void;
  /** Looking gives way to a clip that is being made. */
  readonly isComputing: boolean;
}

/** Rows of an open group at most: nobody reads more, and what fails comes first. */
const SHOWN = 60;

/** What the studio does for media by itself: a row for each import, which opens. */
export function MediaRows({ groups, ...rest }: Props) {
  return (
    <>
      <h3 className="queue-panel__section">For your media, beside the clips</h3>
      <ol className="queue-panel__list" aria-label="Done for your media">
        {groups.map((group) =>
          group.all.length === 1 ? (
            <Single key={group.batch} job={group.all[0]!} {...rest} />
          ) : (
            <Group key={group.batch} group={group} {...rest} />
          ),
        )}
      </ol>
    </>
  );
}

function Single({ job, isComputing, ...rest }: Omit<Props, "groups"> & { readonly job: MediaJob }) {
  const waits = isComputing && job.kind === "analysis" ? WAITS : null;
  return <QueueRow job={job} {...rest} batch={null} onBatch={() => {}} waits={waits} />;
}

const WAITS = "Waits until no clip is being made";

function Group({ group, line, isComputing, ...rest }: Omit<Props, "groups"> & { readonly group: MediaGroup }) {
  const { queueActions } = useStudio();
  const [isOpen, setOpen] = useState(false);
  const { kind, batch, all, done, failed, stopped, rows, running, state } = group;
  const name = groupName(group);
  const facts = [
    `${done} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(stopped > 0 ? [`${stopped} stopped`] : []),
  ];
  const act = (what: Parameters<typeof queueActions.together>[1]) => void queueActions.together(batch, what);
  const Icon = kind === "proxy" ? MonitorPlay : kind === "follow" ? ScanEye : Eye;
  const waiting = all.find((job) => job.state === "queued");
  const priority = waiting?.priority ?? null;
  return (
    <>
      <li className="queue-row queue-row--group" data-batch={batch} data-state={state}>
        <button
          type="button"
          className="queue-row__handle queue-row__opener"
          aria-expanded={isOpen}
          aria-label={`${isOpen ? "Hide" : "Show"} them one by one: ${name}`}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
        </button>
        <Icon size={14} aria-hidden className="queue-row__icon queue-row__icon--media" />
        <div className="queue-row__words">
          <span className="queue-row__name">{name}</span>
          <span className="queue-row__facts">
            {facts.join(", ")}
            {running === null ? "" : ` · now ${running.title}`}
          </span>
        </div>
        <GroupState group={group} name={name} waits={isComputing && kind === "analysis"} />
        {priority === null ? (
          <span />
        ) : (
          <select
            className="field queue-row__priority"
            aria-label={`Priority of ${name}`}
            value={priority}
            onChange={(event) => act({ priority: prioritySchema.parse(event.target.value) })}
          >
            {prioritySchema.options.map((each: Priority) => (
              <option key={each} value={each}>
                {priorityWords[each]}
              </option>
            ))}
          </select>
        )}
        <div className="queue-row__buttons">
          {failed + stopped > 0 ? (
            <Button
              kind="quiet"
              label={`Retry ${plural(failed + stopped, "of these", "of these")}: ${name}`}
              icon={<RotateCcw size={13} aria-hidden />}
              onClick={() => act("retry")}
            />
          ) : null}
          {state === "running" || state === "queued" ? (
            <Button
              kind="quiet"
              label={`Pause all of these: ${name}`}
              icon={<Pause size={13} aria-hidden />}
              onClick={() => act("pause")}
            />
          ) : null}
          {state === "paused" ? (
            <Button
              kind="quiet"
              label={`Resume all of these: ${name}`}
              icon={<Play size={13} aria-hidden />}
              onClick={() => act("resume")}
            />
          ) : null}
          <Button
            kind="quiet"
            label={state === "ended" ? `Take these off the list: ${name}` : `Stop all of these: ${name}`}
            icon={<X size={14} aria-hidden />}
            onClick={() => act(state === "ended" ? "dismiss" : "cancel")}
          />
        </div>
      </li>
      {isOpen ? (
        <li className="queue-row__members">
          <ol className="queue-panel__list" aria-label={name}>
            {rows.slice(0, SHOWN).map((job) => (
              <QueueRow
                key={job.id}
                job={job}
                line={line}
                {...rest}
                batch={null}
                onBatch={() => {}}
                waits={isComputing && kind === "analysis" ? WAITS : null}
              />
            ))}
          </ol>
          {rows.length > SHOWN ? <p className="queue-row__more">and {rows.length - SHOWN} more</p> : null}
        </li>
      ) : null}
    </>
  );
}

function GroupState({
  group,
  name,
  waits,
}: {
  readonly group: MediaGroup;
  readonly name: string;
  readonly waits: boolean;
}) {
  const { all, done, state, problem, failed } = group;
  if (state === "running" || (state === "queued" && !waits))
    return (
      <div className="queue-row__state">
        <progress className="progress queue-row__bar" aria-label={`Progress: ${name}`} max={all.length} value={done} />
        <span className="mono queue-row__percent">
          {done}/{all.length}
        </span>
        {failed > 0 ? <span className="queue-row__phase queue-row__phase--problem">{problem}</span> : null}
      </div>
    );
  const words = state === "queued" ? WAITS : state === "paused" ? "Paused" : (problem ?? "Stopped");
  return (
    <span className="queue-row__state" data-problem={state === "ended" && problem !== null} title={words}>
      {words}
    </span>
  );
}
