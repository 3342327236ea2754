import { memo, useMemo } from "react";
import { ANIMATION_FPS, type SoundAnalysis } from "../../core/contract/index.ts";
import { type Scale, waveformPath } from "./geometry.ts";

interface Props {
  readonly analysis: SoundAnalysis;
  readonly scale: Scale;
  readonly height: number;
  readonly seams: readonly number[];
}

/** The sound itself: its outline, a line for each beat, a tick for each onset as high as it is strong. */
export const Waveform = memo(function Waveform({ analysis, scale, height, seams }: Props) {
  const { peaks, beats, onsets, soundSeconds } = analysis;
  const path = useMemo(() => waveformPath(peaks.low, peaks.high, scale, height), [peaks, scale, height]);
  const at = (seconds: number) => scale.x(seconds * ANIMATION_FPS);
  const end = at(soundSeconds);
  const last = scale.x(scale.frames);
  return (
    <svg className="wave" width={scale.width} height={height} aria-hidden>
      {beats.map((seconds) => (
        <line key={seconds} className="wave__beat" x1={at(seconds)} x2={at(seconds)} y1={0} y2={height} />
      ))}
      <path className="wave__body" d={path} />
      {onsets.map(({ time, strength }) => (
        <line
          key={time}
          className="wave__onset"
          x1={at(time)}
          x2={at(time)}
          y1={height}
          y2={height - 5 - 11 * Math.min(1, strength)}
        />
      ))}
      {seams.map((frame) => (
        <line key={frame} className="wave__seam" x1={scale.x(frame)} x2={scale.x(frame)} y1={0} y2={height} />
      ))}
      {last - end > 2 ? <rect className="wave__silence" x={end} y={0} width={last - end} height={height} /> : null}
    </svg>
  );
});
