import { Link, Unlink } from "lucide-react";
import { memo, useState } from "react";
import { flicksToSeconds, formatTimecode, secondsToFlicks } from "../../core/time/index.ts";
import { mediaOf, type ParameterName } from "../../core/timeline/index.ts";
import { useEditUi, useProject, useStudio } from "../state/context.ts";
import type { Found } from "../timeline/selection.ts";
import { activeTake } from "../timeline/paint/clip.ts";
import { Button } from "../ui/Button.tsx";
import { common, valueOf } from "./clip-values.ts";
import { CheckRow, Row, Section, SelectRow, TextRow } from "./fields/rows.tsx";
import { ValueRow } from "./fields/ValueRow.tsx";
import { GenerationSection, PromiseSection } from "./GenerationSection.tsx";
import { ParameterRow } from "./ParameterRow.tsx";
import { SpeedSection } from "./SpeedSection.tsx";
import { SubjectSection } from "./SubjectSection.tsx";
import { TakesSection } from "./TakesSection.tsx";
import { TextSection } from "./TextSection.tsx";
import { useGesture } from "./use-gesture.ts";

const blends = [
  ["normal", "Normal"],
  ["multiply", "Multiply"],
  ["screen", "Screen"],
  ["overlay", "Overlay"],
  ["darken", "Darken"],
  ["lighten", "Lighten"],
  ["add", "Add"],
  ["difference", "Difference"],
  ["soft-light", "Soft light"],
] as const;
const fits = [
  ["contain", "Whole picture"],
  ["cover", "Fill the frame"],
  ["fill", "Stretch"],
  ["none", "Pixel for pixel"],
] as const;

interface Props {
  readonly found: readonly Found[];
}

/** Everything about the selected clips. Edits of others draw it not again. */
export const ClipInspector = memo(function ClipInspector({ found }: Props) {
  const { rate, dropFrame, height } = useProject((view) => view.document.settings);
  const { project } = useStudio();
  const gesture = useGesture();
  const clips = found.map(({ item }) => item.clip);
  const ids = clips.map(({ id }) => id);
  const texts = found.filter(({ item }) => item.clip.content.type === "text");
  const pictures = found.filter(({ track }) => track.kind !== "audio");
  const films = found.filter(({ item, track }) => track.kind === "video" && item.clip.content.type === "media");
  const sounds = found.filter(({ track }) => track.kind === "audio");
  const [first] = found;
  const single = found.length === 1 ? first! : null;
  const media = useProject((view) => (single === null ? null : mediaOf(view.document, single.item.clip)));
  if (first === undefined) return null;
  const end = first.item.start + first.item.clip.sourceRange.duration;
  const take = single === null ? null : activeTake(single.item.clip);
  return (
    <>
      <header className="edit-inspector__head">
        <h2>{single === null ? `${found.length} clips` : single.item.clip.name || "Clip"}</h2>
        {single === null ? null : (
          <p className="mono">
            {formatTimecode(first.item.start, { rate, dropFrame })} – {formatTimecode(end, { rate, dropFrame })}
          </p>
        )}
      </header>
      {media?.record == null ? null : <GenerationSection record={media.record} />}
      {take === null ? null : <PromiseSection take={take} />}
      {single === null ? null : <TakesSection found={single} />}
      {texts.length > 0 ? <TextSection found={texts} /> : null}
      {pictures.length > 0 ? <TransformSection found={pictures} /> : null}
      {pictures.length > 0 ? (
        <Section title="Picture">
          <ParameterRow found={pictures} name="opacity" factor={100} unit="%" />
          <SelectRow
            label="Blend"
            value={common(
              pictures.map(({ item }) => item.clip),
              ({ blend }) => blend,
            )}
            options={blends}
            usual="normal"
            onChange={(blend) => project.perform("setClip", { clips: idsOf(pictures), blend })}
          />
          {films.length > 0 ? (
            <SelectRow
              label="Fit"
              value={common(
                films.map(({ item }) => item.clip),
                ({ fit }) => fit,
              )}
              options={fits}
              usual="contain"
              onChange={(fit) => project.perform("setClip", { clips: idsOf(films), fit })}
            />
          ) : null}
          <ParameterRow
            found={pictures}
            name="blur"
            factor={height}
            unit="px"
            digits={1}
            step={0.5}
            slider={[0, height * 0.1]}
          />
        </Section>
      ) : null}
      {films.length > 0 ? (
        <Section title="Crop" closed>
          {(["cropLeft", "cropRight", "cropTop", "cropBottom"] as const).map((name) => (
            <ParameterRow
              key={name}
              found={films}
              name={name}
              label={cropNames[name]}
              factor={100}
              unit="%"
              digits={1}
            />
          ))}
        </Section>
      ) : null}
      {films.length > 0 ? <SubjectSection found={films} /> : null}
      {pictures.length > 0 ? (
        <Section title="Colour" closed>
          {(["brightness", "contrast", "saturation"] as const).map((name) => (
            <ParameterRow key={name} found={pictures} name={name} factor={100} unit="%" slider={[0, 200]} />
          ))}
          <ParameterRow found={pictures} name="hue" unit="°" slider={[-180, 180]} />
        </Section>
      ) : null}
      {sounds.length > 0 ? (
        <Section title="Sound">
          <ParameterRow found={sounds} name="volume" unit="dB" digits={1} step={0.5} slider={[-60, 12]} />
          <ParameterRow found={sounds} name="pan" factor={100} unit="%" />
        </Section>
      ) : null}
      <Section title="Fades">
        {(["fadeIn", "fadeOut"] as const).map((edge) => {
          const value = common(clips, (clip) => clip[edge]);
          const shortest = Math.min(...clips.map(({ sourceRange }) => sourceRange.duration));
          return (
            <ValueRow
              key={edge}
              label={edge === "fadeIn" ? "In" : "Out"}
              value={value === null ? null : flicksToSeconds(value)}
              min={0}
              max={flicksToSeconds(shortest)}
              slider={[0, Math.min(5, flicksToSeconds(shortest))]}
              step={0.04}
              digits={2}
              unit="s"
              onChange={(seconds) => gesture.perform("setClip", { clips: ids, [edge]: secondsToFlicks(seconds) })}
              onEnd={gesture.end}
              usual={0}
            />
          );
        })}
      </Section>
      {single !== null && single.item.clip.content.type === "media" && media?.availableRange != null ? (
        <SpeedSection found={single} />
      ) : null}
      <Section title="Clip" closed={single !== null && single.item.clip.content.type === "text"}>
        <TextRow
          label="Name"
          value={common(clips, ({ name }) => name)}
          usual={media?.name.slice(0, 500)}
          onChange={(name) => gesture.perform("setClip", { clips: ids, name })}
          onEnd={gesture.end}
        />
        <CheckRow
          label="Seen and heard"
          checked={clips.every(({ enabled }) => enabled)}
          onChange={(enabled) => project.perform("setClip", { clips: ids, enabled })}
        />
        {media === null ? null : (
          <Row label="Media">
            <span className="plain-row__text">{media.name}</span>
          </Row>
        )}
      </Section>
    </>
  );
}, showTheSame);

