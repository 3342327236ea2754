import { useEffect, useState } from "react";
import { type ExportForecast, StudioError } from "../../core/contract/index.ts";
import { type ExportSettings, exportSettingsSchema } from "../../core/export/index.ts";
import { useStudio } from "../state/context.ts";
import { formatBytes, plural } from "../ui/format.ts";

/** Between a change of the settings and the question what would come of them. */
const ASK_AFTER_MS = 250;
const NOTHING = "There is nothing to export";

interface Answer {
  readonly to: ExportSettings;
  readonly forecast: ExportForecast | null;
  readonly problem: string | null;
}

/** What would come of these settings, asked again a moment after they or the timeline change; the last answer stays meanwhile. */
export function useForecast(
  id: string | null,
  settings: ExportSettings,
): { readonly forecast: ExportForecast | null; readonly problem: string | null; readonly isOld: boolean } {
  const { client } = useStudio();
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    if (id === null) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      const wrong = exportSettingsSchema.safeParse(settings).error?.issues[0]?.message;
      if (wrong !== undefined) return setAnswer({ to: settings, forecast: null, problem: wrong });
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
  if (id === null)
    return { forecast: null, problem: `${NOTHING} yet: put a clip on the timeline in Edit.`, isOld: false };
  return { forecast: null, problem: null, ...answer, isOld: answer?.to !== settings };
}

interface Props {
  readonly forecast: ExportForecast | null;
  readonly problem: string | null;
  readonly alpha: boolean;
  /** Of the settings before: the new ones are being looked at. */
  readonly isOld: boolean;
}

const missingWords = (missing: ExportForecast["missing"]): string =>
  `${missing.join(", ")}: not there. Locate it in Edit first.`;

/** Why no film can be made of it now; null: one can. */
export const forecastOff = ({
  forecast,
  problem,
}: {
  readonly forecast: ExportForecast | null;
  readonly problem: string | null;
}): string | null =>
  problem ??
  (forecast === null
    ? "What will come of these settings is being worked out: a moment, please."
    : forecast.missing.length > 0
      ? missingWords(forecast.missing)
      : null);

/** The size that is to be expected, above all. */
export function Forecast({ forecast, problem, alpha, isOld }: Props) {
  // Having nothing yet is no mistake.
  if (problem !== null)
    return <p className={problem.startsWith(NOTHING) ? "export__facts" : "export__problem"}>{problem}</p>;
  if (forecast === null) return <p className="export__facts">…</p>;
  const { width, height, frames, seconds, size, encoder, missing, pending } = forecast;
  return (
    <div className="export__facts" aria-busy={isOld}>
      <p>
        About <strong>{formatBytes(size.bytes)}</strong> ({formatBytes(size.low)} to {formatBytes(size.high)})
      </p>
      <p>
        {frames === null ? "" : `${width} × ${height} · ${plural(frames, "frame")} · `}
        {seconds.toFixed(2)} s{alpha ? " · transparent" : ""}
      </p>
      {encoder === null ? null : <p>{encoder}</p>}
      {pending > 0 ? <p>{plural(pending, "clip")} still being made would be left out.</p> : null}
      {missing.length > 0 ? <p className="export__problem">{missingWords(missing)}</p> : null}
    </div>
  );
}
