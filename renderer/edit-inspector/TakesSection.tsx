import { Trash2 } from "lucide-react";
import { findMedia } from "../../core/timeline/index.ts";
import { useCommands } from "../commands/use-commands.ts";
import { useProject, useSelect, useStudio } from "../state/context.ts";
import type { Found } from "../timeline/selection.ts";
import { Button } from "../ui/Button.tsx";
import { Section } from "./fields/rows.tsx";

/** The versions of a clip; one of them is shown. */
export function TakesSection({ found }: { readonly found: Found }) {
  const { project } = useStudio();
  const commands = useCommands();
  const references = useProject((view) => view.document.media);
  const jobs = useSelect((state) => state.jobs);
  const { clip } = found.item;
  const { content } = clip;
  if (content.type !== "media") return null;
  const isGenerated = content.takes.some(
    (take) =>
      take.job !== null || (take.media !== null && findMedia({ media: references }, take.media)?.record != null),
  );
  if (content.takes.length < 2 && !isGenerated) return null;
  return (
    <Section title={`Takes (${content.takes.length})`}>
      <ul className="takes">
        {content.takes.map((take, i) => {
          const job = jobs.find(({ id }) => id === take.job);
          const media = take.media === null ? null : findMedia({ media: references }, take.media);
          const state =
            take.problem ??
            media?.name ??
            (job?.state === "running"
              ? `being made, ${Math.round(job.progress.fraction * 100)} %`
              : "waits in the queue");
          return (
            <li key={take.id} className="takes__take">
              <label className={`takes__name ${take.problem === null ? "" : "takes__name--failed"}`}>
                <input
                  type="radio"
                  name={`takes-${clip.id}`}
                  checked={take.id === content.activeTake}
                  onChange={() => project.perform("switchTake", { clip: clip.id, take: take.id })}
                />
                <span>
                  Take {i + 1} <span className="takes__state">{state}</span>
                </span>
              </label>
              <Button
                kind="quiet"
                className="value-row__button"
                icon={<Trash2 size={12} aria-hidden />}
                label={`Remove take ${i + 1}`}
                off={content.takes.length === 1 ? "It is the only take: delete the clip instead." : null}
                onClick={() => project.perform("removeTake", { clip: clip.id, take: take.id })}
              />
            </li>
          );
        })}
      </ul>
      {isGenerated ? (
        <div className="button-row">
          {content.takes.some(({ id, problem }) => id === content.activeTake && problem !== null) ? (
            <Button onClick={() => commands.run("take.retry")}>Retry</Button>
          ) : (
            <Button onClick={() => commands.run("take.more")}>Another take</Button>
          )}
          <Button onClick={() => commands.run("take.edit")}>Edit…</Button>
        </div>
      ) : null}
    </Section>
  );
}
