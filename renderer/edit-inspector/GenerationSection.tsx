import { Clipboard, Sparkle } from "lucide-react";
import { type ClipJob, recordSchema } from "../../core/contract/index.ts";
import type { Take } from "../../core/timeline/index.ts";
import { type Fact, Facts } from "../inspector/Facts.tsx";
import { animationRows, generationRows } from "../inspector/RequestFacts.tsx";
import { useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { formatMoment } from "../ui/format.ts";
import { Section } from "./fields/rows.tsx";

const title = (words: string) => (
  <span className="generated">
    <Sparkle size={12} aria-hidden fill="currentColor" /> {words}
  </span>
);

/** How a clip was generated: all that is needed to make it again. */
export function GenerationSection({ record }: { readonly record: unknown }) {
  const { actions } = useStudio();
  const read = recordSchema.safeParse(record);
  if (!read.success) return null;
  const { model, request, createdAt } = read.data;
  const rows: Fact[] = [
    ["Model", model.name],
    ["Seed", String(request.seed), "copy"],
    ["Steps", String(request.steps)],
  ];
  const more: Fact[] = [
    ...(read.data.schema === "plume.animation/1"
      ? animationRows(read.data.request, {
          picture: read.data.inputs.picture.name,
          sound: read.data.inputs.sound.name,
        })
      : generationRows(read.data.request)),
    ["Made", formatMoment(createdAt)],
  ];
  return (
    <Section title={title("Generated")}>
      {request.prompt === "" ? null : <p className="generated__prompt">{request.prompt}</p>}
      <Facts title="" rows={rows} />
      <details className="generated__more">
        <summary>All settings</summary>
        <Facts title="" rows={more} />
        <div className="button-row">
          <Button
            icon={<Clipboard size={13} aria-hidden />}
            label="Copy everything needed to make this clip again"
            onClick={() => void actions.copy(JSON.stringify(record, null, 2), "Record")}
          >
            Copy record
          </Button>
        </div>
      </details>
    </Section>
  );
}

/** What a take is being made of, or could not be made of. */
export function PromiseSection({ take }: { readonly take: Take }) {
  const job = useSelect((state) => state.jobs.find(({ id }) => id === take.job));
  const models = useSelect((state) => state.models);
  if (take.media !== null || job === undefined || job.kind === "export") return null;
  const { request } = job as ClipJob;
  const rows: Fact[] = [
    ["Model", models.find(({ id }) => id === request.model)?.name ?? request.model],
    ["Seed", String(request.seed), "copy"],
    ["Steps", String(request.steps)],
  ];
  return (
    <Section title={title("Asked for")}>
      {request.prompt === "" ? null : <p className="generated__prompt">{request.prompt}</p>}
      <Facts title="" rows={rows} />
    </Section>
  );
}
