import { ChevronLeft, ChevronRight, Diamond } from "lucide-react";
import { memo } from "react";
import type { Flicks } from "../../../core/time/index.ts";
import { EASINGS, type Keyframe } from "../../../core/timeline/index.ts";
import { Button } from "../../ui/Button.tsx";
import { offProps } from "../../ui/off.ts";
import { useStable } from "../../ui/use-stable.ts";
import { easingName, easingNames } from "../clip-values.ts";

/** A value that can move, whoever's it is. All times are those of its keyframes. */
export interface Keyed {
  readonly title: string;
  readonly keyframes: readonly Keyframe[];
  /** Where the playhead is. */
  readonly time: Flicks;
  /** Sets a keyframe at the playhead, or takes the one that is there away. */
  readonly toggle: () => void;
  readonly setEasing: (of: Flicks, name: keyof typeof EASINGS) => void;
  readonly goTo: (time: Flicks) => void;
}

export function KeyframeToggle({ title, keyframes, time, toggle }: Keyed) {
  const isThere = keyframes.some((each) => each.time === time);
  return <DiamondButton title={title} isThere={isThere} moves={keyframes.length > 0} onToggle={useStable(toggle)} />;
}

interface DiamondProps {
  readonly title: string;
  /** A keyframe stands at the playhead. */
  readonly isThere: boolean;
  /** There are keyframes. */
  readonly moves: boolean;
  readonly onToggle: () => void;
}

const DiamondButton = memo(function DiamondButton({ title, isThere, moves, onToggle }: DiamondProps) {
  return (
    <Button
      kind="quiet"
      className={`value-row__button ${moves ? "value-row__button--moves" : ""}`}
      aria-pressed={isThere}
      icon={<Diamond size={12} aria-hidden fill={isThere ? "currentColor" : "none"} />}
      label={`${isThere ? "Remove the keyframe of" : "Set a keyframe of"} ${title.toLowerCase()}`}
      onClick={onToggle}
    />
  );
});

/** From keyframe to keyframe, and how the value goes on from the one before the playhead; nothing while the value stands still. */
export function KeyframeNavigation({ title, keyframes, time, setEasing, goTo }: Keyed) {
  if (keyframes.length === 0) return null;
  const before = keyframes.findLast((each) => each.time < time);
  const after = keyframes.find((each) => each.time > time);
  const here = keyframes.findLast((each) => each.time <= time);
  const lower = title.toLowerCase();
  return (
    <div className="keyframes">
      <Button
        kind="quiet"
        className="value-row__button"
        icon={<ChevronLeft size={14} aria-hidden />}
        label={`Previous keyframe of ${lower}`}
        off={before === undefined ? "No keyframe stands before the playhead." : null}
        onClick={() => before !== undefined && goTo(before.time)}
      />
      <span className="keyframes__count">
        {here === undefined ? 0 : keyframes.indexOf(here) + 1} of {keyframes.length}
      </span>
      <Button
        kind="quiet"
        className="value-row__button"
        icon={<ChevronRight size={14} aria-hidden />}
        label={`Next keyframe of ${lower}`}
        off={after === undefined ? "No keyframe stands after the playhead." : null}
        onClick={() => after !== undefined && goTo(after.time)}
      />
      <select
        className="select__field keyframes__easing"
        aria-label={`Easing of ${lower} after the keyframe`}
        {...offProps(here === undefined ? "The playhead stands before the first keyframe." : null)}
        value={here === undefined ? "" : (easingName(here.easing) ?? "own")}
        onChange={(event) => here !== undefined && setEasing(here.time, event.target.value as keyof typeof EASINGS)}
      >
        {here === undefined ? <option value="">–</option> : null}
        {here !== undefined && easingName(here.easing) === null ? <option value="own">Own curve</option> : null}
        {here === undefined
          ? null
          : Object.entries(easingNames).map(([each, words]) => (
              <option key={each} value={each}>
                {words}
              </option>
            ))}
      </select>
    </div>
  );
}
