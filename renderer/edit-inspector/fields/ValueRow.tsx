import { RotateCcw } from "lucide-react";
import { Slider } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { Button } from "../../ui/Button.tsx";
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

/** One value: its name, a slider, a field, a way back to how it was made. */
export function ValueRow(props: Props) {
  const { label, value, min, max, slider = [min, max], step, digits = 0, unit = "", onChange, onEnd, onReset } = props;
  const cancelled = useRef(false);
  const place = Math.min(slider[1], Math.max(slider[0], value ?? slider[0]));
  return (
    <div className="value-row">
      <span className="value-row__label" title={label}>
        {label}
      </span>
      <Slider.Root
        className="slider value-row__slider"
        value={[place]}
        min={slider[0]}
        max={slider[1]}
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
      <NumberInput
        label={label}
        value={value}
        min={min}
        max={max}
        step={step}
        digits={digits}
        unit={unit}
        onChange={onChange}
        onEnd={() => onEnd()}
      />
      <Button
        kind="quiet"
        className="value-row__button"
        icon={<RotateCcw size={12} aria-hidden />}
        label={`Reset ${label.toLowerCase()}`}
        disabled={onReset === undefined}
        onClick={() => onReset?.()}
      />
      {props.children ?? <span />}
    </div>
  );
}
