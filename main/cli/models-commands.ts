import type { Command } from "commander";
import { type InstallCommandOptions, installModel, listModels, removeModel, verifyModels } from "./models.ts";
import type { CommonOptions, Work } from "./program.ts";
import {
  discardDownload,
  type DownloadCommandOptions,
  installEntry,
  isEntry,
  modelSettings,
  moveModels,
  type SettingsCommandOptions,
  showCatalogue,
} from "./store.ts";

type Perform = (options: CommonOptions, work: Work) => Promise<void>;

/** `plume models …` */
export function addModels(program: Command, perform: Perform, common: (command: Command) => Command): void {
  const models = program.command("models").description("Finds, installs, verifies, moves and removes models.");
  common(models.command("install"))
    .description(
      "Installs a model of the catalogue by its id (downloads it), or a published checkpoint that you have (PyTorch .pt/.ckpt/.pth or .safetensors, or a folder of them).",
    )
    .argument(
      "<model>",
      "an id that `plume models catalogue` shows, a checkpoint, or an installed model (with --weights or --lora)",
    )
    .option("--accept-licence", "you have read the terms of the catalogue's model and accept them")
    .option("--from <folder>", "look in this folder for files of the catalogue's model before downloading them")
    .option("--id <id>", "the model's id (default: from the file's name)")
    .option("--name <name>", "the name to show")
    .option(
      "--weights <format>",
      "keep its weights in fp32 (as published), fp16, int8 or 4bit; what smaller ones cost is measured, and they are kept only where they hold up",
    )
    .option("--no-int8", "leave out measuring for int8; the first clip with --precision int8 then does it")
    .option(
      "--lora <file[:scale]>",
      "merge a LoRA; may be given several times",
      (text, all: string[]) => [...all, text],
      [],
    )
    .action((model: string, options: InstallCommandOptions & DownloadCommandOptions & CommonOptions) =>
      perform(options, async (studio, output, signal) =>
        (await isEntry(studio, model))
          ? installEntry(studio, model, options, output, signal)
          : installModel(studio, model, options, output, signal),
      ),
    );
  common(models.command("catalogue"))
    .description("Shows the official releases: what they do and need, and under which terms.")
    .action((options: CommonOptions) => perform(options, showCatalogue));
  common(models.command("list"))
    .description("Shows the installed models.")
    .action((options: CommonOptions) => perform(options, listModels));
  common(models.command("verify"))
    .description("Reads every byte of a model and compares it with its manifest.")
    .argument("[id]", "default: all models")
    .action((id: string | undefined, options: CommonOptions) =>
      perform(options, (studio, output, signal) => verifyModels(studio, id, output, signal)),
    );
  common(models.command("remove"))
    .description("Removes a model from the disk.")
    .argument("<id>")
    .action((id: string, options: CommonOptions) =>
      perform(options, (studio, output) => removeModel(studio, id, output)),
    );
  common(models.command("discard"))
    .description("Throws away what has arrived of a download.")
    .argument("<id>")
    .action((id: string, options: CommonOptions) =>
      perform(options, (studio, output) => discardDownload(studio, id, output)),
    );
  common(models.command("move"))
    .description("Moves all models to another folder, for example on another disk.")
    .argument("<folder>", "an empty or new folder")
    .action((folder: string, options: CommonOptions) =>
      perform(options, (studio, output, signal) => moveModels(studio, folder, output, signal)),
    );
  common(models.command("settings"))
    .description("Shows or changes how downloads travel.")
    .option("--mirror <url>", 'an address that takes the hub\'s place; "" for the hub itself')
    .option("--proxy <url>", 'for example http://proxy:8080; "" for what this computer says')
    .option("--connections <number>", "for one file at a time, 1 to 8")
    .option("--keep-checkpoints <yes|no>", "keep published files beside the installed model")
    .action((options: SettingsCommandOptions & CommonOptions) =>
      perform(options, (studio, output) => modelSettings(studio, options, output)),
    );
}
