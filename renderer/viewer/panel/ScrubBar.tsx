/* oxlint-disable jsx-a11y/prefer-tag-over-role -- it shows a stretch besides its value */
import { type KeyboardEvent, memo, type PointerEvent, useRef } from "react";
import { formatTimecode } from "../../../core/time/index.ts";
import { useProject } from "../../state/context.ts";
import { shownTime, type Transport, useLateDuration, useTransport } from "../../state/transport.ts";

/** All of it in one line: the playhead, and the marked stretch. */
export const ScrubBar = memo(function ScrubBar({ transport }: { readonly transport: Transport }) {
  const bar = useRef<HTMLDivElement>(null);
  const time = useTransport(shownTime, transport);
  const duration = useLateDuration(transport);
  const inPoint = useTransport((state) => state.inPoint, transport);
  const outPoint = useTransport((state) => state.outPoint, transport);
  const rate = useTransport((state) => state.rate, transport);
  const dropFrame = useProject((view) => view.document.settings.dropFrame);
  const share = (at: number): string => `${duration === 0 ? 0 : 100 * Math.min(1, Math.max(0, at / duration))}%`;
  const marked = inPoint !== null || outPoint !== null;

  function seek(event: PointerEvent) {
    const { left, width } = bar.current!.getBoundingClientRect();
    transport.seek(Math.min(1, Math.max(0, (event.clientX - left) / width)) * transport.state.duration);
  }
  function onKeyDown(event: KeyboardEvent) {
    // The arrow keys go frame by frame everywhere; here Home and End are the slider's own.
    const to = event.key === "Home" ? 0 : event.key === "End" ? transport.state.duration : null;
    if (to === null) return;
    event.preventDefault();
    transport.seek(to);
  }
  return (
    <div
      ref={bar}
      className="scrub"
      role="slider"
      tabIndex={0}
      aria-label="Place in time"
      aria-valuemin={0}
      aria-valuemax={duration}
      aria-valuenow={Math.min(time, duration)}
      aria-valuetext={formatTimecode(time, { rate, dropFrame })}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        seek(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seek(event);
      }}
    >
      <span className="scrub__line" />
      {marked ? (
        <span
          className="scrub__marked"
          style={{ left: share(inPoint ?? 0), right: `calc(100% - ${share(outPoint ?? duration)})` }}
        />
      ) : null}
      <span className="scrub__place" style={{ transform: `translateX(${share(time)})` }}>
        <span className="scrub__head" />
      </span>
    </div>
  );
});
