import "./export.css";
import { Upload } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { type ExportForecast, StudioError } from "../../core/contract/index.ts";
import { alphaCodecs, bitrateCodecs, endOfTimeline, type ExportSettings } from "../../core/export/index.ts";
import { attempt } from "../state/attempt.ts";
import { useProject, useStudio } from "../state/context.ts";
import { useTransport } from "../state/transport.ts";
import { Button } from "../ui/Button.tsx";
import { formatBytes, plural } from "../ui/format.ts";
import { SliderField } from "../ui/SliderField.tsx";
import { ViewerSlot } from "../edit/slots.tsx";
import { type Choice, firstChoice, presetOf, settingsOf } from "./choice.ts";
import { ExportJobs } from "./ExportJobs.tsx";
import { PresetList } from "./PresetList.tsx";

/** Between a change of the settings and the question what would come of them. */
const ASK_AFTER_MS = 250;
const NOTHING = "There is nothing to export";

/** What is to be made, of how much of the timeline, and what is being made. */
export function ExportWorkspace() {
  const { client, project, store } = useStudio();
  const id = useProject(({ state }) => state?.id ?? null);
  const name = useProject(({ state }) => state?.name ?? "");
  const document = useProject((view) => view.document);
  const inPoint = useTransport((state) => state.inPoint);
  const outPoint = useTransport((state) => state.outPoint);
  const [choice, setChoice] = useState<Choice>(firstChoice);
  const [fileName, setFileName] = useState<string | null>(null);
  useEffect(() => void project.openLast(), [project]);
  const change = (part: Partial<Choice>) => setChoice((now) => ({ ...now, ...part }));
  const settings = useMemo(
    () => settingsOf(choice, document, { inPoint, outPoint }, endOfTimeline(document)),
    [choice, document, inPoint, outPoint],
  );
  const [forecast, problem] = useForecast(id, settings);
  const title = fileName ?? (name === "" ? "Film" : name);
  const start = () =>
    void attempt(store, async () => {
      await client.call("exports.start", { project: id!, settings, name: title });
    });
  const { video } = settings;
  const hasQuality =
    video !== null && (bitrateCodecs.includes(video.codec) || video.codec === "jpeg" || video.codec === "webp");
  return (
    <main className="export">
      <section className="export__presets" aria-label="Formats">
        <h2 className="export__title">Export</h2>
        <PresetList chosen={choice.preset} onChoose={(preset) => change({ preset, quality: null })} />
      </section>
      <section className="slot slot--viewer" aria-label="Viewer">
        <ViewerSlot />
      </section>
      <section className="export__settings" aria-label="Settings">
        <h2 className="export__title">{presetOf(choice).name}</h2>
        <label className="export__field">
          <span>Name</span>
          <input type="text" value={title} maxLength={120} onChange={(event) => setFileName(event.target.value)} />
        </label>
        <label className="export__field">
          <span>Range</span>
          <select
            value={choice.marked ? "marked" : "all"}
            onChange={(event) => change({ marked: event.target.value === "marked" })}
          >
            <option value="all">The whole timeline</option>
            <option value="marked" disabled={inPoint === null && outPoint === null}>
              From in to out
            </option>
          </select>
        </label>
        {hasQuality ? (
          <SliderField
            label="Quality"
            min={0}
            max={100}
            value={video.quality}
            onChange={(quality) => change({ quality })}
          />
        ) : null}
        {video?.codec === "h264" ? (
          <label className="export__check">
            <input
              type="checkbox"
              checked={choice.smart}
              onChange={(event) => change({ smart: event.target.checked })}
            />
            <span>Copy what is untouched instead of encoding it again</span>
          </label>
        ) : null}
        <label className="export__field">
          <span>How it was made</span>
          <select
            value={choice.record}
            onChange={(event) => change({ record: event.target.value as ExportSettings["record"] })}
          >
            <option value="full">All, with prompts</option>
            <option value="without-prompts">All but prompts</option>
            <option value="none">Not recorded</option>
          </select>
        </label>
        <Forecast
          forecast={forecast}
          problem={problem}
          alpha={video?.alpha === true && alphaCodecs.includes(video.codec)}
        />
        <Button
          kind="primary"
          icon={<Upload size={14} aria-hidden />}
          disabled={id === null || forecast === null || forecast.missing.length > 0 || title.trim() === ""}
          onClick={start}
        >
          Export
        </Button>
        <ExportJobs />
      </section>
    </main>
  );
}

interface Answer {
  readonly to: ExportSettings;
  readonly forecast: ExportForecast | null;
  readonly problem: string | null;
}

/** What would come of these settings, asked again a moment after they or the timeline change; the last answer stays meanwhile. */
function useForecast(id: string | null, settings: ExportSettings): readonly [ExportForecast | null, string | null] {
  const { client } = useStudio();
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    if (id === null) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      client.call("exports.forecast", { project: id, settings }).then(
        (forecast) => isWanted && setAnswer({ to: settings, forecast, problem: null }),
        (cause: unknown) =>
          isWanted && setAnswer({ to: settings, forecast: null, problem: StudioError.from(cause).message }),
      );
    }, ASK_AFTER_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [client, id, settings]);
  if (id === null) return [null, `${NOTHING} yet: put a clip on the timeline in Edit.`];
  return [answer?.forecast ?? null, answer?.problem ?? null];
}

function Forecast({
  forecast,
  problem,
  alpha,
}: {
  readonly forecast: ExportForecast | null;
  readonly problem: string | null;
  readonly alpha: boolean;
}) {
  // Having nothing yet is no mistake.
  if (problem !== null)
    return <p className={problem.startsWith(NOTHING) ? "export__facts" : "export__problem"}>{problem}</p>;
  if (forecast === null) return <p className="export__facts">…</p>;
  const { width, height, frames, seconds, size, encoder, missing, pending } = forecast;
  return (
    <div className="export__facts">
      <p>
        {frames === null ? "" : `${width} × ${height} · ${plural(frames, "frame")} · `}
        {seconds.toFixed(2)} s{alpha ? " · transparent" : ""}
      </p>
      <p>
        About <strong>{formatBytes(size.bytes)}</strong> ({formatBytes(size.low)} to {formatBytes(size.high)})
      </p>
      {encoder === null ? null : <p>{encoder}</p>}
      {pending > 0 ? <p>{plural(pending, "clip")} still being made would be left out.</p> : null}
      {missing.length > 0 ? (
        <p className="export__problem">{missing.join(", ")}: not there. Locate it in Edit first.</p>
      ) : null}
    </div>
  );
}
