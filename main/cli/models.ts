import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  costWords,
  type ModelSummary,
  StudioError,
  type WeightFormat,
  weightFormatSchema,
  weightWords,
} from "../../core/contract/index.ts";
import type { Studio } from "../studio/index.ts";
import { lora } from "./arguments.ts";
import { bytes, duration, type Output } from "./output.ts";

export interface InstallCommandOptions {
  readonly id?: string;
  readonly name?: string;
  readonly lora?: readonly string[];
  /** `--no-int8` makes it false. */
  readonly int8?: boolean;
  readonly weights?: string;
}

/** Errors: BAD_REQUEST. */
export function weightFormat(text: string): WeightFormat {
  const parsed = weightFormatSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new StudioError("BAD_REQUEST", "--weights takes fp32, fp16, int8 or 4bit.", text);
}

/** What a model's weights are kept in, and what that was measured to cost; empty where they are as published. */
export function weightsLine({ weights }: ModelSummary): string {
  if (weights === undefined) return "";
  const kept =
    weights.measured === null
      ? []
      : [`weights in ${weightWords[weights.format]}: ${costWords(weights.measured)}, measured on this computer`];
  const refused = weights.refused.map(
    ({ format, measured }) => `${weightWords[format]} did not hold up here (${costWords(measured)})`,
  );
  return [...kept, ...refused].join("; ");
}

/** `plume models install FILE|FOLDER` */
export async function installModel(
  studio: Studio,
  file: string,
  options: InstallCommandOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const model = await studio.models.install({
    file: await placeOf(studio, file),
    loras: (options.lora ?? []).map(lora),
    ...(options.id === undefined ? {} : { id: options.id }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.int8 === undefined ? {} : { int8: options.int8 }),
    ...(options.weights === undefined ? {} : { weights: weightFormat(options.weights) }),
    signal,
    onProgress: (step, fraction, etaMs) =>
      output.progress(fraction, etaMs === null ? step : `${step}, about ${duration(etaMs)} left`),
  });
  output.result({ model }, installed(model));
}

/** A file or folder by its path, or an installed model by its id. Errors: CHECKPOINT_UNREADABLE when it is neither. */
async function placeOf(studio: Studio, text: string): Promise<string> {
  if (await stat(resolve(text)).catch(() => null)) return text;
  const known = (await studio.call("models.list", {})).some(({ id }) => id === text);
  if (known) return join(studio.models.place, text);
  throw new StudioError(
    "CHECKPOINT_UNREADABLE",
    `There is neither a file nor a model called ${text}: check the path, or choose an id from \`plume models catalogue\`.`,
  );
}

/** What was installed, in words. */
export function installed(model: ModelSummary): string {
  const weights = weightsLine(model);
  return [
    `Installed ${model.name} as ${model.id} (${bytes(model.bytesOnDisk)}).`,
    ...(weights ? [`${weights}.`] : []),
  ].join("\n");
}

/** `plume models list` */
export async function listModels(studio: Studio, output: Output, signal: AbortSignal): Promise<void> {
  await studio.models.ensureBundled(
    (step, fraction) => output.progress(fraction, `preparing the model: ${step}`),
    signal,
  );
  const models = await studio.call("models.list", {});
  const lines = models.map((model) =>
    [
      `${model.id}${model.bundled ? " (ships with the studio)" : ""}`,
      `  ${model.name}, ${(model.parameters / 1e6).toFixed(0)} M parameters, ${bytes(model.bytesOnDisk)}, ${model.precisions.join("/")}`,
      ...(weightsLine(model) ? [`  ${weightsLine(model)}`] : []),
      `  ${model.about}`,
    ].join("\n"),
  );
  output.result(
    { models },
    lines.length === 0 ? "No model is installed: install one with `plume models install FILE`." : lines.join("\n"),
  );
}

/** `plume models verify [ID]`; without an id, all. */
export async function verifyModels(
  studio: Studio,
  id: string | undefined,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const ids = id === undefined ? (await studio.call("models.list", {})).map((model) => model.id) : [id];
  const lines: string[] = [];
  const dropped: string[] = [];
  for (const each of ids) {
    const onProgress = (step: string, fraction: number) => output.progress(fraction, `${each}: ${step}`);
    const found = await studio.models.verify(each, onProgress, signal);
    if (found.dropped.length > 0) dropped.push(each);
    lines.push(
      found.dropped.length === 0
        ? `${each} is whole.`
        : `${each} is whole; its int8 form was damaged and is made anew when it is next needed.`,
    );
  }
  if (signal.aborted) throw new StudioError("CANCELLED", "Cancelled.");
  output.result({ verified: ids, int8Dropped: dropped }, lines.join("\n"));
}

/** `plume models remove ID` */
export async function removeModel(studio: Studio, id: string, output: Output): Promise<void> {
  await studio.models.remove(id);
  output.result({ removed: id }, `Removed ${id}; clips made with it stay.`);
}
