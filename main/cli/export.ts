import { basename, dirname, resolve } from "node:path";
import { type ExchangeFormat, exchangeFormats, type ExportJob, StudioError } from "../../core/contract/index.ts";
import {
  containerInfo,
  type ExportSettings,
  exportSettingsSchema,
  findPreset,
  fitted,
  presets,
} from "../../core/export/index.ts";
import {
  FLICKS_PER_SECOND,
  type Flicks,
  formatRate,
  parseTimecode,
  rateFrom,
  type TimeRange,
} from "../../core/time/index.ts";
import type { Settings } from "../../core/timeline/index.ts";
import type { Studio } from "../studio/index.ts";
import { number, size } from "./arguments.ts";
import { bytes, describe, duration, type Output } from "./output.ts";

/** Options as typed; numbers are still text. */
export interface ExportOptions {
  readonly preset?: string;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly range?: string;
  readonly size?: string;
  readonly rate?: string;
  readonly quality?: string;
  readonly bitrate?: string;
  readonly loudness?: string;
  readonly encoder?: string;
  readonly poster?: string;
  readonly record?: string;
  /** False with --no-…. */
  readonly smart?: boolean;
  readonly credentials?: boolean;
  readonly sound?: boolean;
  readonly alpha?: boolean;
  readonly estimate?: boolean;
}

const EXCHANGE: readonly (readonly [ExchangeFormat, string])[] = [
  ["otio", "OpenTimelineIO: the timeline for other editors, nothing lost for this one"],
  ["otioz", "OpenTimelineIO with its media, in one file"],
  ["fcpxml", "Final Cut Pro XML 1.10: also for DaVinci Resolve"],
  ["edl", "CMX 3600 edit decision list: cuts and dissolves of one track"],
  ["srt", "The texts as SubRip subtitles"],
  ["vtt", "The texts as WebVTT subtitles"],
];

/** `plume export --presets` */
export function listPresets(output: Output): void {
  const widest = Math.max(...presets.map(({ id }) => id.length));
  const lines = [...presets.map(({ id, about }) => [id, about] as const), ...EXCHANGE].map(
    ([id, about]) => `${id.padEnd(widest + 2)}${about}`,
  );
  output.result({ presets }, lines.join("\n"));
}

/** `plume export PROJECT`: the same as the window's export, without a window. Errors: whatever ended it. */
export async function exportProject(
  studio: Studio,
  project: string,
  options: ExportOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const format = exchangeFormats.find((each) => each === options.preset);
  if (format !== undefined) return exchange(studio, project, format, options, output);
  const preset = findPreset(options.preset ?? "h264");
  if (preset === undefined)
    throw new StudioError("BAD_REQUEST", `There is no preset “${options.preset}”: see \`plume export --presets\`.`);
  const settings = (own: Settings): ExportSettings => chosen(fitted(preset, own), own, options);
  if (options.estimate === true) return estimate(studio, project, settings, output);
  const started = performance.now();
  const file = resolve(options.output ?? `${nameOf(project)}${containerInfo[preset.settings.container].extension}`);
  const job = await studio.exportTo(project, settings, { file, overwrite: options.overwrite === true });
  const { result } = await finished(studio, job.id, output, signal);
  output.result({ export: { file, ...result } }, file);
  for (const note of result!.notes) output.remark(note);
  output.remark(`${bytes(result!.bytes)}, done in ${duration(performance.now() - started)}`);
}

/** The timeline itself, for other editors and players. */
async function exchange(
  studio: Studio,
  project: string,
  format: ExchangeFormat,
  options: ExportOptions,
  output: Output,
): Promise<void> {
  const file = resolve(options.output ?? `${nameOf(project)}.${format}`);
  const notes = await studio.exchangeTo(project, format, { file, overwrite: options.overwrite === true });
  output.result({ export: { file, notes } }, file);
  for (const note of notes) output.remark(note);
}

/** `plume project import FILE FOLDER`: a timeline of another editor becomes a project. */
export async function importProject(studio: Studio, file: string, folder: string, output: Output): Promise<void> {
  const made = await studio.importTimeline(file, folder);
  output.result({ project: made }, made.folder);
  for (const note of made.notes) output.remark(note);
}

/** `plume records FILE`: how the clips of an exported file were made. */
export async function showRecords(studio: Studio, file: string, output: Output): Promise<void> {
  const records = await studio.recordsOf(file).catch((cause: unknown) => {
    throw StudioError.from(cause).code === "INTERNAL"
      ? new StudioError("NOT_FOUND", `${basename(file)} cannot be read: check its path.`)
      : cause;
  });
  const text =
    records.length === 0 ? `${basename(file)} does not say how it was made.` : JSON.stringify(records, null, 2);
  const credentials = await studio.credentialsOf(file);
  output.result({ records, credentials }, text, records.length > 0 || credentials !== null);
  if (credentials === null) return;
  const { signer, isTrusted, problems } = credentials;
  const vouched = isTrusted ? "" : " (nobody on a public trust list vouches for them)";
  output.remark(
    problems.length === 0
      ? `Signed by ${signer ?? "somebody"}${vouched}, and unchanged since.`
      : `Signed by ${signer ?? "somebody"}${vouched}, but it does not hold: ${problems.join("; ")}.`,
  );
}

