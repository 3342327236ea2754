import "./player.css";
import {
  ChevronLeft,
  ChevronRight,
  type LucideIcon,
  Pause,
  Play,
  Repeat,
  SkipBack,
  SkipForward,
  Sparkle,
  StepBack,
  StepForward,
  X,
} from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import type { Clip } from "../../core/contract/index.ts";
import { useItems, useSelect, useStudio, useTitle } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { timecode } from "../ui/format.ts";
import { Modal } from "../ui/Modal.tsx";
import { usePlayback } from "./use-playback.ts";

/** One clip, as large as the window, frame by frame if wanted. */
export function Player() {
  const items = useItems();
  const playing = useSelect((state) => state.playing);
  const finished = items.filter(({ clip }) => clip !== null);
  const at = finished.findIndex(({ key }) => key === playing);
  const clip = finished[at]?.clip;
  if (!clip) return null;
  return (
    <Stage
      clip={clip}
      place={finished.length > 1 ? `${at + 1} of ${finished.length}` : ""}
      previous={finished[at - 1]?.key}
      next={finished[at + 1]?.key}
    />
  );
}

interface ControlProps {
  readonly icon: LucideIcon;
  /** What it does, and its key. */
  readonly label: string;
  readonly filled?: boolean;
  readonly className?: string;
  /** Why it is off now; absent or null: it is on. */
  readonly off?: string | null;
  readonly onClick: () => void;
}

function Control({ icon: Icon, filled = false, ...rest }: ControlProps) {
  const picture = filled ? <Icon size={17} fill="currentColor" aria-hidden /> : <Icon size={16} aria-hidden />;
  return <Button kind="quiet" icon={picture} {...rest} />;
}

interface StageProps {
  readonly clip: Clip;
  readonly place: string;
  readonly previous: string | undefined;
  readonly next: string | undefined;
}

function Stage({ clip, place, previous, next }: StageProps) {
  const { actions, client } = useStudio();
  const [loops, setLoops] = useState(true);
  const playback = usePlayback(clip);
  const { attach, frame, isPlaying } = playback;
  const title = useTitle({ request: clip.record.request, clip });
  const close = () => actions.play(null);
  const go = (key: string | undefined) => key && actions.play(key);

  function onKeyDown(event: KeyboardEvent<HTMLDialogElement>) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target instanceof HTMLButtonElement;
    const does: Readonly<Record<string, () => void>> = {
      ...(onButton ? {} : { " ": playback.toggle, Enter: playback.toggle }),
      k: playback.toggle,
      ArrowLeft: () => playback.step(event.shiftKey ? -10 : -1),
      ArrowRight: () => playback.step(event.shiftKey ? 10 : 1),
      Home: () => playback.seek(0),
      End: () => playback.seek(clip.frames - 1),
      ArrowUp: () => go(previous),
      ArrowDown: () => go(next),
      l: () => setLoops(!loops),
    };
    const action = does[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  return (
    <Modal className="player" label={`Player: ${title}`} onClose={close} onKeyDown={onKeyDown}>
      <header className="player__head">
        <Sparkle size={12} className="player__star" aria-label="Generated" />
        <h2 className="player__title" dir="auto">
          {title}
        </h2>
        <span className="player__place mono">{place}</span>
        <Control
          icon={ChevronLeft}
          label="Previous clip (↑)"
          off={previous ? null : "This is the first clip."}
          onClick={() => go(previous)}
        />
        <Control
          icon={ChevronRight}
          label="Next clip (↓)"
          off={next ? null : "This is the last clip."}
          onClick={() => go(next)}
        />
        <Control icon={X} label="Close (Esc)" onClick={close} />
      </header>
      <div className="player__stage">
        {/* oxlint-disable-next-line jsx-a11y/media-has-caption, jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events -- the sound is the user's own, words make none; Space does the same */}
        <video
          key={clip.id}
          ref={attach}
          className="player__video"
          src={client.clipUrl(clip.id)}
          loop={loops}
          muted={clip.record.schema === "plume.generation/1"}
          autoPlay
          playsInline
          aria-label={title}
          onClick={playback.toggle}
        />
      </div>
      <footer className="player__transport">
        <div className="player__buttons">
          <Control icon={SkipBack} label="First frame (Home)" onClick={() => playback.seek(0)} />
          <Control icon={StepBack} label="One frame back (←)" onClick={() => playback.step(-1)} />
          <Control
            className="player__play"
            icon={isPlaying ? Pause : Play}
            filled
            label={isPlaying ? "Pause (Space)" : "Play (Space)"}
            onClick={playback.toggle}
          />
          <Control icon={StepForward} label="One frame on (→)" onClick={() => playback.step(1)} />
          <Control icon={SkipForward} label="Last frame (End)" onClick={() => playback.seek(clip.frames - 1)} />
        </div>
        <span className="mono player__time">{timecode(frame, clip.fps)}</span>
        <input
          className="player__scrubber"
          type="range"
          aria-label="Frame"
          aria-valuetext={`Frame ${frame + 1} of ${clip.frames}, ${timecode(frame, clip.fps)}`}
          min={0}
          max={clip.frames - 1}
          step={1}
          value={frame}
          style={{ "--frames": clip.frames - 1 } as Record<string, number>}
          onChange={(event) => playback.seek(event.target.valueAsNumber)}
        />
        <span className="mono player__frames">
          {frame + 1} / {clip.frames}
        </span>
        <button
          type="button"
          className="button button--quiet"
          aria-pressed={loops}
          title="Loop (L)"
          onClick={() => setLoops(!loops)}
        >
          <Repeat size={15} aria-hidden /> Loop
        </button>
      </footer>
    </Modal>
  );
}
