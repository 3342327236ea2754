import "./motion-lane.css";
import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { SoundAnalysis } from "../../core/contract/index.ts";
import { CurveLayer } from "./CurveLayer.tsx";
import { laneScale, timelineScale } from "./geometry.ts";
import { KeyframeTrack } from "./KeyframeTrack.tsx";
import { addKeyframe, type LaneKeyframes } from "./keyframes.ts";
import { Ruler } from "./Ruler.tsx";
import { Thumbnails } from "./Thumbnails.tsx";
import { Waveform } from "./Waveform.tsx";

export interface MotionLaneProps {
  /** Length of the clip. */
  readonly frames: number;
  /** Null while the sound is being listened to. */
  readonly analysis: SoundAnalysis | null;
  /** One value a frame; null before there is one. */
  readonly curve: readonly number[] | null;
  readonly keyframes: LaneKeyframes;
  /** Frames at which later segments begin. */
  readonly seams: readonly number[];
  /** Frame with fraction; null hides it. */
  readonly playhead: number | null;
  /** Dragged keyframes stick to beats and onsets. */
  readonly snaps: boolean;
  /** Strokes over the curve draw it. */
  readonly isDrawing: boolean;
  /** Nothing can be changed: a job works with it. */
  readonly isLocked: boolean;
  /** `said` is what a screen reader is told of the change. */
  readonly onKeyframes: (keyframes: LaneKeyframes, said: string) => void;
  readonly onSay: (sentence: string) => void;
  readonly onDraw: (curve: readonly number[]) => void;
  readonly onSeek: (frame: number) => void;
  /** Pictures of the keyframes in their order, where there are any, and their width for a height of one. */
  readonly thumbnails?: { readonly pictures: readonly ReactNode[]; readonly aspect: number } | undefined;
  /**
   * On a timeline, which has a scale, a ruler, a playhead and a scroll bar of its own: the lane lies on that scale, begins where its
   * clip begins, and shows none of these a second time. `height` is that of waveform and curve; the keyframes stand below.
   */
  readonly timeline?: { readonly pixelsPerFrame: number; readonly height: number } | undefined;
}

const HEIGHT = 148;

/**
 * Sound made visible, and what a picture does with it: waveform, onsets and beats, the motion curve over them, and the keyframes that
 * carry the motion. Everything that a pointer can do has a key.
 */
export function MotionLane(props: MotionLaneProps) {
  const { frames, analysis, curve, keyframes, playhead, onKeyframes, onSay } = props;
  const box = useRef<HTMLDivElement>(null);
  const [visible, setVisible] = useState(960);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = () => setVisible(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { pixelsPerFrame, height = HEIGHT } = props.timeline ?? {};
  const isOnTimeline = pixelsPerFrame !== undefined;
  const scale = useMemo(
    () => (pixelsPerFrame === undefined ? laneScale(frames, visible) : timelineScale(frames, pixelsPerFrame)),
    [frames, visible, pixelsPerFrame],
  );
  const helpId = useId();
  const isBlank = !analysis && keyframes.length === 0;

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>) {
    if (event.code !== "KeyK" || !event.altKey || props.isLocked) return;
    event.preventDefault();
    const added = addKeyframe(keyframes, playhead ?? 0);
    if (added === null) onSay("All keyframes of these two seconds are placed by you: free or remove one first.");
    else onKeyframes(added.keyframes, `Keyframe placed at frame ${added.keyframes[added.place]?.frame ?? 0}.`);
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- one key for all that is inside
    <div
      className="lane"
      data-timeline={isOnTimeline}
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- no tag means that
      role="group"
      aria-label="Motion lane"
      aria-describedby={helpId}
      onKeyDown={onKeyDown}
    >
      <p id={helpId} className="visually-hidden">
        Arrow keys move a keyframe by one frame, with Shift to the next beat or onset. Space frees or places it, Delete
        removes it, Alt K adds one at the playhead.
      </p>
      <div className="lane__scroll" ref={box}>
        <div className="lane__inner" style={{ width: scale.width }}>
          {isOnTimeline ? null : (
            <Ruler scale={scale} beats={analysis?.beats ?? []} playhead={playhead} onSeek={props.onSeek} />
          )}
          <div className="lane__field" style={{ height }} data-busy={isBlank}>
            {analysis ? (
              <Waveform analysis={analysis} scale={scale} height={height} seams={props.seams} />
            ) : (
              <p className="lane__listening">Listening to the sound …</p>
            )}
            {curve ? (
              <CurveLayer
                curve={curve}
                scale={scale}
                height={height}
                isDrawing={props.isDrawing && !props.isLocked}
                onDraw={props.onDraw}
                onSay={onSay}
              />
            ) : null}
          </div>
          <KeyframeTrack
            scale={scale}
            keyframes={keyframes}
            analysis={analysis}
            snaps={props.snaps}
            isLocked={props.isLocked}
            onKeyframes={onKeyframes}
            onSay={onSay}
          />
          {props.thumbnails && keyframes.length > 0 ? (
            <Thumbnails scale={scale} keyframes={keyframes} {...props.thumbnails} />
          ) : null}
          {playhead === null || isOnTimeline ? null : (
            <div className="lane__playhead" style={{ transform: `translateX(${scale.x(playhead)}px)` }} aria-hidden />
          )}
        </div>
      </div>
    </div>
  );
}
