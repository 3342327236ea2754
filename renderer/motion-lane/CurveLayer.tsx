import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";
import { type CurvePoint, drawOnCurve } from "../../core/motion/curve.ts";
import { curvePath, curveScale, type Scale, secondsOf } from "./geometry.ts";

interface Props {
  readonly curve: readonly number[];
  readonly scale: Scale;
  readonly height: number;
  readonly isDrawing: boolean;
  readonly onDraw: (curve: readonly number[]) => void;
  readonly onSay: (sentence: string) => void;
}

/** Share of the curve's height by which an arrow key lifts it. */
const LIFT = 0.06;

/** The motion curve; while drawing, a stroke of the pointer or the arrow keys change it. */
export function CurveLayer({ curve, scale, height, isDrawing, onDraw, onSay }: Props) {
  const [stroke, setStroke] = useState<readonly CurvePoint[] | null>(null);
  const [cursor, setCursor] = useState(0);
  // Heights are those of the curve that was there before the stroke: it must not move under the pen.
  const heights = useMemo(() => curveScale(curve, height), [curve, height]);
  const shown = useMemo(
    () => (stroke ? Array.from(drawOnCurve(Float32Array.from(curve), stroke)) : curve),
    [curve, stroke],
  );
  const line = useMemo(() => curvePath(shown, scale, heights), [shown, scale, heights]);
  const element = useRef<SVGSVGElement>(null);
  const first = scale.x(0.5);
  const last = scale.x(shown.length - 0.5);

  function pointOf(event: PointerEvent): CurvePoint {
    const box = element.current?.getBoundingClientRect();
    const x = event.clientX - (box?.left ?? 0);
    const y = event.clientY - (box?.top ?? 0);
    return { at: scale.frameAt(x) - 0.5, score: heights.scoreAt(y) };
  }

  function finish() {
    if (stroke) onDraw(shown);
    setStroke(null);
  }

  function lift(by: number) {
    const range = heights.scoreAt(0) - heights.scoreAt(height);
    const near = (frame: number) => Math.max(0, 1 - Math.abs(frame - cursor) / 3);
    const bounded = (score: number) => Math.min(heights.scoreAt(0), Math.max(heights.scoreAt(height), score));
    const lifted = curve.map((score, frame) => bounded(score + by * range * near(frame)));
    onDraw(lifted);
    onSay(valueText(lifted, cursor));
  }
  const valueText = (values: readonly number[], frame: number) => {
    const share = (values[frame] ?? 0) - heights.scoreAt(height);
    const range = heights.scoreAt(0) - heights.scoreAt(height);
    return `${Math.round((share / range) * 100)} % at ${secondsOf(frame)}`;
  };

  function onKeyDown(event: KeyboardEvent) {
    const steps: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => setCursor(Math.max(0, cursor - (event.shiftKey ? 6 : 1))),
      ArrowRight: () => setCursor(Math.min(curve.length - 1, cursor + (event.shiftKey ? 6 : 1))),
      Home: () => setCursor(0),
      End: () => setCursor(curve.length - 1),
      ArrowUp: () => lift(LIFT),
      ArrowDown: () => lift(-LIFT),
      Escape: () => setStroke(null),
    };
    const step = steps[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    step();
  }

  const drawing = isDrawing
    ? {
        role: "slider",
        tabIndex: 0,
        "aria-label": "Motion curve: left and right choose a moment, up and down change it",
        "aria-valuemin": 0,
        "aria-valuemax": curve.length - 1,
        "aria-valuenow": cursor,
        "aria-valuetext": valueText(curve, cursor),
        onKeyDown,
        onPointerDown: (event: PointerEvent<SVGSVGElement>) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setStroke([pointOf(event)]);
        },
        onPointerMove: (event: PointerEvent) => {
          if (stroke) setStroke([...stroke, pointOf(event)]);
        },
        onPointerUp: finish,
        onPointerCancel: () => setStroke(null),
      }
    : { "aria-hidden": true };
  return (
    <svg ref={element} className="curve" data-drawing={isDrawing} width={scale.width} height={height} {...drawing}>
      <path className="curve__area" d={`${line}L${last} ${height}L${first} ${height}Z`} />
      <path className="curve__line" d={line} />
      {isDrawing ? (
        <circle className="curve__cursor" cx={scale.x(cursor + 0.5)} cy={heights.y(shown[cursor] ?? 0)} r={4.5} />
      ) : null}
    </svg>
  );
}
