import { Link2Off, RefreshCw } from "lucide-react";
import { useEffect, useRef } from "react";
import type { AnimateJob } from "../../core/contract/index.ts";
import { secondsOf } from "../motion-lane/geometry.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { Spinner } from "../ui/Spinner.tsx";

const nameOf = (place: number, frame: number): string => `Keyframe ${place + 1} at ${secondsOf(frame)}`;
const STALE = "The keyframe that these two seconds begin from was drawn anew.";

/** One keyframe to look at; while the job waits for the user's word, a press draws it anew. */
export function KeyframePicture({ job, place }: { readonly job: AnimateJob; readonly place: number }) {
  const { actions, client } = useStudio();
  const prompt = useSelect((state) => state.lane?.prompt);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = job.request;
  const keyframe = job.keyframes[place];
  const version = keyframe?.version ?? 0;
  useEffect(() => {
    if (version === 0) return undefined;
    const stop = new AbortController();
    const load = async () => {
      const response = await fetch(client.keyframeUrl(job.id, place, version), { signal: stop.signal });
      if (!response.ok) return;
      const rgba = new Uint8ClampedArray(await response.arrayBuffer());
      if (rgba.length === width * height * 4)
        canvas.current?.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
    };
    // A picture that is gone by now belongs to a job that has gone on: nothing to look at any more.
    load().catch(() => undefined);
    return () => stop.abort();
  }, [client, job.id, place, version, width, height]);
  if (!keyframe) return null;
  const name = nameOf(place, keyframe.frame);
  const canRoll = job.state === "waiting";
  const again = prompt !== undefined && prompt !== (job.request.rolls.at(-1)?.prompt ?? job.request.prompt);
  return (
    <div className="keyframe" data-due={keyframe.isDue} data-stale={keyframe.isStale}>
      <canvas ref={canvas} className="keyframe__picture" width={width} height={height}>
        {name}
      </canvas>
      {keyframe.isDue ? (
        <span className="keyframe__due">
          <Spinner size={14} />
        </span>
      ) : null}
      {keyframe.isStale && !keyframe.isDue ? (
        <span className="keyframe__stale" title={STALE}>
          <Link2Off size={9} aria-label={STALE} />
        </span>
      ) : null}
      {canRoll ? (
        <button
          type="button"
          className="keyframe__roll"
          aria-label={`Draw keyframe ${place + 1} again`}
          title={keyframe.isStale ? `${name}: ${STALE} Draw it again` : `${name}: draw it again`}
          onClick={() => void actions.animations.reroll(job, [place], again ? prompt : undefined)}
        >
          <RefreshCw size={14} aria-hidden />
        </button>
      ) : null}
    </div>
  );
}

/** A keyframe of a finished clip. */
export function FinishedKeyframe({
  picture,
  place,
  frame,
}: {
  readonly picture: ImageBitmap | undefined;
  readonly place: number;
  readonly frame: number;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (picture) canvas.current?.getContext("2d")?.drawImage(picture, 0, 0);
  }, [picture]);
  return (
    <div className="keyframe">
      <canvas ref={canvas} className="keyframe__picture" width={picture?.width ?? 1} height={picture?.height ?? 1}>
        {nameOf(place, frame)}
      </canvas>
    </div>
  );
}
