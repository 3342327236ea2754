import { StudioError } from "../../core/contract/index.ts";
import type { Studio } from "../studio/index.ts";
import { lora } from "./arguments.ts";
import { bytes, type Output } from "./output.ts";

export interface InstallCommandOptions {
  readonly id?: string;
  readonly name?: string;
  readonly lora?: readonly string[];
}

/** `plume models install FILE` */
export async function installModel(
  studio: Studio,
  file: string,
  options: InstallCommandOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const model = await studio.models.install({
    file,
    loras: (options.lora ?? []).map(lora),
    ...(options.id === undefined ? {} : { id: options.id }),
    ...(options.name === undefined ? {} : { name: options.name }),
    signal,
    onProgress: (step, fraction) => output.progress(fraction, step),
  });
  output.result({ model }, `Installed ${model.name} as ${model.id} (${bytes(model.bytesOnDisk)}).`);
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
  for (const each of ids)
    await studio.models.verify(each, (step, fraction) => output.progress(fraction, `${each}: ${step}`), signal);
  if (signal.aborted) throw new StudioError("CANCELLED", "Cancelled.");
  output.result({ verified: ids }, ids.map((each) => `${each} is whole.`).join("\n"));
}

/** `plume models remove ID` */
export async function removeModel(studio: Studio, id: string, output: Output): Promise<void> {
  await studio.models.remove(id);
  output.result({ removed: id }, `Removed ${id}; clips made with it stay.`);
}
