import { canDropFrames, FRAME_RATES, formatRate, formatTimecode, sameRate } from "../../core/time/index.ts";
import { clipsOf, type EditArguments } from "../../core/timeline/index.ts";
import { useProject, useStudio } from "../state/context.ts";
import { lengthOf } from "../state/create-studio.ts";
import { plural } from "../ui/format.ts";
import { NumberInput } from "./fields/NumberInput.tsx";
import { CheckRow, ColourRow, Row, Section, SelectRow, TextRow } from "./fields/rows.tsx";
import { useGesture } from "./use-gesture.ts";

const sizes = [
  ["1920×1080", "Full HD, 16:9"],
  ["1280×720", "HD, 16:9"],
  ["3840×2160", "4K, 16:9"],
  ["1080×1920", "Upright, 9:16"],
  ["1080×1080", "Square, 1:1"],
  ["1080×1350", "Portrait, 4:5"],
  ["2560×1080", "Wide, 21:9"],
] as const;
type Size = (typeof sizes)[number][0] | "own";
const rates = Object.keys(FRAME_RATES).map(
  (name) => [name as keyof typeof FRAME_RATES, `${name} frames a second`] as const,
);
const sampleRates = [
  ["48000", "48 kHz"],
  ["44100", "44.1 kHz"],
  ["96000", "96 kHz"],
] as const;

/** The project itself, while nothing is selected. */
export function ProjectInspector() {
  const { project } = useStudio();
  const document = useProject((view) => view.document);
  const gesture = useGesture();
  const { settings } = document;
  const { rate, dropFrame, width, height, tempo } = settings;
  const size = `${width}×${height}`;
  const known = sizes.find(([name]) => name === size)?.[0] ?? "own";
  const clips = [...clipsOf(document)].length;
  const set = (changes: EditArguments<"setSettings">) => void project.perform("setSettings", changes);
  const sampleRate = String(settings.sampleRate);
  const knownRate = sampleRates.find(([value]) => value === sampleRate);
  return (
    <>
      <header className="edit-inspector__head">
        <h2>{document.name}</h2>
        <p>
          {formatTimecode(lengthOf(document), { rate, dropFrame })} · {plural(clips, "clip")} ·{" "}
          {plural(document.tracks.length, "track")}
        </p>
      </header>
      <Section title="Picture">
        <SelectRow<Size>
          label="Format"
          value={known}
          options={known === "own" ? [...sizes, ["own", "Own size"]] : sizes}
          onChange={(next) => {
            const [w, h] = next.split("×").map(Number);
            if (w !== undefined && h !== undefined) set({ width: w, height: h });
          }}
        />
        <Row label="Size">
          <NumberInput
            label="Width in pixels"
            value={width}
            min={16}
            max={16_384}
            step={2}
            digits={0}
            unit=""
            onChange={(value) => set({ width: Math.round(value) })}
            onEnd={gesture.end}
          />
          <span aria-hidden>×</span>
          <NumberInput
            label="Height in pixels"
            value={height}
            min={16}
            max={16_384}
            step={2}
            digits={0}
            unit=""
            onChange={(value) => set({ height: Math.round(value) })}
            onEnd={gesture.end}
          />
        </Row>
        <SelectRow
          label="Rate"
          value={(rates.find(([name]) => sameRate(FRAME_RATES[name], rate))?.[0] ?? formatRate(rate)) as "24"}
          options={rates}
          onChange={(name) => set({ rate: FRAME_RATES[name] })}
        />
        {canDropFrames(rate) ? (
          <CheckRow label="Drop-frame timecode" checked={dropFrame} onChange={(on) => set({ dropFrame: on })} />
        ) : null}
        <ColourRow
          label="Background"
          value={settings.background}
          onChange={(background) => gesture.perform("setSettings", { background })}
          onEnd={gesture.end}
        />
      </Section>
      <Section title="Sound and music">
        <SelectRow
          label="Samples"
          value={sampleRate}
          options={knownRate === undefined ? [...sampleRates, [sampleRate, `${sampleRate} Hz`]] : sampleRates}
          onChange={(next) => set({ sampleRate: Number(next) })}
        />
        <Row label="Tempo">
          <NumberInput
            label="Beats a minute"
            value={tempo.beatsPerMinute}
            min={10}
            max={999}
            step={1}
            digits={2}
            unit="bpm"
            onChange={(beatsPerMinute) => set({ tempo: { ...tempo, beatsPerMinute } })}
            onEnd={gesture.end}
          />
          <NumberInput
            label="Beats a bar"
            value={tempo.beatsPerBar}
            min={1}
            max={32}
            step={1}
            digits={0}
            unit="/bar"
            onChange={(beats) => set({ tempo: { ...tempo, beatsPerBar: Math.round(beats) } })}
            onEnd={gesture.end}
          />
        </Row>
      </Section>
      <Section title="Timeline" closed>
        <TextRow
          label="Name"
          value={document.name}
          onChange={(name) => {
            if (name !== "") gesture.perform("setSettings", { name });
          }}
          onEnd={gesture.end}
        />
      </Section>
    </>
  );
}
