import { FolderOpen, Pause, Play, RotateCcw, X } from "lucide-react";
import { useEffect, useRef } from "react";
import type { ExportJob } from "../../core/contract/index.ts";
import { attempt } from "../state/attempt.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { formatBytes } from "../ui/format.ts";
import { etaWords, phaseWords } from "../ui/words.ts";

/** The exports of this studio, the newest first. */
export function ExportJobs() {
  const jobs = useSelect((state) => state.jobs);
  const exports = jobs.filter((job): job is ExportJob => job.kind === "export").toReversed();
  if (exports.length === 0)
    return <p className="exports__empty">What you export appears here. Editing goes on meanwhile.</p>;
  return (
    <ul className="exports" aria-label="Exports">
      {exports.map((job) => (
        <li key={job.id} className="exports__job">
          <Picture job={job} />
          <div className="exports__words">
            <span className="exports__name">{job.request.fileName}</span>
            <State job={job} />
          </div>
          <Buttons job={job} />
        </li>
      ))}
    </ul>
  );
}

function State({ job }: { readonly job: ExportJob }) {
  const { state, progress, speed, result, error } = job;
  if (state === "done" && result !== null)
    return (
      <span className="exports__state" title={result.notes.join("\n")}>
        {formatBytes(result.bytes)}, checked{result.notes[0] === undefined ? "" : ` · ${result.notes[0]}`}
      </span>
    );
  if (state === "failed") return <span className="exports__state exports__state--problem">{error?.message}</span>;
  if (state === "cancelled") return <span className="exports__state">Stopped; nothing was left behind.</span>;
  if (state === "queued") return <span className="exports__state">Waiting its turn</span>;
  const eta = etaWords(progress);
  const words = [
    state === "paused" ? pausedWords(progress.fraction) : phaseWords(progress),
    ...(speed === null ? [] : [`${speed.toFixed(1)} frames/s`]),
    ...(eta && state !== "paused" ? [eta] : []),
  ];
  return (
    <>
      <progress
        className="progress"
        aria-label={`Progress of ${job.request.fileName}`}
        max={1}
        value={progress.fraction}
      />
      <span className="exports__state">
        <span className="mono">{Math.floor(progress.fraction * 100)} %</span> · {words.join(" · ")}
      </span>
    </>
  );
}

/** A held export lives in its process: without it nothing is kept. */
const pausedWords = (fraction: number): string =>
  fraction > 0 ? "Paused; closing the studio makes it begin anew" : "Paused; begins at its beginning";

function Buttons({ job: { id, state, request } }: { readonly job: ExportJob }) {
  const { client, store } = useStudio();
  const call = (method: "jobs.pause" | "jobs.resume" | "jobs.cancel" | "jobs.retry" | "jobs.dismiss") => () =>
    void attempt(store, async () => void (await client.call(method, { id })));
  const named = (word: string) => `${word} ${request.fileName}`;
  const isGoing = state === "running" || state === "queued" || state === "paused";
  return (
    <div className="exports__buttons">
      {state === "running" ? (
        <Button
          kind="quiet"
          label={named("Pause")}
          icon={<Pause size={13} aria-hidden />}
          onClick={call("jobs.pause")}
        />
      ) : null}
      {state === "paused" ? (
        <Button
          kind="quiet"
          label={named("Go on with")}
          icon={<Play size={13} aria-hidden />}
          onClick={call("jobs.resume")}
        />
      ) : null}
      {state === "done" ? (
        <Button
          kind="quiet"
          label={named("Show in folder:")}
          icon={<FolderOpen size={13} aria-hidden />}
          onClick={() => void attempt(store, async () => void (await client.call("exports.reveal", { job: id })))}
        />
      ) : null}
      {state === "failed" ? (
        <Button
          kind="quiet"
          label={named("Try again:")}
          icon={<RotateCcw size={13} aria-hidden />}
          onClick={call("jobs.retry")}
        />
      ) : null}
      <Button
        kind="quiet"
        label={named(isGoing ? "Stop" : "Take off the list:")}
        icon={<X size={13} aria-hidden />}
        onClick={call(isGoing ? "jobs.cancel" : "jobs.dismiss")}
      />
    </div>
  );
}

/** The frame that was painted last. */
function Picture({ job: { id, preview } }: { readonly job: ExportJob }) {
  const { client } = useStudio();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { step, width, height } = preview ?? { step: 0, width: 0, height: 0 };
  useEffect(() => {
    if (step === 0) return;
    const stop = new AbortController();
    // A picture that is gone already is no loss: the next one comes.
    fetch(client.previewUrl(id, step), { signal: stop.signal })
      .then((response) => (response.ok ? response.arrayBuffer() : null))
      .then((bytes) => {
        const target = canvas.current;
        if (bytes === null || target === null || bytes.byteLength !== width * height * 4) return;
        target.width = width;
        target.height = height;
        target.getContext("2d")!.putImageData(new ImageData(new Uint8ClampedArray(bytes), width, height), 0, 0);
      })
      .catch(() => {});
    return () => stop.abort();
  }, [client, id, step, width, height]);
  return <canvas ref={canvas} className="exports__picture" aria-hidden />;
}
