import { RefreshCw, X } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { type AnimationRecord, ANIMATION_FPS, type Follow } from "../../core/contract/animation.ts";
import type { SoundAnalysis } from "../../core/contract/index.ts";
import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { mediaOf, type Placed, sourceTimeAt } from "../../core/timeline/index.ts";
import { fixedFrames, fromSegments, type LaneKeyframes, toSegments } from "../motion-lane/keyframes.ts";
import { MotionLane } from "../motion-lane/MotionLane.tsx";
import { attempt } from "../state/attempt.ts";
import { useEditUi, useProject, useStudio } from "../state/context.ts";
import { useTransport } from "../state/transport.ts";
import { Button } from "../ui/Button.tsx";
import { RULER_HEIGHT, timeToX } from "./geometry.ts";
import { animationOf, LANE_FIELD, lanePlace } from "./motion.ts";
import { findPlaced } from "./selection.ts";
import type { TimelineView } from "./timeline-view.ts";

/** The head of the motion lane, beside it among the heads of the tracks. */
export function MotionHead({
  top,
  height,
  clip,
}: {
  readonly top: number;
  readonly height: number;
  readonly clip: string;
}) {
  const { editUi } = useStudio();
  const name = useProject(({ document }) => findPlaced(document, clip)?.item.clip.name ?? "");
  return (
    <div className="motion-head" style={{ top, height }}>
      <span className="motion-head__title">♪ Motion</span>
      <Button
        kind="quiet"
        icon={<X size={14} aria-hidden />}
        label="Close the motion lane (Shift+G)"
        onClick={() => editUi.setState({ motionLane: null })}
      />
      <span className="motion-head__name">{name}</span>
    </div>
  );
}

/** How an animated clip moves, on the timeline's own scale under its track; changed keyframes make a new take. */
export function MotionRow({ view }: { readonly view: TimelineView }) {
  const clip = useEditUi((ui) => ui.motionLane);
  const document = useProject((state) => state.document);
  const found = clip === null ? null : findPlaced(document, clip);
  const record = found === null ? null : animationOf(document, found.item.clip);
  const media = found === null ? null : mediaOf(document, found.item.clip);
  if (found === null || record === null || media === null) return null;
  // Another take is another movement.
  return <OpenRow key={`${found.item.clip.id} ${media.id}`} view={view} item={found.item} record={record} />;
}

/** What the keyframes followed where the record has no curve: as far as it can be heard again. */
function heardCurve(analysis: SoundAnalysis | null, follow: Follow): readonly number[] | null {
  if (analysis === null) return null;
  return follow === "predicted" || follow === "drawn" ? analysis.curves.onset : analysis.curves[follow];
}

interface Props {
  readonly view: TimelineView;
  readonly item: Placed;
  readonly record: AnimationRecord;
}

function OpenRow({ view, item, record }: Props) {
  const { client, store, project, transport } = useStudio();
  const { request } = record;
  const document = useProject((state) => state.document);
  const zoom = useEditUi((ui) => ui.zoom);
  const scroll = useEditUi((ui) => ui.scroll);
  const scrollY = useSyncExternalStore(
    (listener) => view.subscribe(listener),
    () => view.scrollY,
  );
  const time = useTransport((state) => state.time);
  const starts = request.segments.map(({ start }) => start);
  const [keyframes, setKeyframes] = useState<LaneKeyframes>(() => fromSegments(request.segments));
  const [curve, setCurve] = useState<readonly number[] | null>(record.curve.length > 0 ? record.curve : null);
  const [isChanged, setChanged] = useState(false);
  const [analysis, setAnalysis] = useState<SoundAnalysis | null>(null);

  useEffect(() => {
    let isCurrent = true;
    void attempt(store, async () => {
      const range = { from: request.from, frames: request.frames };
      const heard = await client.call("sound.analyze", { id: request.sound, range });
      if (isCurrent) setAnalysis(heard);
    });
    return () => {
      isCurrent = false;
    };
  }, [client, store, request]);

  useEffect(() => {
    // A lane that was opened is looked at.
    const place = lanePlace(project.store.getState().document, item.clip.id);
    const row = view.layout.rows.find(({ track }) => track.id === place?.track);
    if (row && place) view.scrollTo(row.y + row.height + place.height - (view.height - RULER_HEIGHT));
  }, [view, project, item.clip.id]);

  const place = lanePlace(document, item.clip.id);
  const row = view.layout.rows.find(({ track }) => track.id === place?.track);
  if (place === null || row === undefined) return null;
  const { clip } = item;
  const seen = { scroll, zoom, width: view.view.width };
  const speed = typeof clip.parameters.speed === "number" ? clip.parameters.speed : 1;
  const [left, right] = [timeToX(seen, item.start), timeToX(seen, item.start + clip.sourceRange.duration)];
  const pixelsPerFrame = zoom / ANIMATION_FPS / speed;
  const first = (sourceTimeAt(clip, 0) / FLICKS_PER_SECOND) * ANIMATION_FPS;
  const frameAt = (flicks: number) => first + ((flicks - item.start) / FLICKS_PER_SECOND) * ANIMATION_FPS * speed;
  const timeAt = (frame: number) =>
    item.start + Math.round(((frame - first) / ANIMATION_FPS / speed) * FLICKS_PER_SECOND);

  function draw(drawn: readonly number[]): void {
    setCurve(drawn);
    setChanged(true);
    void attempt(store, async () => {
      const range = { from: request.from, frames: request.frames };
      const { segments } = await client.call("animation.plan", {
        sound: request.sound,
        range,
        follow: "drawn",
        curve: [...drawn],
        fixed: fixedFrames(keyframes),
      });
      setKeyframes(fromSegments(segments, new Set(fixedFrames(keyframes))));
    });
  }

  /** A new take with these keyframes; the one that is there stays. */
  function animateAgain(): void {
    void attempt(store, async () => {
      const segments = toSegments(keyframes, starts);
      const job = await client.call("jobs.animate", { request: { ...request, segments, straight: true } });
      project.perform("addTake", { clip: clip.id, media: null, job: job.id, activate: false });
      setChanged(false);
      store.setState({ announcement: "The new movement was added to the queue, as another take of the clip." });
    });
  }

  return (
    <section
      className="motion-row"
      aria-label="Motion"
      style={{
        top: RULER_HEIGHT + row.y + row.height - scrollY,
        height: place.height,
        left,
        width: Math.max(40, right - left),
      }}
    >
      <div
        className="motion-row__lane"
        style={{ left: -first * pixelsPerFrame, width: request.frames * pixelsPerFrame }}
      >
        <MotionLane
          timeline={{ pixelsPerFrame, height: LANE_FIELD }}
          frames={request.frames}
          analysis={analysis}
          curve={curve ?? heardCurve(analysis, request.follow)}
          keyframes={keyframes}
          seams={starts.slice(1)}
          playhead={Math.max(0, Math.min(request.frames - 1, frameAt(time)))}
          snaps
          isDrawing={false}
          isLocked={false}
          onKeyframes={(next, announcement) => {
            setKeyframes(next);
            setChanged(true);
            store.setState({ announcement });
          }}
          onSay={(announcement) => store.setState({ announcement })}
          onDraw={draw}
          onSeek={(frame) => transport.seek(timeAt(frame))}
        />
      </div>
      {isChanged ? (
        <div className="motion-row__foot">
          <Button icon={<RefreshCw size={13} aria-hidden />} onClick={animateAgain}>
            Animate again
          </Button>
        </div>
      ) : null}
    </section>
  );
}
