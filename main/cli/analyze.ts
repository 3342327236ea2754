import { access } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { type MediaFacts, StudioError } from "../../core/contract/index.ts";
import { type AnalyzeReport, type Studio, writeText } from "../studio/index.ts";
import type { Output } from "./output.ts";

export interface AnalyzeOptions {
  readonly tags?: boolean;
  readonly detect?: boolean;
  readonly segment?: boolean;
  /** As typed: “9:16”. */
  readonly reframe?: string;
  readonly model?: string;
  readonly output?: string;
  readonly overwrite?: boolean;
}

/** `plume analyze FILE`: says what is to be seen in a picture or a film. Errors: whatever ended it. */
export async function analyze(
  studio: Studio,
  file: string,
  options: AnalyzeOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const aspect = options.reframe === undefined ? null : aspectOf(options.reframe);
  const target = targetOf(options);
  // What can be refused is refused before a long film is looked at.
  if (target !== null && target.kind === "reframe") await checkFree(target);
  const media = await studio.importMedia(resolve(file));
  const report = await studio.analyze(media.id, {
    tags: options.tags === true,
    objects: options.detect === true,
    masks: options.segment === true,
    aspect,
    model: options.model,
    drawing: target === null || target.kind === "reframe" ? undefined : { ...target, kind: target.kind },
    signal,
    onProgress: (fraction) => output.progress(fraction, "looking"),
  });
  output.clear();
  if (target?.kind === "reframe")
    await writeText(target, `${JSON.stringify(reframeFile(report, options.reframe!), null, 2)}\n`);
  const { facts } = report;
  const { tracks, reframe, ...rest } = report;
  const wantsObjects = options.detect === true || options.segment === true;
  const json = {
    ...rest,
    ...(wantsObjects ? { objects: tracks } : {}),
    ...(reframe === null ? {} : { reframe: { aspect: options.reframe, ...reframe } }),
    ...(target === null ? {} : { output: target.file }),
  };
  output.result(json, describe(report, options).join("\n"));
  if (facts.problem !== null) output.remark(facts.problem);
  if (target !== null) output.remark(`wrote ${target.file}`);
}

interface Target {
  readonly file: string;
  readonly overwrite: boolean;
  readonly kind: "overlay" | "mask" | "reframe";
}

/** What `-o` is to hold; null without. Errors: BAD_REQUEST. */
function targetOf({ output, overwrite, detect, segment, reframe }: AnalyzeOptions): Target | null {
  if (output === undefined) return null;
  const drawn = detect === true || segment === true;
  if (drawn && reframe !== undefined)
    throw new StudioError("BAD_REQUEST", "With -o ask for --reframe, or for --detect and --segment: not for both.");
  if (!drawn && reframe === undefined)
    throw new StudioError(
      "BAD_REQUEST",
      "With -o ask for --detect, --segment or --reframe: there is nothing to write.",
    );
  const kind = reframe !== undefined ? "reframe" : detect === true ? "overlay" : "mask";
  const extension = kind === "reframe" ? ".json" : ".png";
  if (extname(output).toLowerCase() !== extension)
    throw new StudioError("BAD_REQUEST", `The output file's name must end in ${extension}.`, output);
  return { file: resolve(output), overwrite: overwrite === true, kind };
}

async function checkFree({ file, overwrite }: Target): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere && !overwrite)
    throw new StudioError(
      "OUTPUT_UNWRITABLE",
      "The output file exists already: choose another name, or add --overwrite.",
      file,
    );
}

/** `9:16` → 0.5625. Errors: BAD_REQUEST. */
function aspectOf(text: string): number {
  const match = /^(\d{1,5}(?:\.\d+)?):(\d{1,5}(?:\.\d+)?)$/.exec(text.trim());
  const aspect = match === null ? Number.NaN : Number(match[1]) / Number(match[2]);
  if (!(aspect >= 0.1 && aspect <= 10))
    throw new StudioError("BAD_REQUEST", "The shape must be width:height, for example 9:16 or 1:1.", text);
  return aspect;
}

