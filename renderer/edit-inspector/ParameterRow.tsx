import { ChevronLeft, ChevronRight, Diamond } from "lucide-react";
import { memo } from "react";
import { type Flicks, FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { EASINGS, parameterInfo, type ParameterName } from "../../core/timeline/index.ts";
import { useStudio } from "../state/context.ts";
import { useTransport } from "../state/transport.ts";
import type { Found } from "../timeline/selection.ts";
import { Button } from "../ui/Button.tsx";
import { useStable } from "../ui/use-stable.ts";
import { easingName, easingNames, isDefault, keyframesOf, momentOf, valueOf } from "./clip-values.ts";
import { ValueRow } from "./fields/ValueRow.tsx";
import { useGesture } from "./use-gesture.ts";

/** How a parameter is shown. Names and limits are those of the document. */
export interface ParameterLook {
  readonly name: ParameterName;
  /** Where the document's own name reads badly in a row. */
  readonly label?: string;
  /** Shown for a value of 1: 100 for per cent, the frame's width for pixels. */
  readonly factor?: number;
  readonly unit?: string;
  readonly digits?: number;
  /** In shown units. */
  readonly step?: number;
  readonly slider?: readonly [from: number, to: number];
  /** Changes with it, in the same proportion. */
  readonly tied?: ParameterName | null;
}

interface Props extends ParameterLook {
  readonly found: readonly Found[];
}

/** While it plays values are shown now and then: drawing them with each frame would cost frames. */
const PLAYING_STEP: Flicks = FLICKS_PER_SECOND / 4;

const useShownTime = (): Flicks => useTransport(({ time, playing }) => (playing ? time - (time % PLAYING_STEP) : time));

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** One parameter of the selected clips: its value at the playhead, and its keyframes. */
export function ParameterRow({ found, name, label, factor = 1, tied = null, ...look }: Props) {
  const { project, transport } = useStudio();
  const playhead = useShownTime();
  const gesture = useGesture();
  const { min, max, label: known } = parameterInfo[name];
  const value = valueOf(found, name, playhead);
  const title = label ?? capital(known);

  function change(next: number) {
    const target = Math.min(max, Math.max(min, next / factor));
    const now = transport.time;
    const [only] = found;
    if (name === "speed" && only !== undefined) {
      // A speed that moves is set by its keyframes alone: the clip keeps its length.
      const time = momentOf(only, now);
      gesture.perform("setKeyframe", { clip: only.item.clip.id, parameter: name, time, value: target });
      return;
    }
    const changes = found.flatMap((each) => {
      const { clip } = each.item;
      const at = momentOf(each, now);
      const own = { clip: clip.id, parameter: name, value: target, at };
      if (tied === null) return [own];
      const before = valueOf([each], name, now) ?? 1;
      const other = valueOf([each], tied, now) ?? 1;
      return [
        own,
        { ...own, parameter: tied, value: before === 0 ? target : clampTo(tied, (other * target) / before) },
      ];
    });
    gesture.perform("setParameters", { changes });
  }
  const names = tied === null ? [name] : [name, tied];
  const reset = () =>
    project.perform("resetParameter", { clips: found.map(({ item }) => item.clip.id), parameters: names });
  const single = found.length === 1 ? found[0]! : null;
  return (
    <>
      <ValueRow
        label={title}
        value={value === null ? null : value * factor}
        min={min * factor}
        max={max * factor}
        step={look.step ?? 1}
        {...(look.slider === undefined ? {} : { slider: look.slider })}
        {...(look.digits === undefined ? {} : { digits: look.digits })}
        {...(look.unit === undefined ? {} : { unit: look.unit })}
        onChange={change}
        onEnd={gesture.end}
        onReset={names.every((each) => isDefault(found, each)) ? undefined : reset}
      >
        {single === null ? null : <KeyframeToggle found={single} names={names} title={title} />}
      </ValueRow>
      {single !== null && keyframesOf(single.item.clip, name).length > 0 ? (
        <KeyframeNavigation found={single} names={names} title={title} />
      ) : null}
    </>
  );
}

const clampTo = (name: ParameterName, value: number): number =>
  Math.min(parameterInfo[name].max, Math.max(parameterInfo[name].min, value));

interface KeyframeProps {
  readonly found: Found;
  readonly names: readonly ParameterName[];
  readonly title: string;
}

/** Sets a keyframe at the playhead, or takes the one that is there away. */
export function KeyframeToggle({ found, names, title }: KeyframeProps) {
  const { project, transport } = useStudio();
  const { clip } = found.item;
  const shown = momentOf(found, useShownTime());
  const isThere = keyframesOf(clip, names[0]!).some((each) => each.time === shown);
  const moves = keyframesOf(clip, names[0]!).length > 0;
  function toggle() {
    const gesture = crypto.randomUUID();
    const time = momentOf(found, transport.time);
    for (const parameter of names)
      if (isThere && keyframesOf(clip, parameter).some((each) => each.time === time))
        project.perform("removeKeyframe", { clip: clip.id, parameter, time }, { gesture });
      else if (!isThere) project.perform("setKeyframe", { clip: clip.id, parameter, time }, { gesture });
    project.endGesture(gesture, "keep");
  }
  return <DiamondButton title={title} isThere={isThere} moves={moves} onToggle={useStable(toggle)} />;
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

/** From keyframe to keyframe, and how the value goes on from the one before the playhead. */
function KeyframeNavigation({ found, names, title }: KeyframeProps) {
  const { project, transport } = useStudio();
  const { clip, start } = found.item;
  const time = momentOf(found, useShownTime());
  const keyframes = keyframesOf(clip, names[0]!);
  const before = keyframes.findLast((each) => each.time < time);
  const after = keyframes.find((each) => each.time > time);
  const here = keyframes.findLast((each) => each.time <= time);
  const lower = title.toLowerCase();
  function setEasing(name: keyof typeof EASINGS) {
    if (here === undefined) return;
    const gesture = crypto.randomUUID();
    for (const parameter of names)
      if (keyframesOf(clip, parameter).some((each) => each.time === here.time))
        project.perform(
          "setKeyframe",
          { clip: clip.id, parameter, from: here.time, time: here.time, easing: EASINGS[name] },
          { gesture },
        );
    project.endGesture(gesture, "keep");
  }
  const go = (to: number | undefined) => {
    if (to !== undefined) transport.seek(start + to);
  };
  return (
    <div className="keyframes">
      <Button
        kind="quiet"
        className="value-row__button"
        icon={<ChevronLeft size={14} aria-hidden />}
        label={`Previous keyframe of ${lower}`}
        disabled={before === undefined}
        onClick={() => go(before?.time)}
      />
      <span className="keyframes__count">
        {here === undefined ? 0 : keyframes.indexOf(here) + 1} of {keyframes.length}
      </span>
      <Button
        kind="quiet"
        className="value-row__button"
        icon={<ChevronRight size={14} aria-hidden />}
        label={`Next keyframe of ${lower}`}
        disabled={after === undefined}
        onClick={() => go(after?.time)}
      />
      <select
        className="select__field keyframes__easing"
        aria-label={`Easing of ${lower} after the keyframe`}
        disabled={here === undefined}
        value={here === undefined ? "" : (easingName(here.easing) ?? "own")}
        onChange={(event) => setEasing(event.target.value as keyof typeof EASINGS)}
      >
        {here === undefined ? <option value="">–</option> : null}
        {here !== undefined && easingName(here.easing) === null ? <option value="own">Own curve</option> : null}
        {Object.entries(easingNames).map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
