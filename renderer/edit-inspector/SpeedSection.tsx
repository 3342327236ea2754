import { parameterInfo, parameterOf } from "../../core/timeline/index.ts";
import { useEditUi, useStudio } from "../state/context.ts";
import type { Found } from "../timeline/selection.ts";
import { CheckRow, Section } from "./fields/rows.tsx";
import { ValueRow } from "./fields/ValueRow.tsx";
import { ClipToggle, ParameterRow } from "./ParameterRow.tsx";
import { useGesture } from "./use-gesture.ts";

/** How fast the media is played. A steady speed changes the clip's length; one that moves plays more or less media in it. */
export function SpeedSection({ found }: { readonly found: Found }) {
  const { project } = useStudio();
  const linked = useEditUi((ui) => ui.linkedSelection);
  const gesture = useGesture();
  const { clip } = found.item;
  const speed = parameterOf(clip, "speed");
  return (
    <Section title="Speed" closed={speed === 1 && !clip.reversed}>
      {typeof speed === "number" ? (
        <ValueRow
          label="Speed"
          value={100 * speed}
          min={1}
          max={100 * parameterInfo.speed.max}
          slider={[10, 400]}
          step={5}
          digits={1}
          unit="%"
          onChange={(next) => gesture.perform("setSpeed", { clip: clip.id, speed: next / 100, linked })}
          onEnd={gesture.end}
          usual={100}
        >
          <ClipToggle found={found} names={["speed"]} title="Speed" />
        </ValueRow>
      ) : (
        <ParameterRow found={[found]} name="speed" factor={100} unit="%" digits={1} slider={[0, 400]} />
      )}
      <CheckRow
        label="Backwards"
        checked={clip.reversed}
        onChange={() => project.perform("reverse", { clip: clip.id, linked })}
      />
    </Section>
  );
}
