import { Slider } from "radix-ui";
import { memo, type ReactNode, useRef } from "react";
import { useStable } from "../../ui/use-stable.ts";
import { NumberInput } from "./NumberInput.tsx";
import { ResetButton } from "./ResetButton.tsx";
import { fixed } from "./rows.tsx";

interface Props {
  readonly label: string;
  /** As shown; null where several things differ. */
  readonly value: number | null;
  readonly min: number;
  readonly max: number;
  /** Where the slider begins and ends, if not at the limits: most values are near what is usual. */
  readonly slider?: readonly [from: number, to: number];
  readonly step: number;
  readonly digits?: number;
  readonly unit?: string;
  readonly onChange: (value: number) => void;
  readonly onEnd: (how?: "keep" | "cancel") => void;
  /** What it is when it is made: the way back. */
  readonly usual?: number;
  /** In the place of `usual`, where going back is more than another value; absent where the value is as it was made. */
  readonly onReset?: (() => void) | undefined;
  /** Stands at the end of the row: the keyframe's toggle, where the value can change with time. */
  readonly children?: ReactNode;
}

/** Values that were reckoned to and fro are the same still. */
const isSame = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));

/** One value: its name, a slider, a field, a way back to how it was made. What its value leaves as it is, is not drawn anew. */
export function ValueRow(props: Props) {
  const { label, value, min, max, slider = [min, max], step, digits = 0, unit = "", usual, onReset } = props;
  const onChange = useStable(props.onChange);
  const onEnd = useStable(props.onEnd);
  const isUsual = usual === undefined ? onReset === undefined : value !== null && isSame(value, usual);
  const reset = useStable(() => {
    if (usual === undefined) return onReset?.();
    onChange(usual);
    onEnd();
  });
  return (
    <div className="value-row">
      <span className="value-row__label" title={props.children === undefined ? fixed(label) : label}>
        {label}
      </span>
      <ValueSlider
        label={label}
        value={value}
        unit={unit}
        from={slider[0]}
        to={slider[1]}
        step={step}
        onChange={onChange}
        onEnd={onEnd}
      />
      <NumberInput
        label={label}
        value={value}
        min={min}
        max={max}
        step={step}
        digits={digits}
        unit={unit}
        onChange={onChange}
        onEnd={onEnd}
      />
      <ResetButton label={label} isUsual={isUsual} onReset={reset} />
      {props.children ?? <span />}
    </div>
  );
}

interface SliderProps extends Pick<Props, "label" | "value" | "step" | "onChange" | "onEnd"> {
  readonly unit: string;
  readonly from: number;
  readonly to: number;
}

const ValueSlider = memo(function ValueSlider(props: SliderProps) {
  const { label, value, unit, from, to, step, onChange, onEnd } = props;
  const cancelled = useRef(false);
  return (
    <Slider.Root
      className="slider value-row__slider"
      value={[Math.min(to, Math.max(from, value ?? from))]}
      min={from}
      max={to}
      step={step}
      onPointerDown={() => {
        cancelled.current = false;
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        cancelled.current = true;
        onEnd("cancel");
      }}
      onValueChange={([next]) => {
        if (next !== undefined && !cancelled.current) onChange(next);
      }}
      onValueCommit={() => onEnd()}
    >
      <Slider.Track className="slider__track">
        <Slider.Range className="slider__range" />
      </Slider.Track>
      <Slider.Thumb className="slider__thumb" aria-label={label} aria-valuetext={`${value ?? "mixed"} ${unit}`} />
    </Slider.Root>
  );
});
