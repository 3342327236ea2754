import { flicksToSeconds, secondsToFlicks, snapToFrame } from "../../core/time/index.ts";
import { type Transition, transitionTypes } from "../../core/timeline/index.ts";
import { useProject, useStudio } from "../state/context.ts";
import { transitionNames, usualLength } from "../timeline/transitions.ts";
import { Button } from "../ui/Button.tsx";
import { ColourRow, Section, SelectRow } from "./fields/rows.tsx";
import { ValueRow } from "./fields/ValueRow.tsx";
import { useGesture } from "./use-gesture.ts";

const types = transitionTypes.map((type) => [type, transitionNames[type]] as const);
const directions = [
  ["left", "To the left"],
  ["right", "To the right"],
  ["up", "Upwards"],
  ["down", "Downwards"],
] as const;
const directed: readonly Transition["type"][] = ["wipe", "slide", "push"];
const soft: readonly Transition["type"][] = ["wipe", "iris", "clock"];

/** How one clip becomes the next. */
export function TransitionInspector({ transition }: { readonly transition: Transition }) {
  const { project } = useStudio();
  const settings = useProject((view) => view.document.settings);
  const { rate } = settings;
  const gesture = useGesture();
  const { id, type, inOffset, outOffset } = transition;
  const whole = inOffset + outOffset;
  const set = (changes: Partial<Omit<Transition, "kind" | "id">>) =>
    void project.perform("setTransition", { transition: id, ...changes });
  const slide = (changes: Partial<Omit<Transition, "kind" | "id">>) =>
    gesture.perform("setTransition", { transition: id, ...changes });
  /** The cut stays where it is in it. */
  function setLength(seconds: number) {
    const length = Math.max(1, snapToFrame(secondsToFlicks(seconds), rate));
    const before = whole === 0 ? 0 : Math.round((length * inOffset) / whole);
    slide({ inOffset: before, outOffset: length - before });
  }
  return (
    <>
      <header className="edit-inspector__head">
        <h2>{transitionNames[type]}</h2>
        <p>Transition</p>
      </header>
      <Section title="Transition">
        <SelectRow
          label="Kind"
          value={type}
          options={types}
          usual="dissolve"
          onChange={(next) => set({ type: next })}
        />
        <ValueRow
          label="Length"
          value={flicksToSeconds(whole)}
          min={0.01}
          max={60}
          slider={[0.04, 4]}
          step={0.04}
          digits={2}
          unit="s"
          onChange={setLength}
          onEnd={gesture.end}
          usual={flicksToSeconds(usualLength(settings))}
        />
        {directed.includes(type) ? (
          <SelectRow
            label="Direction"
            value={transition.direction}
            options={directions}
            usual="left"
            onChange={(direction) => set({ direction })}
          />
        ) : null}
        {soft.includes(type) ? (
          <ValueRow
            label="Softness"
            value={100 * transition.softness}
            min={0}
            max={100}
            step={1}
            unit="%"
            onChange={(softness) => slide({ softness: softness / 100 })}
            onEnd={gesture.end}
            usual={0}
          />
        ) : null}
        {type === "dip" ? (
          <ColourRow
            label="Colour"
            value={transition.colour}
            usual="#000000"
            onChange={(colour) => slide({ colour })}
            onEnd={gesture.end}
          />
        ) : null}
        <div className="button-row">
          <Button onClick={() => project.perform("removeTransition", { transition: id })}>Remove the transition</Button>
        </div>
      </Section>
    </>
  );
}
