import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import "./splitter.css";

interface Props {
  /** What it resizes, for screen readers: "Timeline". */
  readonly label: string;
  /** Whether it stands between columns or between rows. */
  readonly orientation: "vertical" | "horizontal";
  /** Size of the panel in pixels. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** The panel lies after the splitter: it grows when the splitter goes left or up. */
  readonly before?: boolean;
  readonly onChange: (value: number) => void;
}

const STEP = 16;

/** The movable border between two panels (WAI-ARIA window splitter): dragged, or moved with arrow keys, Home and End. */
export function Splitter({ label, orientation, value, min, max, before = false, onChange }: Props) {
  const start = useRef<{ readonly at: number; readonly value: number } | null>(null);
  const sign = before ? -1 : 1;
  const place = (event: PointerEvent) => (orientation === "vertical" ? event.clientX : event.clientY);
  const to = (next: number) => onChange(Math.round(Math.min(max, Math.max(min, next))));

  function onKeyDown(event: KeyboardEvent) {
    const [less, more] = orientation === "vertical" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const next =
      event.key === less
        ? value - sign * STEP
        : event.key === more
          ? value + sign * STEP
          : event.key === "Home"
            ? min
            : event.key === "End"
              ? max
              : null;
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    to(next);
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a focusable separator is a widget
    <div
      className="splitter"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- an hr has no value
      role="separator"
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- see above
      tabIndex={0}
      aria-label={`Size of ${label}`}
      aria-orientation={orientation}
      aria-valuenow={Math.round(value)}
      aria-valuemin={Math.round(min)}
      aria-valuemax={Math.round(max)}
      data-orientation={orientation}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { at: place(event), value };
      }}
      onPointerMove={(event) => {
        if (start.current) to(start.current.value + sign * (place(event) - start.current.at));
      }}
      onPointerUp={() => {
        start.current = null;
      }}
      onPointerCancel={() => {
        start.current = null;
      }}
    />
  );
}
