import { useState } from "react";
import { offProps } from "./off.ts";

interface Props {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  /** Called with every value that is a number, in range or not: what is out of range is said at "Generate". */
  readonly onChange: (value: number) => void;
  readonly className?: string;
  readonly hideLabel?: boolean;
  /** Why it is off now; null: it is on. */
  readonly off?: string | null;
}

/** A number that can be typed. While it is being typed it may be empty or out of range; nothing is corrected under the fingers. */
export function NumberField({
  label,
  value,
  min,
  max,
  step = 1,
  onChange,
  className = "",
  hideLabel,
  off = null,
}: Props) {
  // What is being typed; null when the field rests and shows the value.
  const [text, setText] = useState<string | null>(null);
  return (
    <label className={`number ${className}`}>
      <span className={hideLabel ? "visually-hidden" : "number__label"}>{label}</span>
      <input
        className="field number__field mono"
        type="number"
        readOnly={off !== null}
        {...offProps(off)}
        value={text ?? String(value)}
        min={min}
        max={max}
        step={step}
        onChange={(event) => {
          setText(event.target.value);
          if (event.target.value.trim() !== "" && Number.isFinite(event.target.valueAsNumber)) {
            onChange(event.target.valueAsNumber);
          }
        }}
        onBlur={() => setText(null)}
      />
    </label>
  );
}
