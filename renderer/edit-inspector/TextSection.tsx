import { AlignCenter, AlignLeft, AlignRight, Italic } from "lucide-react";
import { Fragment, useId } from "react";
import {
  colourOf,
  defaultTextStyle,
  hasPartFor,
  parameterInfo,
  type ParameterName,
  type TextStyle,
} from "../../core/timeline/index.ts";
import { useStudio } from "../state/context.ts";
import type { Found } from "../timeline/selection.ts";
import { Button } from "../ui/Button.tsx";
import { CheckRow, Row, Section, SelectRow } from "./fields/rows.tsx";
import { ParameterColourRow, type ParameterLook, ParameterRow } from "./ParameterRow.tsx";
import { useGesture } from "./use-gesture.ts";

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

/** What a title gets when its outline, shadow or box is switched on: the values that its rows go back to. */
const number = (name: ParameterName): number => parameterInfo[name].default;
const colour = (name: ParameterName): string => colourOf(number(name));
const added = {
  outline: { width: number("outlineWidth"), colour: colour("outlineColour") },
  shadow: {
    x: number("shadowX"),
    y: number("shadowY"),
    blur: number("shadowBlur"),
    colour: colour("shadowColour"),
  },
  box: { padding: number("boxPadding"), radius: number("boxRadius"), colour: colour("boxColour") },
} as const;

/** Parts around the letters, and the rows of each. */
const ems = { digits: 1, step: 0.5, unit: "%", factor: 100 } as const;
const parts = [
  ["outline", "Outline", [{ name: "outlineWidth", label: "Width", slider: [0, 20], ...ems }], "outlineColour"],
  [
    "shadow",
    "Shadow",
    [
      { name: "shadowX", label: "Right", slider: [-30, 30], ...ems },
      { name: "shadowY", label: "Down", slider: [-30, 30], ...ems },
      { name: "shadowBlur", label: "Softness", slider: [0, 40], ...ems },
    ],
    "shadowColour",
  ],
  [
    "box",
    "Box",
    [
      { name: "boxPadding", label: "Padding", slider: [0, 150], ...ems },
      { name: "boxRadius", label: "Corners", slider: [0, 100], ...ems },
    ],
    "boxColour",
  ],
] as const satisfies readonly (readonly [
  keyof typeof added,
  string,
  readonly (ParameterLook & { readonly label: string })[],
  ParameterName,
])[];

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
  return (
    <>
      <Section title="Text">
        <label className="visually-hidden" htmlFor={id}>
          Text
        </label>
        <textarea
          id={id}
          data-title-text={clips[0]}
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
        <SelectRow
          label="Font"
          value={same("font")}
          options={fonts}
          usual={defaultTextStyle.font}
          onChange={(font) => set({ font })}
        />
        <ParameterRow
          found={found}
          name="textSize"
          label="Size"
          slider={[2, 40]}
          step={0.5}
          digits={1}
          unit="%"
          factor={100}
        />
        <ParameterRow found={found} name="textWeight" label="Weight" step={100} isWhole />
        <Row
          label="Style"
          onReset={same("italic") === false && same("align") === "centre" ? null : () => set(plainLook)}
        >
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
        <ParameterColourRow found={found} name="textColour" label="Colour" />
        <ParameterRow found={found} name="textLineHeight" slider={[0.8, 2]} step={0.05} digits={2} />
        <ParameterRow
          found={found}
          name="textSpacing"
          label="Spacing"
          slider={[-10, 50]}
          digits={1}
          unit="%"
          factor={100}
        />
        <ParameterRow found={found} name="textWidth" label="Wrap at" slider={[10, 100]} unit="%" factor={100} />
      </Section>
      <Section
        title="Outline, shadow, box"
        closed={style.outline === null && style.shadow === null && style.box === null}
      >
        {parts.map(([part, label, rows, colourName]) => {
          const those = found.filter(({ item }) => hasPartFor(item.clip, colourName));
          return (
            <Fragment key={part}>
              <CheckRow
                label={label}
                checked={those.length === found.length}
                onChange={(on) => set({ [part]: on ? added[part] : null })}
              />
              {those.length === 0 ? null : (
                <>
                  {rows.map((row) => (
                    <ParameterRow key={row.name} found={those} {...row} />
                  ))}
                  <ParameterColourRow found={those} name={colourName} label="Colour" />
                </>
              )}
            </Fragment>
          );
        })}
      </Section>
      <Section title="In and out">
        <SelectRow
          label="In"
          value={same("enter")}
          options={enters}
          usual="none"
          onChange={(enter) => setMotion(enter, undefined)}
        />
        <SelectRow
          label="Out"
          value={same("leave")}
          options={leaves}
          usual="none"
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

const plainLook = { italic: defaultTextStyle.italic, align: defaultTextStyle.align };
const HALF_SECOND = 352_800_000;
