import { type PointerEvent, useEffect, useRef, useState } from "react";
import { laneOf, type ParameterName, type Timeline } from "../../../core/timeline/index.ts";
import { useEditUi, useProject, useStudio } from "../../state/context.ts";
import { selectedClips } from "../../state/edit-ui.ts";
import { useTransport } from "../../state/transport.ts";
import type { ViewerEngine } from "../engine.ts";
import { type Box, boxOf, contains, cornersOf, type Point, toFrame, visualsOf } from "../geometry.ts";
import { type Grip, type Guide, manipulate } from "../manipulate.ts";
import { measurer } from "../measurer.ts";
import { useViewerStatus } from "../use-engine.ts";
import type { FrameView } from "./Viewer.tsx";

/** CSS pixels. */
const [SIDE, KNOB, SNAP] = [9, 26, 7];

const grips: readonly { readonly x: -1 | 0 | 1; readonly y: -1 | 0 | 1 }[] = [
  { x: -1, y: -1 },
  { x: 0, y: -1 },
  { x: 1, y: -1 },
  { x: 1, y: 0 },
  { x: 1, y: 1 },
  { x: 0, y: 1 },
  { x: -1, y: 1 },
  { x: -1, y: 0 },
];

interface Drag {
  readonly gesture: string;
  readonly box: Box;
  readonly grip: Grip;
  readonly from: Point;
  readonly start: number;
  moved: boolean;
}

/** The selected clip on the picture: it is moved, turned and sized by hand. A click selects what lies under it. */
export function Handles({ engine, view }: { readonly engine: ViewerEngine; readonly view: FrameView }) {
  const { project, editUi, transport } = useStudio();
  // Only of these tells the drawing: edits that change neither them nor the frame draw nothing anew.
  const settings = useProject((state) => state.document.settings);
  const media = useProject((state) => state.document.media);
  const selection = useEditUi((ui) => ui.selection);
  const playing = useTransport((state) => state.playing);
  const plan = useViewerStatus(engine, (status) => status.plan);
  const [guides, setGuides] = useState<readonly Guide[]>([]);
  const drag = useRef<Drag | null>(null);
  const root = useRef<SVGSVGElement>(null);

  const boxes =
    plan === null ? [] : visualsOf(plan).flatMap((visual) => boxOf(visual, { settings, media }, measurer()) ?? []);
  const ids = selectedClips({ selection });
  const selected = boxes.filter(({ clip }) => ids.includes(clip));
  const box = selected.length === 1 && !playing ? selected[0]! : null;

  function stop(end: "keep" | "cancel") {
    const { current } = drag;
    drag.current = null;
    setGuides([]);
    if (current?.moved === true) project.endGesture(current.gesture, end);
  }
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || drag.current === null) return;
      event.preventDefault();
      event.stopPropagation();
      stop("cancel");
    };
    // Before any other: Esc belongs to the hand while it holds something.
    window.addEventListener("keydown", onKey, true);
    return () => window.removeEventListener("keydown", onKey, true);
  });

  const pointOf = (event: PointerEvent): Point => {
    const { left, top } = root.current!.getBoundingClientRect();
    return [(event.clientX - left) / view.scale, (event.clientY - top) / view.scale];
  };
  function begin(event: PointerEvent, grip: Grip, held: Box) {
    const place = placeOf(project.store.getState().document, held.clip);
    if (place === null) return;
    transport.pause();
    root.current!.setPointerCapture(event.pointerId);
    drag.current = {
      gesture: crypto.randomUUID(),
      box: held,
      grip,
      from: pointOf(event),
      start: place,
      moved: false,
    };
  }
  function onPointerDown(event: PointerEvent) {
    if (event.button !== 0 || playing) return;
    const point = pointOf(event);
    const under = boxes.findLast((each) => contains(each, point));
    // What is selected is moved even where something else lies over it.
    const held = box !== null && contains(box, point) ? box : under;
    if (held === undefined) {
      editUi.setState({ selection: { type: "none" } });
      return;
    }
    if (held !== box) editUi.setState({ selection: { type: "clips", ids: [held.clip] } });
    begin(event, "move", held);
  }
  function onPointerMove(event: PointerEvent) {
    const { current } = drag;
    if (current === null) return;
    const to = pointOf(event);
    const way = Math.hypot(to[0] - current.from[0], to[1] - current.from[1]) * view.scale;
    if (!current.moved && way < 3) return;
    current.moved = true;
    const snap = event.altKey ? 0 : SNAP / view.scale;
    const hand = { from: current.from, to, snap, constrained: event.shiftKey };
    const { values, guides: lines } = manipulate(current.box, current.grip, hand, settings);
    setGuides(lines);
    const at = transport.time - current.start;
    const changes = Object.entries(values).map(([parameter, value]) => ({
      clip: current.box.clip,
      parameter: parameter as ParameterName,
      value,
      at,
    }));
    if (changes.length > 0)
      project.perform("setParameters", { changes }, { gesture: current.gesture, fromStart: true, quiet: true });
  }

  const unit = 1 / view.scale;
  return (
    <svg
      ref={root}
      className="handles"
      viewBox={`0 0 ${view.width} ${view.height}`}
      aria-hidden
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => stop("keep")}
      onPointerCancel={() => stop("cancel")}
      onDoubleClick={() => globalThis.document.querySelector<HTMLTextAreaElement>("[data-title-text]")?.select()}
    >
      {guides.map(({ axis, at }) => (
        <line
          key={axis}
          className="handles__guide"
          x1={axis === "x" ? at : 0}
          x2={axis === "x" ? at : view.width}
          y1={axis === "y" ? at : 0}
          y2={axis === "y" ? at : view.height}
        />
      ))}
      {playing
        ? null
        : selected.map((each) => (
            <polygon key={each.clip} className="handles__outline" points={cornersOf(each).join(" ")} />
          ))}
      {box === null ? null : (
        <Grips
          box={box}
          unit={unit}
          frame={view}
          onHold={(event, grip) => {
            event.stopPropagation();
            if (event.button === 0) begin(event, grip, box);
          }}
        />
      )}
    </svg>
  );
}

