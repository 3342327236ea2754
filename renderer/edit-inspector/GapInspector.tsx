import { Sparkle } from "lucide-react";
import { formatTimecode } from "../../core/time/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import { useCommands } from "../commands/use-commands.ts";
import type { Selection } from "../state/edit-ui.ts";
import { Button } from "../ui/Button.tsx";
import { Row, Section } from "./fields/rows.tsx";

/** Room between two clips: how much, and what can become of it. */
export function GapInspector({
  gap,
  document,
}: {
  readonly gap: Extract<Selection, { type: "gap" }>;
  readonly document: Timeline;
}) {
  const commands = useCommands();
  const { settings } = document;
  const track = document.tracks.find(({ id }) => id === gap.track);
  return (
    <>
      <header className="edit-inspector__head">
        <h2>Gap</h2>
        <p className="mono">
          {formatTimecode(gap.start, settings)} – {formatTimecode(gap.start + gap.duration, settings)}
        </p>
      </header>
      <Section title="Gap">
        <Row label="Length">
          <span className="plain-row__text mono">{formatTimecode(gap.duration, settings)}</span>
        </Row>
        <Row label="Track">
          <span className="plain-row__text">{track?.name}</span>
        </Row>
        <div className="button-row">
          {track?.kind === "video" ? (
            <Button icon={<Sparkle size={13} aria-hidden />} onClick={() => commands.run("generate.here")}>
              Generate here <kbd className="key">{commands.keys("generate.here")}</kbd>
            </Button>
          ) : null}
          <Button onClick={() => commands.run("clip.ripple-delete")}>Close the gap</Button>
        </div>
      </Section>
    </>
  );
}
