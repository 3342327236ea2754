import { findClip } from "../../../core/timeline/index.ts";
import { useSelect } from "../../state/context.ts";
import type { ViewerEngine } from "../engine.ts";
import { boxOf, cornersOf, visualsOf } from "../geometry.ts";
import { measurer } from "../measurer.ts";
import { type ShownDocument, useShown } from "../shown-document.ts";
import { useViewerStatus } from "../use-engine.ts";
import { WAITING } from "../use-locate.ts";
import type { FrameView } from "./Viewer.tsx";

interface Props {
  readonly engine: ViewerEngine;
  readonly shown: ShownDocument;
  readonly view: FrameView;
}

/** What should be seen and is not: files that are gone, hatched red in their place, and clips that wait for their job. */
export function Missing({ engine, shown, view }: Props) {
  const plan = useViewerStatus(engine, (status) => status.plan);
  const problems = useViewerStatus(engine, (status) => status.problems).filter(({ sentence }) => sentence !== WAITING);
  const jobs = useSelect((state) => state.jobs);
  const isMissing = plan !== null && (problems.length > 0 || plan.pending.length > 0);
  const document = useShown(shown, (now) => (isMissing ? now : null));
  if (plan === null || document === null) return null;
  const boxes = visualsOf(plan).flatMap((visual) =>
    problems.some(({ clip }) => clip === visual.clip) ? (boxOf(visual, document, measurer()) ?? []) : [],
  );
  const pending = plan.pending.flatMap((id) => findClip(document, id) ?? []);
  return (
    <>
      <svg className="viewer__missing" viewBox={`0 0 ${view.width} ${view.height}`} aria-hidden>
        <defs>
          <Hatch id="viewer-gone" className="viewer__hatch--gone" view={view} />
          <Hatch id="viewer-promise" className="viewer__hatch--promise" view={view} />
        </defs>
        {boxes.map((box) => (
          <polygon key={box.clip} points={cornersOf(box).join(" ")} fill="url(#viewer-gone)" />
        ))}
        {pending.length > 0 && plan.layers.length === 0 ? (
          <rect width={view.width} height={view.height} fill="url(#viewer-promise)" />
        ) : null}
      </svg>
      <ul className="viewer__problems">
        {problems.map(({ clip, media, sentence }) => (
          <li key={clip} className="viewer__problem">
            {sentence.includes(media) ? null : <strong>{media}</strong>} {sentence}
          </li>
        ))}
        {pending.map((clip) => {
          const take =
            clip.content.type === "media"
              ? clip.content.takes.find(({ id }) => clip.content.type === "media" && id === clip.content.activeTake)
              : undefined;
          const job = jobs.find(({ id }) => id === take?.job);
          const said =
            take?.problem ??
            (job?.state === "running"
              ? `It is being made: ${Math.round(job.progress.fraction * 100)} %.`
              : "It waits in the queue.");
          return (
            <li key={clip.id} className={take?.problem == null ? "viewer__promise" : "viewer__problem"}>
              <strong>{clip.name}</strong> {said}
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** Diagonal lines, as far apart on the screen whatever the zoom. */
function Hatch({ id, className, view }: { readonly id: string; readonly className: string; readonly view: FrameView }) {
  const step = 12 / view.scale;
  return (
    <pattern id={id} width={step} height={step} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect className={`${className}-ground`} width={step} height={step} />
      <rect className={className} width={step / 2} height={step} />
    </pattern>
  );
}
