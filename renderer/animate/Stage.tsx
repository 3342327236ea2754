import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import type { AnimateJob, Focus, PictureMedia, SoundMedia } from "../../core/contract/index.ts";
import { LatentPreview } from "../create/LatentPreview.tsx";
import { useSelect, useStudio } from "../state/context.ts";
import { isActive } from "../state/items.ts";
import { animators, type Lane, laneSize } from "../state/lane.ts";
import type { Transport } from "./use-transport.ts";

interface Props {
  readonly lane: Lane;
  readonly picture: PictureMedia;
  readonly sound: SoundMedia;
  readonly job: AnimateJob | null;
  readonly attach: Transport["attach"];
  readonly isLocked: boolean;
}

/** What there is to see: the picture as it will be cropped, then the frames forming, then the clip with its sound. */
export function Stage({ lane, picture, sound, job, attach, isLocked }: Props) {
  const { client } = useStudio();
  const model = useSelect((state) => animators(state.models)[0]);
  const size = job ? job.request : laneSize(lane, model ?? null, picture);
  const clip = job?.clip ?? null;
  return (
    <div className="stage">
      <div className="stage__frame" style={{ aspectRatio: `${size.width} / ${size.height}` }}>
        {clip ? (
          // oxlint-disable-next-line jsx-a11y/media-has-caption -- the sound is the user's own
          <video
            ref={attach}
            className="stage__video"
            src={client.clipUrl(clip.id)}
            playsInline
            loop
            aria-label="The animated picture"
          />
        ) : (
          <Cropped lane={lane} picture={picture} size={size} isLocked={isLocked} />
        )}
        {job && !clip && isActive(job) && job.preview && job.state === "running" ? <LatentPreview job={job} /> : null}
      </div>
      {clip ? null : (
        // oxlint-disable-next-line jsx-a11y/media-has-caption -- the sound is the user's own
        <audio ref={attach} src={client.soundUrl(sound.id, sound.version, lane.range)} preload="auto" />
      )}
    </div>
  );
}

interface CroppedProps {
  readonly lane: Lane;
  readonly picture: PictureMedia;
  readonly size: { readonly width: number; readonly height: number };
  readonly isLocked: boolean;
}

/** Share of the room on one axis that lies before the crop, for a focus: the crop stays inside the picture. */
function before(focus: number, whole: number, part: number): number {
  const room = whole - part;
  return room <= 0 ? 0.5 : Math.min(1, Math.max(0, (focus * whole - part / 2) / room));
}

/** A focus that does not lead the crop out of the picture. */
function hold(value: number, part: number, whole: number): number {
  const half = part / whole / 2;
  return Math.min(1 - half, Math.max(half, value));
}

const STEP = 0.02;

function Cropped({ lane, picture, size, isLocked }: CroppedProps) {
  const { actions, client } = useStudio();
  const drag = useRef<{ x: number; y: number; focus: Focus } | null>(null);
  const aspect = size.width / size.height;
  const part = {
    width: Math.min(picture.width, picture.height * aspect),
    height: Math.min(picture.height, picture.width / aspect),
  };
  const slack = { x: picture.width - part.width > 1, y: picture.height - part.height > 1 };
  const canMove = !isLocked && (slack.x || slack.y);
  const x = before(lane.focus.x, picture.width, part.width);
  const y = before(lane.focus.y, picture.height, part.height);
  const setFocus = (focus: Focus) => {
    actions.animations.editLane({
      focus: { x: hold(focus.x, part.width, picture.width), y: hold(focus.y, part.height, picture.height) },
      job: null,
    });
  };

  function onKeyDown(event: KeyboardEvent) {
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-STEP, 0],
      ArrowRight: [STEP, 0],
      ArrowUp: [0, -STEP],
      ArrowDown: [0, STEP],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    setFocus({ x: lane.focus.x + move[0], y: lane.focus.y + move[1] });
  }
  function onPointerMove(event: PointerEvent<HTMLElement>) {
    if (!drag.current) return;
    const box = event.currentTarget.getBoundingClientRect();
    setFocus({
      x: drag.current.focus.x - ((event.clientX - drag.current.x) / box.width) * (part.width / picture.width),
      y: drag.current.focus.y - ((event.clientY - drag.current.y) / box.height) * (part.height / picture.height),
    });
  }

  const image = (
    <img
      className="stage__picture"
      src={client.pictureUrl(picture.id, picture.version)}
      alt={picture.name}
      draggable={false}
      style={{ objectPosition: `${x * 100}% ${y * 100}%` }}
    />
  );
  if (!canMove) return image;
  return (
    <div
      className="stage__crop"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- it moves in two directions; no tag means that
      role="slider"
      tabIndex={0}
      aria-label="Part of the picture that is used: arrow keys move it"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round((slack.x ? lane.focus.x : lane.focus.y) * 100)}
      aria-valuetext={`around ${Math.round(lane.focus.x * 100)} % from the left, ${Math.round(lane.focus.y * 100)} % from the top`}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: event.clientX, y: event.clientY, focus: lane.focus };
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        drag.current = null;
      }}
    >
      {image}
      <span className="stage__hint" aria-hidden>
        Drag to choose what stays in the frame
      </span>
    </div>
  );
}
