import { Slider } from "radix-ui";
import { NumberField } from "./NumberField.tsx";

interface Props {
  readonly label: string;
  /** One line under the label: what it does. */
  readonly hint?: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly onChange: (value: number) => void;
}

export function SliderField({ label, hint, value, min, max, step = 1, onChange }: Props) {
  return (
    <div className="slider-field">
      <div className="slider-field__label">{label}</div>
      <div className="slider-field__row">
        <Slider.Root
          className="slider"
          value={[Math.min(max, Math.max(min, value))]}
          min={min}
          max={max}
          step={step}
          onValueChange={([next]) => next !== undefined && onChange(next)}
        >
          <Slider.Track className="slider__track">
            <Slider.Range className="slider__range" />
          </Slider.Track>
          <Slider.Thumb className="slider__thumb" aria-label={label} />
        </Slider.Root>
        <NumberField hideLabel label={label} value={value} min={min} max={max} step={step} onChange={onChange} />
      </div>
      {hint ? <p className="slider-field__hint">{hint}</p> : null}
    </div>
  );
}
