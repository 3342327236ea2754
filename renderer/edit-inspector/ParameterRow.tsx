import { colourNumber, colourOf, parameterInfo, type ParameterName } from "../../core/timeline/index.ts";
import { useStudio } from "../state/context.ts";
import { useGlancedTime } from "../state/transport.ts";
import type { Found } from "../timeline/selection.ts";
import { isDefault, keyframesOf, momentOf, valueOf } from "./clip-values.ts";
import { KeyframeNavigation, KeyframeToggle } from "./fields/keyframes.tsx";
import { ColourRow } from "./fields/rows.tsx";
import { ValueRow } from "./fields/ValueRow.tsx";
import { useGesture } from "./use-gesture.ts";
import { useClipKeyed } from "./use-keyed.ts";

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
  /** Values between the steps do not exist: a weight of letters. */
  readonly isWhole?: boolean;
  readonly slider?: readonly [from: number, to: number];
  /** Changes with it, in the same proportion. */
  readonly tied?: ParameterName | null;
}

interface Props extends ParameterLook {
  readonly found: readonly Found[];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** One parameter of the selected clips: its value at the playhead, and its keyframes. */
export function ParameterRow({ found, name, label, factor = 1, isWhole = false, tied = null, ...look }: Props) {
  const { project, transport } = useStudio();
  const playhead = useGlancedTime(moves(found, name));
  const gesture = useGesture();
  const { min, max, label: known } = parameterInfo[name];
  const value = valueOf(found, name, playhead);
  const title = label ?? capital(known);

  function change(next: number) {
    const exact = Math.min(max, Math.max(min, next / factor));
    const target = isWhole ? Math.round(exact) : exact;
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
  const reset = () => project.perform("resetParameter", { clips: idsOf(found), parameters: names });
  const single = found.length === 1 ? found[0]! : null;
  const shown = isWhole && value !== null ? Math.round(value) : value;
  return (
    <>
      <ValueRow
        label={title}
        value={shown === null ? null : shown * factor}
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
        <ClipToggle found={single} names={names} title={title} />
      </ValueRow>
      {single === null ? null : <ClipKeyframes found={single} names={names} title={title} />}
    </>
  );
}

const clampTo = (name: ParameterName, value: number): number =>
  Math.min(parameterInfo[name].max, Math.max(parameterInfo[name].min, value));
/** Its value is another at another time. */
const moves = (found: readonly Found[], name: ParameterName): boolean =>
  found.some(({ item }) => keyframesOf(item.clip, name).length > 0);
const idsOf = (found: readonly Found[]): string[] => found.map(({ item }) => item.clip.id);

/** A colour of the selected clips: at the playhead, with its keyframes. */
export function ParameterColourRow({ found, name, label }: Omit<Props, "label"> & { readonly label: string }) {
  const { project, transport } = useStudio();
  const playhead = useGlancedTime(moves(found, name));
  const gesture = useGesture();
  const value = valueOf(found, name, playhead);
  const single = found.length === 1 ? found[0]! : null;
  const title = parameterInfo[name].label;
  function change(colour: string) {
    const target = colourNumber(colour);
    const changes = found.map((each) => ({
      clip: each.item.clip.id,
      parameter: name,
      value: target,
      at: momentOf(each, transport.time),
    }));
    gesture.perform("setParameters", { changes });
  }
  const reset = () => void project.perform("resetParameter", { clips: idsOf(found), parameters: [name] });
  return (
    <>
      <ColourRow
        label={label}
        value={value === null ? null : colourOf(value)}
        hasAlpha
        onChange={change}
        onEnd={gesture.end}
        onReset={isDefault(found, name) ? null : reset}
        toggle={<ClipToggle found={single} names={[name]} title={title} />}
      />
      {single === null ? null : <ClipKeyframes found={single} names={[name]} title={title} />}
    </>
  );
}

interface ClipKeyedProps {
  readonly found: Found;
  readonly names: readonly ParameterName[];
  readonly title: string;
}

/** The toggle of one clip's parameter; of several clips there is none. */
export const ClipToggle = ({ found, ...which }: Omit<ClipKeyedProps, "found"> & { readonly found: Found | null }) =>
  found === null ? <span /> : <OneToggle found={found} {...which} />;

const OneToggle = ({ found, names, title }: ClipKeyedProps) => (
  <KeyframeToggle {...useClipKeyed(found, names, title)} />
);
const ClipKeyframes = ({ found, names, title }: ClipKeyedProps) => (
  <KeyframeNavigation {...useClipKeyed(found, names, title)} />
);
