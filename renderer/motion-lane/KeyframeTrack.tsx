import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";
import { ANIMATION_FPS, type SoundAnalysis } from "../../core/contract/index.ts";
import { snapFrame } from "../../core/motion/curve.ts";
import { offProps } from "../ui/off.ts";
import { type Scale, secondsOf } from "./geometry.ts";
import {
  addKeyframe,
  type Edited,
  isFirst,
  type LaneKeyframe,
  type LaneKeyframes,
  moveKeyframe,
  removeKeyframe,
  setFixed,
} from "./keyframes.ts";
import { LOCKED } from "./locked.ts";

interface Props {
  readonly scale: Scale;
  readonly keyframes: LaneKeyframes;
  readonly analysis: SoundAnalysis | null;
  readonly snaps: boolean;
  readonly isLocked: boolean;
  readonly onKeyframes: (keyframes: LaneKeyframes, said: string) => void;
  readonly onSay: (sentence: string) => void;
}

/** Frames within which a dragged keyframe jumps to a beat or onset. */
const SNAP_FRAMES = 1.6;
/** A pointer that moved less than this clicked. */
const CLICK_PX = 3;
const FIRST = "The first keyframe stays at the beginning.";

interface Drag {
  /** Where the keyframe stood in the list when the drag began, and where it stands now. */
  readonly origin: number;
  readonly place: number;
  /** The list before, for Esc. */
  readonly before: LaneKeyframes;
  readonly from: number;
  readonly startX: number;
  readonly hasMoved: boolean;
}