/** What the export would be, without doing it. */
async function estimate(
  studio: Studio,
  project: string,
  settings: (own: Settings) => ExportSettings,
  output: Output,
): Promise<void> {
  const forecast = await studio.forecast(project, settings);
  const {
    width,
    height,
    frames,
    seconds,
    size: { bytes: about, low, high },
    encoder,
    missing,
    pending,
  } = forecast;
  const lines = [
    `${frames === null ? "" : `${width}×${height}, ${frames} frames, `}${seconds.toFixed(3)} s`,
    `about ${bytes(about)} (${bytes(low)} to ${bytes(high)})`,
    ...(encoder === null ? [] : [encoder]),
    ...missing.map((name) => `“${name}” is not there: the export would refuse.`),
    ...(pending > 0
      ? [`${pending} ${pending === 1 ? "clip waits" : "clips wait"} for a job and would be left out.`]
      : []),
  ];
  output.result({ forecast }, lines.join("\n"), missing.length === 0);
}

/** The project's folder names it, or its file where that has a name of its own. */
function nameOf(project: string): string {
  const path = resolve(project);
  const name = basename(path);
  return name === "project.json" ? basename(dirname(path)) : name.replace(/\.(plume|json)$/, "");
}

/** The preset with what was typed. Errors: BAD_REQUEST. */
function chosen(preset: ExportSettings, own: Settings, options: ExportOptions): ExportSettings {
  const { video } = preset;
  const draft = {
    ...preset,
    video:
      video === null
        ? null
        : {
            ...video,
            ...(options.size === undefined ? {} : size(options.size)),
            ...(options.rate === undefined ? {} : { rate: rateFrom(number(options.rate)) }),
            ...(options.quality === undefined ? {} : { quality: number(options.quality) }),
            ...(options.bitrate === undefined ? {} : { bitrate: number(options.bitrate) }),
            ...(options.encoder === undefined ? {} : { encoder: options.encoder }),
            ...(options.alpha === false ? { alpha: false } : {}),
          },
    audio:
      preset.audio === null || options.sound === false
        ? null
        : {
            ...preset.audio,
            ...(options.loudness === undefined
              ? {}
              : { loudness: options.loudness === "off" ? null : number(options.loudness) }),
          },
    ...(options.smart === false ? { smart: false } : {}),
    ...(options.credentials === false ? { credentials: false } : {}),
    ...(options.range === undefined ? {} : { range: range(options.range, own) }),
    ...(options.poster === undefined ? {} : { poster: moment(options.poster, own) }),
    ...(options.record === undefined ? {} : { record: options.record }),
  };
  const parsed = exportSettingsSchema.safeParse(draft);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  // The schema's own sentences say what to do.
  throw new StudioError(
    "BAD_REQUEST",
    /^(Invalid|Unrecognized|Too|Expected)\b/.test(message)
      ? `The value of ${String(path.at(-1) ?? "an option")} does not make sense: see \`plume export --help\`.`
      : message,
  );
}

/** `1.5` is seconds, `00:00:01:12` a timecode at the timeline's rate. Errors: BAD_REQUEST. */
function moment(text: string, own: Settings): Flicks {
  const time = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * FLICKS_PER_SECOND) : parseTimecode(text, own);
  if (time === null || time < 0)
    throw new StudioError(
      "BAD_REQUEST",
      `“${text}” is no time: write seconds, or a timecode at ${formatRate(own.rate)} frames a second such as 00:00:10:00.`,
    );
  return time;
}

/** `FROM-TO`. Errors: BAD_REQUEST. */
function range(text: string, own: Settings): TimeRange {
  const [from, to, ...more] = text.split("-");
  if (from === undefined || to === undefined || more.length > 0)
    throw new StudioError(
      "BAD_REQUEST",
      "The range is written FROM-TO, for example 2-10.5 or 00:00:02:00-00:00:10:12.",
    );
  const [start, end] = [moment(from.trim(), own), moment(to.trim(), own)];
  if (end <= start) throw new StudioError("BAD_REQUEST", "The range ends before it begins: turn its times round.");
  return { start, duration: end - start };
}

async function finished(studio: Studio, id: string, output: Output, signal: AbortSignal): Promise<ExportJob> {
  const stop = studio.subscribe((event) => {
    if (event.type !== "job" || event.job.id !== id || event.job.kind !== "export" || event.job.state !== "running")
      return;
    const { progress, speed } = event.job;
    const rate = speed === null || progress.phase !== "render" ? "" : `, ${speed.toFixed(1)} frames/s`;
    output.progress(progress.fraction, describe(progress) + rate);
  });
  const cancel = (): void => void studio.call("jobs.cancel", { id }).catch(() => {}); // ended in this very moment
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  try {
    const job = await studio.ended(id);
    if (job.state === "cancelled") throw new StudioError("CANCELLED", "Cancelled; no file was left behind.");
    if (job.kind !== "export" || job.result === null) throw StudioError.fromData(job.error!);
    return job;
  } finally {
    signal.removeEventListener("abort", cancel);
    stop();
  }
}
