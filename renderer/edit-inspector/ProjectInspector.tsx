import { useState } from "react";
import { canDropFrames, FRAME_RATES, formatRate, formatTimecode, sameRate } from "../../core/time/index.ts";
import { clipsOf, defaultSettings, type EditArguments, type Timeline } from "../../core/timeline/index.ts";
import { useStudio } from "../state/context.ts";
import { lengthOf } from "../state/create-studio.ts";
import { plural } from "../ui/format.ts";
import { CheckRow, ColourRow, Section, SelectRow, TextRow } from "./fields/rows.tsx";
import { ValueRow } from "./fields/ValueRow.tsx";
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

const { tempo: usual } = defaultSettings;

/** The project itself, while nothing is selected. */
export function ProjectInspector({ document }: { readonly document: Timeline }) {
  const { project } = useStudio();
  const gesture = useGesture();
  const { settings } = document;
  const { rate, dropFrame, width, height, tempo } = settings;
  const size = `${width}×${height}`;
  const [wantsOwn, setWantsOwn] = useState(false);
  const known = wantsOwn ? "own" : (sizes.find(([name]) => name === size)?.[0] ?? "own");
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
          options={[...sizes, ["own", "Own size"]]}
          usual="1920×1080"
          onChange={(next) => {
            setWantsOwn(next === "own");
            const [w, h] = next.split("×").map(Number);
            if (w !== undefined && h !== undefined) set({ width: w, height: h });
          }}
        />
        {known === "own" ? (
          <>
            {(["width", "height"] as const).map((side) => (
              <ValueRow
                key={side}
                label={side === "width" ? "Width" : "Height"}
                value={settings[side]}
                min={16}
                max={16_384}
                slider={[16, 4096]}
                step={2}
                unit="px"
                onChange={(value) => gesture.perform("setSettings", { [side]: Math.round(value) })}
                onEnd={gesture.end}
                usual={defaultSettings[side]}
              />
            ))}
          </>
        ) : null}
        <SelectRow
          label="Rate"
          value={(rates.find(([name]) => sameRate(FRAME_RATES[name], rate))?.[0] ?? formatRate(rate)) as "24"}
          options={rates}
          usual="24"
          onChange={(name) => set({ rate: FRAME_RATES[name] })}
        />
        {canDropFrames(rate) ? (
          <CheckRow label="Drop-frame timecode" checked={dropFrame} onChange={(on) => set({ dropFrame: on })} />
        ) : null}
        <ColourRow
          label="Background"
          value={settings.background}
          usual={defaultSettings.background}
          onChange={(background) => gesture.perform("setSettings", { background })}
          onEnd={gesture.end}
        />
      </Section>
      <Section title="Sound and music">
        <SelectRow
          label="Samples"
          value={sampleRate}
          usual={String(defaultSettings.sampleRate)}
          options={knownRate === undefined ? [...sampleRates, [sampleRate, `${sampleRate} Hz`]] : sampleRates}
          onChange={(next) => set({ sampleRate: Number(next) })}
        />
        <ValueRow
          label="Tempo"
          value={tempo.beatsPerMinute}
          min={10}
          max={999}
          slider={[40, 220]}
          step={1}
          digits={1}
          unit="bpm"
          onChange={(beatsPerMinute) => gesture.perform("setSettings", { tempo: { ...tempo, beatsPerMinute } })}
          onEnd={gesture.end}
          usual={usual.beatsPerMinute}
        />
        <ValueRow
          label="Beats a bar"
          value={tempo.beatsPerBar}
          min={1}
          max={32}
          slider={[1, 12]}
          step={1}
          onChange={(beats) => gesture.perform("setSettings", { tempo: { ...tempo, beatsPerBar: Math.round(beats) } })}
          onEnd={gesture.end}
          usual={usual.beatsPerBar}
        />
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
