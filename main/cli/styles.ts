/** `plume styles`: LoRAs as cards, and models mixed with them. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { contract, type Mix, type Style, StudioError } from "../../core/contract/index.ts";
import type { Studio } from "../studio/index.ts";
import { number } from "./arguments.ts";
import { bytes, type Output } from "./output.ts";
import type { CommonOptions, Work } from "./program.ts";

interface InstallStyleOptions {
  readonly name?: string;
  readonly triggers?: string;
  readonly licence?: string;
  readonly preview?: string;
}

/** `ink` or `ink:0.8` */
function strength(text: string): Mix["styles"][number] {
  const at = text.lastIndexOf(":");
  return at < 0 ? { id: text, strength: 1 } : { id: text.slice(0, at), strength: number(text.slice(at + 1)) };
}

function card({ id, name, about, triggers, licence, layers, bytes: size }: Style): string {
  const lines = [`${id}: ${name}, ${layers} layers, ${bytes(size)}`];
  if (about !== "") lines.push(`  ${about}`);
  if (triggers.length > 0) lines.push(`  Write: ${triggers.join(", ")}`);
  lines.push(`  Licence: ${licence}`);
  return lines.join("\n");
}

async function install(studio: Studio, file: string, options: InstallStyleOptions, output: Output): Promise<void> {
  const style = await studio.installStyle(resolve(file), {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.licence === undefined ? {} : { licence: options.licence }),
    ...(options.preview === undefined ? {} : { preview: resolve(options.preview) }),
    ...(options.triggers === undefined
      ? {}
      : {
          triggers: options.triggers
            .split(",")
            .map((each) => each.trim())
            .filter((each) => each !== ""),
        }),
  });
  const { preview, ...rest } = style;
  output.result(
    { style: { ...rest, hasPreview: preview !== null } },
    `Installed the style ${style.name} as ${style.id}.`,
  );
}

async function mix(studio: Studio, model: string, styles: readonly string[], output: Output): Promise<void> {
  const wish = contract["styles.mix"].input.safeParse({ model, styles: styles.map(strength) });
  if (!wish.success) throw new StudioError("BAD_REQUEST", wish.error.issues[0]!.message);
  const job = await studio.call("styles.mix", wish.data);
  const stop = studio.subscribe((event) => {
    if (event.type === "job" && event.job.id === job.id && event.job.state === "running")
      output.progress(event.job.progress.fraction, "merging the styles");
  });
  const ended = await studio.ended(job.id);
  stop();
  if (ended.error !== null) throw StudioError.fromData(ended.error);
  const id = ended.kind === "convert" ? (ended.result?.model ?? null) : null;
  const made = (await studio.call("models.list", {})).find((each) => each.id === id);
  if (made === undefined) throw new StudioError("CANCELLED", "Stopped; nothing was made.");
  output.result({ model: made }, `Made ${made.name}: choose it with --model ${made.id}.`);
}

/** `plume styles …` */
export function addStyles(
  program: Command,
  perform: (options: CommonOptions, work: Work) => Promise<void>,
  common: (command: Command) => Command,
): void {
  const styles = program.command("styles").description("Installs styles (LoRAs) and mixes models with them.");
  common(styles.command("install"))
    .description("Takes a LoRA for a Hummingbird (.safetensors or .pt) among the styles.")
    .argument("<file>")
    .option("--name <name>", "what to call it (default: what the file says, or its name)")
    .option("--triggers <words>", "words that call it up, with commas between them")
    .option("--licence <terms>", "the terms that its makers state")
    .option("--preview <picture>", "a small picture of what it does (default: one of the same name beside the file)")
    .action((file: string, options: InstallStyleOptions & CommonOptions) =>
      perform(options, (studio, output) => install(studio, file, options, output)),
    );
  common(styles.command("list"))
    .description("Shows the styles.")
    .action((options: CommonOptions) =>
      perform(options, async (studio, output) => {
        const all = await studio.call("styles.list", {});
        const text =
          all.length === 0 ? "No style is installed: `plume styles install FILE`." : all.map(card).join("\n");
        output.result({ styles: all.map(({ preview, ...rest }) => ({ ...rest, hasPreview: preview !== null })) }, text);
      }),
    );
  common(styles.command("mix"))
    .description("Makes a model with styles: it shares the weights of its base and keeps only what changes.")
    .argument("<model>", "an installed Hummingbird")
    .argument("<styles...>", "ids, each with its strength if not 1: ink:0.8 grain:0.3")
    .action((model: string, wanted: string[], options: CommonOptions) =>
      perform(options, (studio, output) => mix(studio, model, wanted, output)),
    );
  common(styles.command("remove"))
    .description("Removes a style; models that were mixed with it stay.")
    .argument("<id>")
    .action((id: string, options: CommonOptions) =>
      perform(options, async (studio, output) => {
        await studio.call("styles.remove", { id });
        output.result({ removed: id }, `Removed the style ${id}.`);
      }),
    );
}
