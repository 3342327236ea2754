import { ANIMATION_FPS } from "../../core/contract/index.ts";
import { rulerStep, type Scale, secondsOf } from "./geometry.ts";

interface Props {
  readonly scale: Scale;
  /** Seconds. */
  readonly beats: readonly number[];
  readonly playhead: number | null;
  readonly onSeek: (frame: number) => void;
}

/** Time in seconds, and where the beats fall; a slider that leads to any frame. */
export function Ruler({ scale, beats, playhead, onSeek }: Props) {
  const step = rulerStep(scale);
  const labels = Array.from({ length: Math.floor(scale.frames / ANIMATION_FPS / step) + 1 }, (_, n) => n * step);
  const digits = step < 1 ? (step === 0.25 ? 2 : 1) : 0;
  return (
    <div className="ruler">
      {labels
        .filter((seconds) => scale.x(seconds * ANIMATION_FPS) < scale.width - 40)
        .map((seconds) => (
          <span
            key={seconds}
            className="ruler__label mono"
            style={{ left: scale.x(seconds * ANIMATION_FPS) }}
            aria-hidden
          >
            {seconds.toFixed(digits)}
          </span>
        ))}
      <svg className="ruler__marks" width={scale.width} height={22} aria-hidden>
        {labels.map((seconds) => (
          <line
            key={seconds}
            x1={scale.x(seconds * ANIMATION_FPS)}
            x2={scale.x(seconds * ANIMATION_FPS)}
            y1={15}
            y2={22}
          />
        ))}
        {beats.map((seconds) => {
          const x = scale.x(seconds * ANIMATION_FPS);
          return <path key={seconds} className="ruler__beat" d={`M${x - 3.5} 15h7L${x} 21Z`} />;
        })}
      </svg>
      <input
        className="ruler__seek"
        type="range"
        aria-label="Playhead"
        aria-valuetext={secondsOf(playhead ?? 0)}
        min={0}
        max={scale.frames}
        step={1}
        value={Math.round(playhead ?? 0)}
        onChange={(event) => onSeek(event.target.valueAsNumber)}
      />
    </div>
  );
}