function reframeFile({ name, width, height, seconds, reframe, facts }: AnalyzeReport, aspect: string) {
  return {
    schema: "plume.reframe/1",
    media: { name, width, height, seconds },
    aspect,
    /** Pixels of the media. */
    crop: { width: reframe!.width, height: reframe!.height },
    about:
      "x and y are the crop's centre in parts of the media's width and height, over seconds; a way between two keyframes is eased as CSS cubic-bezier(x1, y1, x2, y2), linear, or held.",
    keyframes: reframe!.keyframes,
    inside: reframe!.inside,
    looked: { moments: facts.moments, interval: facts.interval },
  };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

const two = (value: number): string => String(value).padStart(2, "0");

/** "4.0 s", "2:05.5", "3:00:00". */
function clock(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole >= 3600) return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

/** “2 × blue circle”; a colour is told where things of the kind have but one. */
function thing({ label, most, colours }: MediaFacts["objects"][number]): string {
  const name = colours.length === 1 ? `${colours[0]} ${label}` : label;
  return most > 1 ? `${most} × ${name}` : name;
}

/** What was asked for, or all of it where nothing was, in a line each. */
function describe(report: AnalyzeReport, options: AnalyzeOptions): string[] {
  const { name, width, height, seconds, facts, tracks, reframe } = report;
  const asked = [options.tags, options.detect, options.segment, options.reframe].some(
    (each) => each !== undefined && each !== false,
  );
  const lines = [`${name}: ${seconds > 0 ? `${clock(seconds)}, ` : ""}${width}×${height}`];
  if (!asked || options.tags === true) {
    if (facts.model !== null) lines.push(`tags     ${words(facts)}`);
    const colours = facts.colours.map(({ name: colour, hex, share }) => `${colour} ${hex} ${percent(share)}`);
    lines.push(`colours  ${colours.join(", ")}`);
  }
  if (!asked) {
    if (facts.objects.length > 0) lines.push(`objects  ${facts.objects.map(thing).join(", ")}`);
    if (facts.shots.length > 0) lines.push(`shots    ${shots(facts)}`);
    if (seconds > 0) lines.push(`best at  ${clock(facts.poster.time)}`);
  }
  if (options.detect === true || options.segment === true) {
    if (tracks.length === 0) lines.push("objects  none found");
    for (const { label, score, points } of tracks)
      lines.push(
        seconds > 0
          ? `object   ${label} ${percent(score)}, ${clock(points[0]!.time)} to ${clock(points.at(-1)!.time)}`
          : `object   ${label} ${percent(score)} at ${place(points[0]!.box, report)}`,
      );
  }
  if (reframe !== null) {
    const count = Math.max(reframe.keyframes.x.length, reframe.keyframes.y.length);
    lines.push(
      `reframe  ${options.reframe}: ${reframe.width}×${reframe.height} in ${count} ${count === 1 ? "keyframe" : "keyframes"}, ` +
        (tracks.length === 0
          ? "the middle (nothing was found)"
          : `subject inside ${percent(reframe.inside)} of the time`),
    );
  }
  if (facts.model !== null && seconds > 0)
    lines.push(`looked   at ${facts.moments} moments, one every ${facts.interval.toFixed(2)} s`);
  return lines;
}

const words = ({ tags }: MediaFacts): string =>
  tags.length === 0 ? "none" : tags.map(({ label, score }) => `${label} ${percent(score)}`).join(", ");

function shots({ shots: all }: MediaFacts): string {
  const bounds = all
    .slice(1, 13)
    .map(({ start, opening }) => `${opening === "fade" ? "fade" : "cut"} at ${clock(start)}`);
  const more = all.length > 13 ? ` and ${all.length - 13} more` : "";
  return all.length === 1 ? "1" : `${all.length}: ${bounds.join(", ")}${more}`;
}

/** Pixels: left, top and size. */
function place(box: readonly number[], { width, height }: AnalyzeReport): string {
  const [left, top, right, bottom] = box.map((edge, k) => Math.round(edge * (k % 2 ? height : width)));
  return `${left},${top} ${right! - left!}×${bottom! - top!}`;
}
