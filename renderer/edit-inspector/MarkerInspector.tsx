import { useId } from "react";
import { flicksToSeconds, formatTimecode, secondsToFlicks, snapToFrame } from "../../core/time/index.ts";
import type { Marker } from "../../core/timeline/index.ts";
import { useEditUi, useProject, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { Section, SelectRow, TextRow } from "./fields/rows.tsx";
import { ValueRow } from "./fields/ValueRow.tsx";
import { useGesture } from "./use-gesture.ts";

const colours = ["red", "orange", "yellow", "green", "cyan", "blue", "purple", "grey"].map(
  (name) => [name as Marker["colour"], name.charAt(0).toUpperCase() + name.slice(1)] as const,
);

/** A place with a name. */
export function MarkerInspector({ marker }: { readonly marker: Marker }) {
  const { project, transport, editUi } = useStudio();
  const { rate, dropFrame } = useProject((view) => view.document.settings);
  const selection = useEditUi((ui) => ui.selection);
  const gesture = useGesture();
  const id = useId();
  const { start, duration } = marker.markedRange;
  const setLength = (length: number) =>
    gesture.perform("setMarker", {
      marker: marker.id,
      markedRange: { start, duration: snapToFrame(length, rate) },
    });
  return (
    <>
      <header className="edit-inspector__head">
        <h2>{marker.name || "Marker"}</h2>
        <p className="mono">{formatTimecode(start, { rate, dropFrame })}</p>
      </header>
      <Section title="Marker">
        <TextRow
          label="Name"
          value={marker.name}
          usual=""
          onChange={(name) => gesture.perform("setMarker", { marker: marker.id, name })}
          onEnd={gesture.end}
        />
        <SelectRow
          label="Colour"
          value={marker.colour}
          options={colours}
          usual="green"
          onChange={(colour) => project.perform("setMarker", { marker: marker.id, colour })}
        />
        <ValueRow
          label="Length"
          value={flicksToSeconds(duration)}
          min={0}
          max={24 * 3600}
          slider={[0, 10]}
          step={0.04}
          digits={2}
          unit="s"
          onChange={(seconds) => setLength(secondsToFlicks(seconds))}
          onEnd={gesture.end}
          usual={0}
        />
        <label className="value-row__label" htmlFor={id}>
          Note
        </label>
        <textarea
          id={id}
          className="field title-text"
          rows={4}
          maxLength={5000}
          value={marker.comment}
          onChange={(event) => gesture.perform("setMarker", { marker: marker.id, comment: event.target.value })}
          onBlur={() => gesture.end()}
        />
        <div className="button-row">
          <Button onClick={() => transport.seek(start)}>Go there</Button>
          <Button
            onClick={() => {
              project.perform("removeMarker", { marker: marker.id });
              if (selection.type === "marker") editUi.setState({ selection: { type: "none" } });
            }}
          >
            Remove
          </Button>
        </div>
      </Section>
    </>
  );
}
