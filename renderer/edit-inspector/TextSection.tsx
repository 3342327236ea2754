import { AlignCenter, AlignLeft, AlignRight, Italic } from "lucide-react";
import { useId } from "react";
import { defaultTextStyle, type TextStyle } from "../../core/timeline/index.ts";
import { useStudio } from "../state/context.ts";
import type { Found } from "../timeline/selection.ts";
import { Button } from "../ui/Button.tsx";
import { CheckRow, ColourRow, Row, Section, SelectRow } from "./fields/rows.tsx";
import { ValueRow } from "./fields/ValueRow.tsx";
import { type Gesture, useGesture } from "./use-gesture.ts";

const fonts = [
  ["Inter", "Inter"],
  ["JetBrains Mono", "JetBrains Mono"],
] as const;
const aligns = [
  ["left", "Left", AlignLeft],
  ["centre", "Centre", AlignCenter],
  ["right", "Right", AlignRight],
] as const;
const enters = [
  ["none", "Appear"],
  ["rise", "Rise"],
  ["drop", "Drop"],
  ["slide", "Slide"],
  ["grow", "Grow"],
  ["type", "Type"],
] as const;
const leaves = [
  ["none", "Vanish"],
  ["rise", "Sink"],
  ["drop", "Lift"],
  ["slide", "Slide"],
  ["grow", "Shrink"],
] as const;

/** What a title gets when its outline, shadow or box is switched on. */
const added = {
  outline: { width: 0.04, colour: "#000000" },
  shadow: { x: 0.04, y: 0.05, blur: 0.08, colour: "#000000cc" },
  box: { padding: 0.35, radius: 0.15, colour: "#000000b3" },
} as const;

/** What text clips say, and how it looks. */
export function TextSection({ found }: { readonly found: readonly Found[] }) {
  const { project } = useStudio();
  const gesture = useGesture();
  const id = useId();
  const styles = found.flatMap(({ item: { clip } }) => (clip.content.type === "text" ? [clip.content.style] : []));
  const clips = found.map(({ item }) => item.clip.id);
  const [style] = styles;
  if (style === undefined) return null;
  const same = <K extends keyof TextStyle>(key: K): TextStyle[K] | null =>
    styles.every((other) => other[key] === style[key]) ? style[key] : null;
  const set = (changes: Partial<TextStyle>) => void project.perform("setText", { clips, ...changes });
  const slide = (changes: Partial<TextStyle>) => gesture.perform("setText", { clips, ...changes });
  const number = (
    label: string,
    key: "size" | "weight" | "lineHeight" | "letterSpacing" | "width",
    look: Omit<Parameters<typeof ValueRow>[0], "label" | "value" | "onChange" | "onEnd" | "onReset"> & {
      readonly factor?: number;
    },
  ) => {
    const { factor = 1, ...rest } = look;
    const value = same(key);
    return (
      <ValueRow
        {...rest}
        label={label}
        value={value === null ? null : value * factor}
        onChange={(next) => slide({ [key]: key === "weight" ? Math.round(next) : next / factor })}
        onEnd={gesture.end}
        onReset={value === defaultTextStyle[key] ? undefined : () => set({ [key]: defaultTextStyle[key] })}
      />
    );
  };
  return (
    <>
      <Section title="Text">
        <label className="visually-hidden" htmlFor={id}>
          Text
        </label>
        <textarea
          id={id}
          data-title-text
          className="field title-text"
          rows={Math.min(6, Math.max(2, style.text.split("\n").length))}
          value={same("text") ?? ""}
          placeholder={same("text") === null ? "Several texts" : "Write something"}
          spellCheck={false}
          onChange={(event) => slide({ text: event.target.value })}
          onBlur={() => gesture.end()}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        <SelectRow label="Font" value={same("font")} options={fonts} onChange={(font) => set({ font })} />
        {number("Size", "size", { min: 0.2, max: 200, slider: [2, 40], step: 0.5, digits: 1, unit: "%", factor: 100 })}
        {number("Weight", "weight", { min: 100, max: 900, step: 100 })}
        <Row label="Style">
          <Button
            kind="quiet"
            className={`row-toggle ${style.italic ? "row-toggle--on" : ""}`}
            aria-pressed={style.italic}
            icon={<Italic size={14} aria-hidden />}
            label="Italic"
            onClick={() => set({ italic: !style.italic })}
          />
          <span className="row-gap" />
          {aligns.map(([value, name, Icon]) => (
            <Button
              key={value}
              kind="quiet"
              className={`row-toggle ${style.align === value ? "row-toggle--on" : ""}`}
              aria-pressed={style.align === value}
              icon={<Icon size={14} aria-hidden />}
              label={`Align: ${name.toLowerCase()}`}
              onClick={() => set({ align: value })}
            />
          ))}
        </Row>
        <ColourRow
          label="Colour"
          value={same("colour")}
          hasAlpha
          onChange={(colour) => slide({ colour })}
          onEnd={gesture.end}
        />
        {number("Line height", "lineHeight", { min: 0.5, max: 4, slider: [0.8, 2], step: 0.05, digits: 2 })}
        {number("Spacing", "letterSpacing", {
          min: -50,
          max: 200,
          slider: [-10, 50],
          step: 1,
          digits: 1,
          unit: "%",
          factor: 100,
        })}
        {number("Wrap at", "width", { min: 5, max: 400, slider: [10, 100], step: 1, unit: "%", factor: 100 })}
      </Section>
      <Section
        title="Outline, shadow, box"
        closed={style.outline === null && style.shadow === null && style.box === null}
      >
        <Outline style={style} set={set} slide={slide} gesture={gesture} />
        <Shadow style={style} set={set} slide={slide} gesture={gesture} />
        <Box style={style} set={set} slide={slide} gesture={gesture} />
      </Section>
      <Section title="In and out">
        <SelectRow
          label="In"
          value={same("enter")}
          options={enters}
          onChange={(enter) => setMotion(enter, undefined)}
        />
        <SelectRow
          label="Out"
          value={same("leave")}
          options={leaves}
          onChange={(leave) => setMotion(undefined, leave)}
        />
        <p className="hint">They last as long as the fades.</p>
      </Section>
    </>
  );

  /** A movement needs time: where there is no fade yet it gets half a second. */
  function setMotion(enter: TextStyle["enter"] | undefined, leave: TextStyle["leave"] | undefined): void {
    const step = crypto.randomUUID();
    project.perform("setText", { clips, enter, leave }, { gesture: step });
    for (const { item } of found) {
      const { fadeIn, fadeOut, sourceRange } = item.clip;
      const half = Math.min(HALF_SECOND, Math.floor(sourceRange.duration / 2));
      if (enter !== undefined && enter !== "none" && fadeIn === 0)
        project.perform("setClip", { clips: [item.clip.id], fadeIn: half }, { gesture: step });
      if (leave !== undefined && leave !== "none" && fadeOut === 0)
        project.perform("setClip", { clips: [item.clip.id], fadeOut: half }, { gesture: step });
    }
    project.endGesture(step, "keep");
  }
}