/** Nothing that the inspector shows of these clips is another. */
function showTheSame(a: Props, b: Props): boolean {
  return (
    a.found.length === b.found.length &&
    a.found.every(({ track, item }, i) => {
      const other = b.found[i]!;
      return item.clip === other.item.clip && item.start === other.item.start && track.kind === other.track.kind;
    })
  );
}

const cropNames = { cropLeft: "Left", cropRight: "Right", cropTop: "Top", cropBottom: "Bottom" } as const;
const idsOf = (found: readonly Found[]): string[] => found.map(({ item }) => item.clip.id);

/** Where the picture is, how large, how turned. */
function TransformSection({ found }: { readonly found: readonly Found[] }) {
  const { width, height } = useProject((view) => view.document.settings);
  const { transport } = useStudio();
  const even = valueOf(found, "scaleX", transport.time) === valueOf(found, "scaleY", transport.time);
  const [tied, setTied] = useState(even);
  const selection = useEditUi((ui) => ui.selection);
  const [seen, setSeen] = useState(selection);
  if (seen !== selection) {
    // Another clip: what is alike stays alike, what is not is changed by itself.
    setSeen(selection);
    setTied(even);
  }
  const other = (name: ParameterName): ParameterName | null =>
    tied ? (name === "scaleX" ? "scaleY" : "scaleX") : null;
  return (
    <Section title="Transform">
      <ParameterRow found={found} name="positionX" factor={width} unit="px" slider={[-width, width]} />
      <ParameterRow found={found} name="positionY" factor={height} unit="px" slider={[-height, height]} />
      <div className="tied">
        <ParameterRow
          found={found}
          name="scaleX"
          label={tied ? "Scale" : "Width"}
          factor={100}
          unit="%"
          digits={1}
          slider={[0, 300]}
          tied={other("scaleX")}
        />
        {tied ? null : <ParameterRow found={found} name="scaleY" factor={100} unit="%" digits={1} slider={[0, 300]} />}
        <Button
          kind="quiet"
          className="tied__button"
          aria-pressed={tied}
          icon={tied ? <Link size={12} aria-hidden /> : <Unlink size={12} aria-hidden />}
          label="Width and height together"
          onClick={() => setTied(!tied)}
        />
      </div>
      <ParameterRow found={found} name="rotation" unit="°" digits={1} slider={[-180, 180]} />
    </Section>
  );
}
