import { RotateCcw } from "lucide-react";
import { Slider } from "radix-ui";
import { memo, type ReactNode, useRef } from "react";
import { Button } from "../../ui/Button.tsx";
import { useStable } from "../../ui/use-stable.ts";
import { NumberInput } from "./NumberInput.tsx";

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
  /** Absent where the value is as it was made. */
  readonly onReset?: (() => void) | undefined;
  /** Stands at the end of the row. */
  readonly children?: ReactNode;
}

/** One value: its name, a slider, a field, a way back to how it was made. What its value leaves as it is, is not drawn anew. */
export function ValueRow(props: Props) {
  const { label, value, min, max, slider = [min, max], step, digits = 0, unit = "", onReset } = props;
  const onChange = useStable(props.onChange);
  const onEnd = useStable(props.onEnd);
  const reset = useStable(() => onReset?.());
  return (
    <div className="value-row">
      <span className="value-row__label" title={label}>
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
      <ResetButton label={label} disabled={onReset === undefined} onReset={reset} />
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

interface ResetProps {
  readonly label: string;
  readonly disabled: boolean;
  readonly onReset: () => void;
}

const ResetButton = memo(function ResetButton({ label, disabled, onReset }: ResetProps) {
  return (
    <Button
      kind="quiet"
      className="value-row__button"
      icon={<RotateCcw size={12} aria-hidden />}
      label={`Reset ${label.toLowerCase()}`}
      disabled={disabled}
      onClick={onReset}
    />
  );
});
