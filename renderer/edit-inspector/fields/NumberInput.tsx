import { type KeyboardEvent, memo, useRef, useState } from "react";

export interface NumberFormat {
  /** How many digits after the point are shown at most. */
  readonly digits: number;
  /** "%", "dB", "°" */
  readonly unit: string;
}

interface Props extends NumberFormat {
  readonly label: string;
  /** Null where several things differ. */
  readonly value: number | null;
  readonly min: number;
  readonly max: number;
  /** Of the arrow keys; ten times as much with Shift. */
  readonly step: number;
  readonly onChange: (value: number) => void;
  /** The fingers are off: what follows is another change. */
  readonly onEnd: () => void;
}

const shown = (value: number, digits: number): string => String(Number(value.toFixed(digits)) + 0).replace("-", "−");

/** Reads what people type: a comma for a point, a unit behind, either minus. */
export function readNumber(text: string): number | null {
  const match = /^\s*([+\-−]?)\s*(\d*[.,]?\d+|\d+[.,])\s*\D*$/.exec(text);
  if (match === null) return null;
  const value = Number(match[2]!.replace(",", "."));
  return match[1] === "-" || match[1] === "−" ? -value : value;
}

/** A number that is typed, or moved with the arrow keys. Enter takes it, Esc leaves it as it was. */
export const NumberInput = memo(function NumberInput(props: Props) {
  const { label, value, min, max, step, digits, unit, onChange, onEnd } = props;
  const [text, setText] = useState<string | null>(null);
  /** Esc leaves the field without a change. */
  const left = useRef(false);
  const clamp = (next: number): number => Math.min(max, Math.max(min, next));

  function take() {
    const typed = text === null || left.current ? null : readNumber(text);
    left.current = false;
    setText(null);
    if (typed !== null && (value === null || shown(typed, digits) !== shown(value, digits))) onChange(clamp(typed));
    onEnd();
  }
  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key === "Enter") {
      take();
      event.currentTarget.select();
    } else if (event.key === "Escape") {
      left.current = true;
      event.currentTarget.blur();
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && value !== null) {
      event.preventDefault();
      const by = (event.key === "ArrowUp" ? 1 : -1) * step * (event.shiftKey ? 10 : 1);
      const base = text === null ? value : (readNumber(text) ?? value);
      setText(null);
      onChange(clamp(Number((base + by).toFixed(digits + 2))));
    }
  }
  return (
    <span className="number-input">
      <input
        className="number-input__field mono"
        style={{ paddingRight: unit === "" ? 6 : 8 + 6.5 * unit.length }}
        inputMode="decimal"
        aria-label={unit === "" ? label : `${label}, ${unit}`}
        value={text ?? (value === null ? "" : shown(value, digits))}
        placeholder={value === null ? "mixed" : undefined}
        spellCheck={false}
        autoComplete="off"
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setText(event.target.value)}
        onBlur={take}
        onKeyDown={onKeyDown}
      />
      {unit === "" || value === null ? null : (
        <span className="number-input__unit" aria-hidden>
          {unit}
        </span>
      )}
    </span>
  );
});