const HALF_SECOND = 352_800_000;

interface PartProps {
  readonly style: TextStyle;
  readonly set: (changes: Partial<TextStyle>) => void;
  readonly slide: (changes: Partial<TextStyle>) => void;
  readonly gesture: Gesture;
}

const ems = { digits: 1, step: 0.5, unit: "%" } as const;

function Outline({ style: { outline }, set, slide, gesture }: PartProps) {
  return (
    <>
      <CheckRow
        label="Outline"
        checked={outline !== null}
        onChange={(on) => set({ outline: on ? added.outline : null })}
      />
      {outline === null ? null : (
        <>
          <ValueRow
            label="Width"
            value={100 * outline.width}
            min={0}
            max={100}
            slider={[0, 20]}
            {...ems}
            onChange={(width) => slide({ outline: { ...outline, width: width / 100 } })}
            onEnd={gesture.end}
            onReset={
              outline.width === added.outline.width
                ? undefined
                : () => set({ outline: { ...outline, width: added.outline.width } })
            }
          />
          <ColourRow
            label="Colour"
            value={outline.colour}
            hasAlpha
            onChange={(colour) => slide({ outline: { ...outline, colour } })}
            onEnd={gesture.end}
          />
        </>
      )}
    </>
  );
}

function Shadow({ style: { shadow }, set, slide, gesture }: PartProps) {
  const rows = [
    ["Right", "x", -200, [-30, 30]],
    ["Down", "y", -200, [-30, 30]],
    ["Softness", "blur", 0, [0, 40]],
  ] as const;
  return (
    <>
      <CheckRow label="Shadow" checked={shadow !== null} onChange={(on) => set({ shadow: on ? added.shadow : null })} />
      {shadow === null ? null : (
        <>
          {rows.map(([label, key, min, slider]) => (
            <ValueRow
              key={key}
              label={label}
              value={100 * shadow[key]}
              min={min}
              max={200}
              slider={slider}
              {...ems}
              onChange={(next) => slide({ shadow: { ...shadow, [key]: next / 100 } })}
              onEnd={gesture.end}
              onReset={
                shadow[key] === added.shadow[key]
                  ? undefined
                  : () => set({ shadow: { ...shadow, [key]: added.shadow[key] } })
              }
            />
          ))}
          <ColourRow
            label="Colour"
            value={shadow.colour}
            hasAlpha
            onChange={(colour) => slide({ shadow: { ...shadow, colour } })}
            onEnd={gesture.end}
          />
        </>
      )}
    </>
  );
}

function Box({ style: { box }, set, slide, gesture }: PartProps) {
  const rows = [
    ["Padding", "padding", [0, 150]],
    ["Corners", "radius", [0, 100]],
  ] as const;
  return (
    <>
      <CheckRow label="Box" checked={box !== null} onChange={(on) => set({ box: on ? added.box : null })} />
      {box === null ? null : (
        <>
          {rows.map(([label, key, slider]) => (
            <ValueRow
              key={key}
              label={label}
              value={100 * box[key]}
              min={0}
              max={400}
              slider={slider}
              {...ems}
              onChange={(next) => slide({ box: { ...box, [key]: next / 100 } })}
              onEnd={gesture.end}
              onReset={box[key] === added.box[key] ? undefined : () => set({ box: { ...box, [key]: added.box[key] } })}
            />
          ))}
          <ColourRow
            label="Colour"
            value={box.colour}
            hasAlpha
            onChange={(colour) => slide({ box: { ...box, colour } })}
            onEnd={gesture.end}
          />
        </>
      )}
    </>
  );
}
