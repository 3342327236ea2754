import { Sparkle } from "lucide-react";
import { recordSchema } from "../../core/contract/index.ts";
import { type Fact, Facts } from "../inspector/Facts.tsx";
import { formatLength } from "../ui/format.ts";
import { Section } from "./fields/rows.tsx";

/** How a clip was generated: all that is needed to make it again. */
export function GenerationSection({ record }: { readonly record: unknown }) {
  const read = recordSchema.safeParse(record);
  if (!read.success) return null;
  const { model, request, createdAt } = read.data;
  const rows: Fact[] = [
    ["Model", model.name],
    ["Seed", String(request.seed), "copy"],
    ["Steps", String(request.steps)],
    ["Size", `${request.width}×${request.height}`],
    ["Length", `${formatLength(request.frames, request.fps)} · ${request.frames} frames at ${request.fps}`],
    ["Made", new Date(createdAt).toLocaleString()],
  ];
  return (
    <Section
      title={
        <span className="generated">
          <Sparkle size={12} aria-hidden fill="currentColor" /> Generated
        </span>
      }
    >
      {request.prompt === "" ? null : <p className="generated__prompt">{request.prompt}</p>}
      <Facts title="" rows={rows} />
    </Section>
  );
}
