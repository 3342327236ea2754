import "./animate.css";
import { ArrowLeft, AudioLines, Image as PictureIcon } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import {
  type AnimateJob,
  ANIMATION_FPS,
  type PictureMedia,
  SEGMENT_KEYFRAMES,
  type SoundMedia,
} from "../../core/contract/index.ts";
import { MotionLane } from "../motion-lane/MotionLane.tsx";
import { useSelect, useStudio } from "../state/context.ts";
import { isActive } from "../state/items.ts";
import type { Lane } from "../state/lane.ts";
import { Button } from "../ui/Button.tsx";
import { Footer } from "./Footer.tsx";
import { FinishedKeyframe, KeyframePicture } from "./KeyframePicture.tsx";
import { LaneTools } from "./LaneTools.tsx";
import { Settings } from "./Settings.tsx";
import { Stage } from "./Stage.tsx";
import { useClipFrames } from "./use-clip-frames.ts";
import { useTransport } from "./use-transport.ts";

/** Where a picture and a sound are brought together: the picture, the motion lane, and what is made of them. */
export function AnimateSheet({ lane }: { readonly lane: Lane }) {
  const media = useSelect((state) => state.media);
  const picture = media.find((each): each is PictureMedia => each.id === lane.picture && each.kind === "picture");
  const sound = media.find((each): each is SoundMedia => each.id === lane.sound && each.kind === "sound");
  const job = useSelect((state) =>
    state.jobs.find((each): each is AnimateJob => each.id === lane.job && each.kind === "animate"),
  );
  if (!picture || !sound) return <Missing />;
  return <Sheet key={`${lane.picture} ${lane.sound}`} lane={lane} picture={picture} sound={sound} job={job ?? null} />;
}

function Missing() {
  const { actions } = useStudio();
  return (
    <section className="animate animate--missing" aria-label="Animate">
      <p>The picture or the sound is not in the list any more.</p>
      <Button onClick={actions.animations.closeLane}>Back to the clips</Button>
    </section>
  );
}

const key = (frame: number, place: number) => `${frame} ${Math.floor(place / SEGMENT_KEYFRAMES)}`;

/** The pictures of a job's keyframes: its own while it works or after it failed, those of the clip once that is there. */
function useThumbnails(job: AnimateJob | null) {
  const { client } = useStudio();
  const clip = job?.clip ?? null;
  const url = clip ? client.clipUrl(clip.id) : null;
  const frames = clip ? (job?.keyframes.map(({ frame }) => frame) ?? []) : [];
  const finished = useClipFrames(url, frames, clip?.fps ?? ANIMATION_FPS);
  if (!job) return undefined;
  const hasOwn = job.keyframes.some(({ version }) => version > 0) && (isActive(job) || job.state === "failed");
  if (!clip && !hasOwn) return undefined;
  return {
    aspect: job.request.width / job.request.height,
    pictures: job.keyframes.map(({ frame }, place) =>
      clip ? (
        <FinishedKeyframe key={key(frame, place)} picture={finished.get(frame)} place={place} frame={frame} />
      ) : (
        <KeyframePicture key={key(frame, place)} job={job} place={place} />
      ),
    ),
  };
}

interface Props {
  readonly lane: Lane;
  readonly picture: PictureMedia;
  readonly sound: SoundMedia;
  readonly job: AnimateJob | null;
}

function Sheet({ lane, picture, sound, job }: Props) {
  const { actions, store } = useStudio();
  const { animations } = actions;
  const transport = useTransport();
  const { attach } = transport;
  const [isDrawing, setDrawing] = useState(false);
  const isLocked = job !== null && isActive(job);
  const seams = useMemo(() => lane.starts.slice(1), [lane.starts]);
  const say = (announcement: string) => store.setState({ announcement });
  const thumbnails = useThumbnails(job);
  const close = () => animations.closeLane();

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const target = event.target as HTMLElement | null;
      const typing =
        target?.closest("input:not([type=range], [type=checkbox]), textarea, select, [role=dialog]") !== null &&
        target !== null;
      if (event.key === "Escape" && !typing) {
        event.preventDefault();
        close();
      } else if (
        event.key === " " &&
        !typing &&
        target?.closest("button, summary, [type=checkbox], [role=slider]") === null
      ) {
        event.preventDefault();
        transport.toggle();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });

  return (
    <section className="animate" aria-label="Animate">
      <header className="animate__head">
        <Button
          kind="quiet"
          icon={<ArrowLeft size={16} aria-hidden />}
          label="Back to the clips (Esc)"
          onClick={close}
        />
        <h2 className="animate__title">
          <PictureIcon size={14} aria-hidden />
          <span className="animate__name">{picture.name}</span>
          <span className="animate__with">with</span>
          <AudioLines size={14} aria-hidden />
          <span className="animate__name">{sound.name}</span>
        </h2>
      </header>
      <div className="animate__top">
        <Stage lane={lane} picture={picture} sound={sound} job={job} attach={attach} isLocked={isLocked} />
        <Settings
          lane={lane}
          picture={picture}
          isLocked={isLocked}
          canEditPrompt={job?.state === "waiting" || !isLocked}
        />
      </div>
      <LaneTools
        lane={lane}
        sound={sound}
        isLocked={isLocked}
        isDrawing={isDrawing}
        onDrawing={setDrawing}
        transport={transport}
      />
      <div className="animate__lane">
        <MotionLane
          frames={lane.range.frames}
          analysis={lane.analysis}
          curve={lane.curve}
          keyframes={lane.keyframes}
          seams={seams}
          playhead={transport.playhead}
          snaps={lane.snaps}
          isDrawing={isDrawing}
          isLocked={isLocked}
          onKeyframes={(keyframes, said) => animations.setKeyframes(keyframes, said)}
          onSay={say}
          onDraw={animations.drawCurve}
          onSeek={transport.seek}
          thumbnails={thumbnails}
        />
      </div>
      <Footer lane={lane} picture={picture} job={job} />
    </section>
  );
}
