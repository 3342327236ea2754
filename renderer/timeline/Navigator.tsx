import { type PointerEvent, useEffect, useRef, useSyncExternalStore } from "react";
import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { useEditUi, useTold } from "../state/context.ts";
import { lengthOf } from "../state/create-studio.ts";
import { INSET, zoomLimits } from "./geometry.ts";
import type { TimelineView } from "./timeline-view.ts";

/** The scroll bar under the timeline: its thumb is the stretch in sight, and its ends zoom. */
export function Navigator({ view }: { readonly view: TimelineView }) {
  const duration = useTold(({ document }) => lengthOf(document));
  const rate = useTold(({ document }) => document.settings.rate);
  const zoom = useEditUi((ui) => ui.zoom);
  const scroll = useEditUi((ui) => ui.scroll);
  const width = useSyncExternalStore(
    (listener) => view.subscribe(listener),
    () => view.view.width,
  );
  const track = useRef<HTMLDivElement>(null);
  const hold = useRef<{
    readonly part: "start" | "body" | "end";
    readonly x: number;
    readonly from: number;
    readonly to: number;
  } | null>(null);

  const seconds = scroll / FLICKS_PER_SECOND;
  const seen = Math.max(0, width - INSET) / zoom;
  const whole = Math.max((duration / FLICKS_PER_SECOND) * 1.1 + 2, seconds + seen);

  // A drag moves what is state; the values of the press count, whatever is drawn meanwhile.
  const wholeAtPress = useRef(whole);
  useEffect(() => {
    if (hold.current === null) wholeAtPress.current = whole;
  }, [whole]);

  function onMove(event: PointerEvent) {
    const { current: held } = hold;
    const box = track.current?.getBoundingClientRect();
    if (held === null || box === undefined) return;
    const by = ((event.clientX - held.x) / box.width) * wholeAtPress.current;
    if (held.part === "body") view.setView({ zoom, scroll: Math.round((held.from + by) * FLICKS_PER_SECOND) });
    else {
      const { min, max } = zoomLimits(rate, width);
      const [from, to] =
        held.part === "start"
          ? [Math.min(held.from + by, held.to - 0.01), held.to]
          : [held.from, Math.max(held.to + by, held.from + 0.01)];
      const next = Math.min(max, Math.max(min, (width - INSET) / (to - Math.max(0, from))));
      view.setView({ zoom: next, scroll: Math.round(Math.max(0, from) * FLICKS_PER_SECOND) });
    }
  }
  const press = (part: "start" | "body" | "end") => (event: PointerEvent<HTMLElement>) => {
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    hold.current = { part, x: event.clientX, from: seconds, to: seconds + seen };
  };
  const release = () => {
    hold.current = null;
  };
  const handlers = (part: "start" | "body" | "end") => ({
    onPointerDown: press(part),
    onPointerMove: onMove,
    onPointerUp: release,
    onPointerCancel: release,
  });

  return (
    <div className="navigator" ref={track} aria-hidden>
      <div
        className="navigator__thumb"
        style={{ left: `${(seconds / whole) * 100}%`, width: `${Math.min(100, (seen / whole) * 100)}%` }}
        {...handlers("body")}
      >
        <div className="navigator__end navigator__end--start" {...handlers("start")} />
        <div className="navigator__end navigator__end--end" {...handlers("end")} />
      </div>
    </div>
  );
}
