import { ChevronDown } from "lucide-react";
import { Slider } from "radix-ui";
import { memo, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useStable } from "../../ui/use-stable.ts";

interface SectionProps {
  readonly title: ReactNode;
  readonly children: ReactNode;
  readonly closed?: boolean;
}

const Arrow = memo(function Arrow() {
  return <ChevronDown size={13} aria-hidden className="section__arrow" />;
});

/** A part of the inspector that can be folded away; what is folded away is not made. */
export function Section({ title, children, closed = false }: SectionProps) {
  const [isOpen, setOpen] = useState(!closed);
  const [before, setBefore] = useState(closed);
  if (before !== closed) {
    setBefore(closed);
    // Something was set that it tells of, by a command or another hand: it is shown.
    if (!closed) setOpen(true);
  }
  return (
    <details className="section" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="section__title">
        <Arrow />
        {title}
      </summary>
      {isOpen ? <div className="section__body">{children}</div> : null}
    </details>
  );
}

/** A name and something of any kind. */
export function Row({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="plain-row">
      <span className="value-row__label">{label}</span>
      <div className="plain-row__content">{children}</div>
    </div>
  );
}

interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T | null;
  readonly options: readonly (readonly [value: T, name: string])[];
  readonly onChange: (value: T) => void;
}

/** One of a list. */
export function SelectRow<T extends string>({ onChange, ...look }: SelectProps<T>) {
  const change = useStable((value: string) => onChange(value as T));
  return <SelectLine {...look} onChange={change} />;
}

const SelectLine = memo(function SelectLine({ label, value, options, onChange }: SelectProps<string>) {
  const id = useId();
  return (
    <div className="plain-row">
      <label className="value-row__label" htmlFor={id}>
        {label}
      </label>
      <span className="select">
        <select
          id={id}
          className="select__field"
          value={value ?? ""}
          onChange={(event) => onChange(event.target.value)}
        >
          {value === null ? (
            <option value="" disabled>
              mixed
            </option>
          ) : null}
          {options.map(([each, name]) => (
            <option key={each} value={each}>
              {name}
            </option>
          ))}
        </select>
        <ChevronDown size={13} aria-hidden className="select__arrow" />
      </span>
    </div>
  );
});

interface CheckProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export const CheckRow = ({ label, checked, onChange }: CheckProps) => (
  <label className="check-row">
    <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
    {label}
  </label>
);

interface TextProps {
  readonly label: string;
  readonly value: string | null;
  readonly maxLength?: number;
  readonly onChange: (text: string) => void;
  readonly onEnd: () => void;
}

/** A line of text; while it is typed the change is seen. */
export function TextRow({ label, value, maxLength = 500, onChange, onEnd }: TextProps) {
  const id = useId();
  return (
    <div className="plain-row">
      <label className="value-row__label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="field text-row__field"
        value={value ?? ""}
        placeholder={value === null ? "mixed" : undefined}
        maxLength={maxLength}
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
        onBlur={onEnd}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </div>
  );
}

interface ColourProps {
  readonly label: string;
  /** #rrggbb or #rrggbbaa */
  readonly value: string | null;
  /** Its opacity can be chosen as well. */
  readonly hasAlpha?: boolean;
  readonly onChange: (colour: string) => void;
  readonly onEnd: () => void;
}

/** #rrggbb with an opacity of 0 to 255; none is written where it is opaque. */
const withAlpha = (rgb: string, alpha: number): string =>
  alpha === 255 ? rgb : rgb + alpha.toString(16).padStart(2, "0");

export function ColourRow({ label, value, hasAlpha = false, onChange, onEnd }: ColourProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const end = useRef(onEnd);
  useEffect(() => {
    end.current = onEnd;
  });
  useEffect(() => {
    // The platform's picker tells with `change` that it was closed; React calls `input` by that name.
    const { current } = input;
    const onClose = () => end.current();
    current?.addEventListener("change", onClose);
    return () => current?.removeEventListener("change", onClose);
  }, []);
  const colour = value ?? "#808080";
  const alpha = colour.length === 9 ? Number.parseInt(colour.slice(7), 16) : 255;
  return (
    <div className="plain-row">
      <label className="value-row__label" htmlFor={id}>
        {label}
      </label>
      <span className="colour">
        <input
          ref={input}
          id={id}
          className="colour__well"
          type="color"
          value={colour.slice(0, 7)}
          onChange={(event) => onChange(withAlpha(event.target.value, alpha))}
        />
        <span className="colour__code mono">{value === null ? "mixed" : colour.slice(0, 7)}</span>
        {hasAlpha ? (
          <Slider.Root
            className="slider colour__alpha value-row__slider"
            value={[alpha]}
            min={0}
            max={255}
            onValueChange={([next]) => next !== undefined && onChange(withAlpha(colour.slice(0, 7), next))}
            onValueCommit={onEnd}
          >
            <Slider.Track className="slider__track">
              <Slider.Range className="slider__range" />
            </Slider.Track>
            <Slider.Thumb
              className="slider__thumb"
              aria-label={`${label}: opacity`}
              aria-valuetext={`${Math.round((100 * alpha) / 255)} %`}
            />
          </Slider.Root>
        ) : null}
      </span>
    </div>
  );
}
