import type { ReactNode } from "react";
import type { Scale } from "./geometry.ts";
import type { LaneKeyframes } from "./keyframes.ts";

interface Props {
  readonly scale: Scale;
  readonly keyframes: LaneKeyframes;
  readonly pictures: readonly ReactNode[];
  readonly aspect: number;
}

const STEMS = 18;
const GAP = 6;
const [WIDEST, TALLEST] = [112, 84];

/** The keyframes' pictures in a row, each tied to its diamond. */
export function Thumbnails({ scale, keyframes, pictures, aspect }: Props) {
  const room = (scale.width - 2 * scale.pad) / keyframes.length;
  const width = Math.min(WIDEST, room - GAP, TALLEST * aspect);
  // In the middle of the room that each has; diamonds stand where they stand, hence the stems.
  const centre = (place: number) => scale.pad + (place + 0.5) * room;
  return (
    <div className="thumbs">
      <svg className="thumbs__stems" width={scale.width} height={STEMS} aria-hidden>
        {keyframes.map(({ frame, segment }, place) => {
          const [x, to] = [scale.x(frame), centre(place)];
          return (
            <path key={`${segment}:${frame}`} d={`M${x} 0C${x} ${STEMS * 0.6} ${to} ${STEMS * 0.4} ${to} ${STEMS}`} />
          );
        })}
      </svg>
      <ul className="thumbs__row" style={{ height: width / aspect }}>
        {keyframes.map(({ frame, segment }, place) => (
          <li
            key={`${segment}:${frame}`}
            className="thumbs__item"
            style={{
              left: centre(place) - width / 2,
              width,
              height: width / aspect,
              // Small ones grow to be looked at, up to what a wide lane would give them.
              ["--enlarged" as string]: Math.max(1, Math.min(WIDEST, TALLEST * aspect) / width),
            }}
          >
            {pictures[place]}
          </li>
        ))}
      </ul>
    </div>
  );
}