interface GripsProps {
  readonly box: Box;
  /** Pixels of the frame for one of the screen. */
  readonly unit: number;
  readonly frame: Pick<FrameView, "width" | "height">;
  readonly onHold: (event: PointerEvent, grip: Grip) => void;
}

function Grips({ box, unit, frame, onHold }: GripsProps) {
  const { left, right, top, bottom } = box.local;
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
  const at = ({ x, y }: { readonly x: number; readonly y: number }): Point =>
    toFrame(box, [cx + (x * (right - left)) / 2, cy + (y * (bottom - top)) / 2]);
  const edge = at({ x: 0, y: -1 });
  const middle = toFrame(box, [cx, cy]);
  const length = Math.max(1e-6, Math.hypot(edge[0] - middle[0], edge[1] - middle[1]));
  const knobAt = (far: number): Point => [
    edge[0] + ((edge[0] - middle[0]) / length) * far * unit,
    edge[1] + ((edge[1] - middle[1]) / length) * far * unit,
  ];
  // Beside the frame there may be no room to be seen: of a picture that fills it the knob stands inside.
  const outside = knobAt(KNOB);
  const isSeen = outside[0] >= 0 && outside[0] <= frame.width && outside[1] >= 0 && outside[1] <= frame.height;
  const knob = isSeen ? outside : knobAt(-KNOB);
  const side = SIDE * unit;
  return (
    <>
      <line className="handles__stem" x1={edge[0]} y1={edge[1]} x2={knob[0]} y2={knob[1]} />
      <circle
        className="handles__knob"
        cx={knob[0]}
        cy={knob[1]}
        r={side * 0.6}
        onPointerDown={(event) => onHold(event, "rotate")}
      />
      {grips.map((grip) => {
        const [x, y] = at(grip);
        return (
          <rect
            key={`${grip.x} ${grip.y}`}
            className="handles__grip"
            style={{ cursor: cursorOf(grip, box.angle) }}
            x={x - side / 2}
            y={y - side / 2}
            width={side}
            height={side}
            onPointerDown={(event) => onHold(event, grip)}
          />
        );
      })}
    </>
  );
}

const CURSORS = ["ew-resize", "nwse-resize", "ns-resize", "nesw-resize"] as const;

/** The arrow that points the way the grip is pulled. */
function cursorOf({ x, y }: { readonly x: number; readonly y: number }, angle: number): string {
  const turn = Math.round((Math.atan2(y, x) + angle) / (Math.PI / 4));
  return CURSORS[((turn % 4) + 4) % 4]!;
}

/** When a clip begins. */
function placeOf(document: Timeline, clip: string): number | null {
  for (const track of document.tracks) {
    const at = laneOf(track).index.get(clip);
    if (at !== undefined) return laneOf(track).placed[at]!.start;
  }
  return null;
}