/** The keyframes as diamonds: hollow ones are automatic, solid ones were placed by the user. */
export function KeyframeTrack({ scale, keyframes, analysis, snaps, isLocked, onKeyframes, onSay }: Props) {
  const track = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  const [entry, setEntry] = useState(0);
  const marks = useMemo(
    () => [...(analysis?.beats ?? []), ...(analysis?.onsets.map(({ time }) => time) ?? [])].sort((a, b) => a - b),
    [analysis],
  );
  const markName = (frame: number): string => {
    if (analysis?.beats.some((seconds) => Math.round(seconds * ANIMATION_FPS) === frame)) return "on a beat";
    return analysis?.onsets.some(({ time }) => Math.round(time * ANIMATION_FPS) === frame) ? "on an onset" : "";
  };
  const focusPlace = (place: number) => {
    setEntry(place);
    requestAnimationFrame(() => track.current?.querySelector<HTMLElement>(`[data-place="${place}"]`)?.focus());
  };
  const say = ({ frame }: LaneKeyframe) =>
    [`Frame ${frame}, ${secondsOf(frame)}`, markName(frame)].filter(Boolean).join(", ");

  function apply({ keyframes: next, place }: Edited, said?: string) {
    const moved = next[place];
    onKeyframes(next, said ?? (moved ? `${say(moved)}.` : ""));
    focusPlace(place);
  }

  function frameOf(clientX: number): number {
    const box = track.current?.getBoundingClientRect();
    return scale.frameAt(clientX - (box?.left ?? 0));
  }

  function onPointerMove(event: PointerEvent) {
    if (!drag || isLocked) return;
    if (!drag.hasMoved && Math.abs(event.clientX - drag.startX) < CLICK_PX) return;
    const free = frameOf(event.clientX);
    const frame = snaps && !event.altKey ? snapFrame(free, marks, SNAP_FRAMES) : free;
    const moved = moveKeyframe(drag.before, drag.origin, frame);
    setDrag({ ...drag, hasMoved: true, place: moved.place });
    // It may have passed a neighbour: the focus goes with it.
    if (moved.place !== drag.place) focusPlace(moved.place);
    onKeyframes(moved.keyframes, "");
  }

  function onKeyDown(event: KeyboardEvent, place: number) {
    if (event.ctrlKey || event.metaKey) return;
    const keyframe = keyframes[place];
    if (!keyframe) return;
    if (event.key === "Escape" && drag) {
      event.preventDefault();
      event.stopPropagation();
      onKeyframes(drag.before, "The keyframe is back where it was.");
      return setDrag(null);
    }
    const beside = (direction: number) => {
      const next = marks
        .map((seconds) => Math.round(seconds * ANIMATION_FPS))
        .filter((frame) => (direction > 0 ? frame > keyframe.frame : frame < keyframe.frame));
      return (direction > 0 ? next[0] : next.at(-1)) ?? keyframe.frame + direction;
    };
    const move = (direction: number) => {
      if (isFirst(keyframes, place)) return onSay(FIRST);
      apply(moveKeyframe(keyframes, place, event.shiftKey ? beside(direction) : keyframe.frame + direction));
    };
    const does: Readonly<Record<string, () => void>> = {
      ...(isLocked
        ? {}
        : {
            ArrowLeft: () => move(-1),
            ArrowRight: () => move(1),
            Delete: () => remove(place),
            Backspace: () => remove(place),
            " ": () => toggle(place),
            Enter: () => toggle(place),
          }),
      "[": () => focusPlace(Math.max(0, place - 1)),
      "]": () => focusPlace(Math.min(keyframes.length - 1, place + 1)),
      Home: () => focusPlace(0),
      End: () => focusPlace(keyframes.length - 1),
    };
    const byCode = event.code === "BracketLeft" ? "[" : event.code === "BracketRight" ? "]" : event.key;
    const action = does[byCode];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  function toggle(place: number) {
    const keyframe = keyframes[place];
    if (!keyframe) return;
    if (isFirst(keyframes, place)) return onSay(FIRST);
    const now = !keyframe.isFixed;
    onKeyframes(setFixed(keyframes, place, now), now ? "Placed: it stays here." : "Automatic: it follows the curve.");
  }

  function remove(place: number) {
    if (isFirst(keyframes, place)) return onSay(FIRST);
    apply(removeKeyframe(keyframes, place), "Removed. An automatic one fills the widest gap.");
  }

  function add(clientX: number) {
    if (isLocked) return;
    const added = addKeyframe(keyframes, frameOf(clientX));
    if (added === null) onSay("All keyframes of these two seconds are placed by you: free or remove one first.");
    else apply(added);
  }

  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- Alt+K does the same
    <div className="track" ref={track} data-locked={isLocked} onDoubleClick={(event) => add(event.clientX)}>
      <div className="track__line" style={{ left: scale.x(0), width: scale.x(scale.frames) - scale.x(0) }} />
      {keyframes.map((keyframe, place) => {
        const first = isFirst(keyframes, place);
        const kind = first ? "at the beginning" : keyframe.isFixed ? "placed by you" : "automatic";
        const isDragged = drag?.place === place && drag.hasMoved;
        return (
          <div
            key={`${keyframe.segment}:${place}`}
            className="diamond"
            // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- many thumbs on one track; no tag means that
            role="slider"
            tabIndex={place === Math.min(entry, keyframes.length - 1) ? 0 : -1}
            data-place={place}
            data-fixed={keyframe.isFixed || first}
            data-dragged={isDragged}
            style={{ transform: `translateX(${scale.x(keyframe.frame)}px)` }}
            aria-label={`Keyframe ${place + 1}, ${kind}`}
            aria-valuemin={0}
            aria-valuemax={scale.frames - 1}
            aria-valuenow={keyframe.frame}
            aria-valuetext={say(keyframe)}
            {...offProps(isLocked ? LOCKED : first ? FIRST : null)}
            onFocus={() => setEntry(place)}
            onKeyDown={(event) => onKeyDown(event, place)}
            onDoubleClick={(event) => {
              event.stopPropagation();
              if (!isLocked) toggle(place);
            }}
            onPointerDown={(event) => {
              event.currentTarget.focus();
              if (isLocked || first || event.button !== 0) return;
              event.currentTarget.setPointerCapture(event.pointerId);
              setDrag({
                place,
                origin: place,
                before: keyframes,
                from: keyframe.frame,
                startX: event.clientX,
                hasMoved: false,
              });
            }}
            onPointerMove={onPointerMove}
            onPointerUp={() => {
              const moved = drag?.hasMoved ? keyframes[drag.place] : undefined;
              if (moved) onSay(`${say(moved)}.`);
              setDrag(null);
            }}
            onPointerCancel={() => setDrag(null)}
          >
            <span className="diamond__shape" />
            {isDragged ? (
              <span className="diamond__label mono">
                {secondsOf(keyframe.frame)} {markName(keyframe.frame)}
                <span className="diamond__delta">
                  {keyframe.frame >= drag.from ? "+" : "−"}
                  {Math.abs(keyframe.frame - drag.from)} f
                </span>
              </span>
            ) : null}
          </div>
        );
      })}
    </div>
  );
}
