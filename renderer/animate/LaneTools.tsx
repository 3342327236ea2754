import { Magnet, Music2, Pause, PencilLine, Play, RotateCcw } from "lucide-react";
import { ToggleGroup } from "radix-ui";
import { ANIMATION_FPS, animationLimits, followSchema, type SoundMedia } from "../../core/contract/index.ts";
import { fixedFrames, lockToBeats, setFixed } from "../motion-lane/keyframes.ts";
import { LOCKED } from "../motion-lane/locked.ts";
import { useStudio } from "../state/context.ts";
import type { Lane } from "../state/lane.ts";
import { Button } from "../ui/Button.tsx";
import { plural, timecode } from "../ui/format.ts";
import { NumberField } from "../ui/NumberField.tsx";
import { offProps } from "../ui/off.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { followWords } from "../ui/words.ts";
import type { Transport } from "./use-transport.ts";

interface Props {
  readonly lane: Lane;
  readonly sound: SoundMedia;
  readonly isLocked: boolean;
  readonly isDrawing: boolean;
  readonly onDrawing: (isDrawing: boolean) => void;
  readonly transport: Transport;
}

const FOLLOWS = ["predicted", "kick", "voice", "loudness"] as const;

/** What is done with the lane: play, choose what it follows, draw, stick to beats, choose the stretch of a longer sound. */
export function LaneTools({ lane, sound, isLocked, isDrawing, onDrawing, transport }: Props) {
  const { actions } = useStudio();
  const { animations } = actions;
  const { range, analysis, keyframes } = lane;
  const placed = fixedFrames(keyframes).length;
  const isLong = sound.seconds * ANIMATION_FPS > range.frames + 1 || range.from > 0;
  const locked = isLocked ? LOCKED : null;
  return (
    <div className="lane-tools" role="toolbar" aria-label="Motion lane">
      <Button
        className="lane-tools__play"
        icon={
          transport.isPlaying ? (
            <Pause size={15} fill="currentColor" aria-hidden />
          ) : (
            <Play size={15} fill="currentColor" aria-hidden />
          )
        }
        label={transport.isPlaying ? "Pause (Space)" : "Play (Space)"}
        onClick={transport.toggle}
      />
      <span className="lane-tools__time mono">{timecode(Math.floor(transport.playhead), ANIMATION_FPS)}</span>
      <span className="lane-tools__label" id="follow-label">
        Follow
      </span>
      <ToggleGroup.Root
        className="segments"
        type="single"
        aria-labelledby="follow-label"
        value={lane.follow}
        data-off={isLocked}
        onValueChange={(value) => {
          const follow = followSchema.safeParse(value);
          if (!follow.success || isLocked) return;
          onDrawing(false);
          animations.setFollow(follow.data);
        }}
      >
        {FOLLOWS.map((follow) => (
          <ToggleGroup.Item
            key={follow}
            className="segments__item"
            value={follow}
            title={followWords[follow].about}
            {...offProps(locked)}
          >
            {followWords[follow].name}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
      <Toggle
        isOn={isDrawing}
        off={locked ?? (lane.curve === null ? "The curve comes when the studio has listened to the sound." : null)}
        icon={<PencilLine size={14} aria-hidden />}
        label="Draw the curve"
        onClick={() => onDrawing(!isDrawing)}
      >
        Draw
      </Toggle>
      <Toggle
        isOn={lane.snaps}
        off={locked}
        icon={<Magnet size={14} aria-hidden />}
        label="Dragged keyframes stick to beats and onsets (hold Alt to pass by)"
        onClick={() => animations.editLane({ snaps: !lane.snaps })}
      >
        Snap
      </Toggle>
      <Button
        kind="quiet"
        icon={<Music2 size={14} aria-hidden />}
        label="Put a keyframe on every beat"
        off={
          locked ?? ((analysis?.beats.length ?? 0) === 0 ? "No beats were found in this stretch of the sound." : null)
        }
        onClick={() =>
          animations.setKeyframes(
            lockToBeats(keyframes, analysis?.beats.map((seconds) => seconds * ANIMATION_FPS) ?? []),
            "Keyframes locked to the beats.",
          )
        }
      >
        Lock to beats
      </Button>
      {placed > 0 && !isLocked ? (
        <Button
          kind="quiet"
          icon={<RotateCcw size={13} aria-hidden />}
          label="Let all keyframes follow the curve again"
          onClick={() => {
            animations.setKeyframes(
              keyframes.reduce((all, _, place) => setFixed(all, place, false), [...keyframes]),
              "All keyframes are automatic again.",
            );
            void animations.replan();
          }}
        >
          Reset
        </Button>
      ) : null}
      <span className="lane-tools__space" />
      {lane.busy ? (
        <span className="lane-tools__fact">
          <Spinner size={12} />
          {lane.busy === "listening"
            ? "Listening"
            : lane.follow === "predicted"
              ? "The model listens"
              : "Placing keyframes"}
        </span>
      ) : (
        <span className="lane-tools__fact">
          {analysis?.tempo ? `${Math.round(analysis.tempo)} bpm · ` : ""}
          {placed === 0
            ? plural(keyframes.length, "keyframe")
            : `${placed} of ${keyframes.length} keyframes placed by you`}
        </span>
      )}
      {isLong ? (
        <span className="lane-tools__range">
          <NumberField
            label="From, seconds"
            hideLabel
            value={Math.round((range.from / ANIMATION_FPS) * 100) / 100}
            min={0}
            max={Math.floor(sound.seconds)}
            step={0.5}
            onChange={(seconds) => animations.setRange({ ...range, from: Math.round(seconds * ANIMATION_FPS) })}
          />
          <span aria-hidden>s, for</span>
          <NumberField
            label="Length, seconds"
            hideLabel
            value={Math.round((range.frames / ANIMATION_FPS) * 100) / 100}
            min={animationLimits.frames.min / ANIMATION_FPS}
            max={animationLimits.frames.max / ANIMATION_FPS}
            step={0.5}
            onChange={(seconds) => animations.setRange({ ...range, frames: Math.round(seconds * ANIMATION_FPS) })}
          />
          <span aria-hidden>s</span>
        </span>
      ) : null}
    </div>
  );
}

interface ToggleProps {
  readonly isOn: boolean;
  /** Why it is off now; null: it is on. */
  readonly off: string | null;
  readonly icon: React.ReactNode;
  readonly label: string;
  readonly onClick: () => void;
  readonly children: string;
}

const Toggle = ({ isOn, off, icon, label, onClick, children }: ToggleProps) => (
  <button
    type="button"
    className="button button--quiet lane-tools__toggle"
    aria-pressed={isOn}
    title={label}
    onClick={off === null ? onClick : undefined}
    {...offProps(off)}
  >
    {icon}
    {children}
  </button>
);
