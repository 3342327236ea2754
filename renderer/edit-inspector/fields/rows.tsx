import { ChevronDown } from "lucide-react";
import { Slider } from "radix-ui";
import { memo, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useStable } from "../../ui/use-stable.ts";
import { ResetButton } from "./ResetButton.tsx";

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

/** What is said of a value without a keyframe's toggle. */
export const fixed = (label: string): string => `${label} (does not change with time)`;

interface RowProps {
  readonly label: string;
  /** Of the field that the label names. */
  readonly htmlFor?: string;
  /** Gives the value what it had when it was made; absent where there is no such value, null where it has it. */
  readonly onReset?: (() => void) | null | undefined;
  /** Stands at the end of the row: the keyframe's toggle. */
  readonly toggle?: ReactNode;
  readonly children: ReactNode;
}

/** A name and something of any kind. */
export function Row({ label, htmlFor, onReset, toggle, children }: RowProps) {
  const title = onReset === undefined || toggle !== undefined ? label : fixed(label);
  return (
    <div className={onReset === undefined ? "plain-row" : "plain-row plain-row--resets"}>
      {htmlFor === undefined ? (
        <span className="value-row__label" title={title}>
          {label}
        </span>
      ) : (
        <label className="value-row__label" htmlFor={htmlFor} title={title}>
          {label}
        </label>
      )}
      <div className="plain-row__content">{children}</div>
      {onReset === undefined ? null : <RowReset label={label} onReset={onReset} />}
      {toggle}
    </div>
  );
}

function RowReset({ label, onReset }: { readonly label: string; readonly onReset: (() => void) | null }) {
  const reset = useStable(() => onReset?.());
  return <ResetButton label={label} isUsual={onReset === null} onReset={reset} />;
}

/** The way back to `usual`, as `Row` takes it. */
const backTo = <T,>(value: T | null, usual: T | undefined, onChange: (value: T) => void) =>
  usual === undefined ? undefined : value === usual ? null : () => onChange(usual);

interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T | null;
  readonly options: readonly (readonly [value: T, name: string])[];
  /** What it is when it is made: the row has a way back to it. */
  readonly usual?: T | undefined;
  readonly onChange: (value: T) => void;
}

/** One of a list. */
export function SelectRow<T extends string>({ onChange, ...look }: SelectProps<T>) {
  const change = useStable((value: string) => onChange(value as T));
  return <SelectLine {...look} onChange={change} />;
}

const SelectLine = memo(function SelectLine({ label, value, options, usual, onChange }: SelectProps<string>) {
  const id = useId();
  return (
    <Row label={label} htmlFor={id} onReset={backTo(value, usual, onChange)}>
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
    </Row>
  );
});

interface CheckProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** Something that is so or not; its own way back. */
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
  readonly usual?: string | undefined;
  readonly onChange: (text: string) => void;
  readonly onEnd: () => void;
}

/** A line of text; while it is typed the change is seen. */
export function TextRow({ label, value, maxLength = 500, usual, onChange, onEnd }: TextProps) {
  const id = useId();
  const back = (text: string) => {
    onChange(text);
    onEnd();
  };
  return (
    <Row label={label} htmlFor={id} onReset={backTo(value, usual, back)}>
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
    </Row>
  );
}

interface ColourProps {
  readonly label: string;
  /** #rrggbb or #rrggbbaa */
  readonly value: string | null;
  /** Its opacity can be chosen as well. */
  readonly hasAlpha?: boolean;
  readonly usual?: string | undefined;
  /** In the place of `usual`, as of `Row`. */
  readonly onReset?: (() => void) | null;
  /** The keyframe's toggle, where the colour can change with time. */
  readonly toggle?: ReactNode;
  readonly onChange: (colour: string) => void;
  readonly onEnd: () => void;
}

/** #rrggbb with an opacity of 0 to 255; none is written where it is opaque. */
const withAlpha = (rgb: string, alpha: number): string =>
  alpha === 255 ? rgb : rgb + alpha.toString(16).padStart(2, "0");

export function ColourRow({ label, value, hasAlpha = false, usual, onReset, toggle, onChange, onEnd }: ColourProps) {
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
  const back = (to: string) => {
    onChange(to);
    onEnd();
  };
  const colour = value ?? "#808080";
  const alpha = colour.length === 9 ? Number.parseInt(colour.slice(7), 16) : 255;
  return (
    <Row
      label={label}
      htmlFor={id}
      onReset={onReset === undefined ? backTo(value, usual, back) : onReset}
      toggle={toggle}
    >
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
    </Row>
  );
}
