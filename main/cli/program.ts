import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { limits, StudioError } from "../../core/contract/index.ts";
import { appFile } from "../app-files/app-files.ts";
import { createStudio, openQueueAccess, type Studio, type StudioOptions } from "../studio/index.ts";
import { type AnalyzeOptions, analyze } from "./analyze.ts";
import { type AnimateOptions, animate } from "./animate.ts";
import { computer, type ComputerOptions } from "./computer.ts";
import { doctor } from "./doctor.ts";
import { type ExportOptions, exportProject, importProject, listPresets, showRecords } from "./export.ts";
import { type GenerateOptions, generate } from "./generate.ts";
import { addModels } from "./models-commands.ts";
import { EXIT, Output } from "./output.ts";
import { addQueue, type QueuePerformers } from "./queue-commands.ts";
import { addStyles } from "./styles.ts";
import { projectCheck, projectInfo } from "./project.ts";

export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export type Work = (studio: Studio, output: Output, signal: AbortSignal) => Promise<void>;

const AFTER_HELP = `
Exit codes: 0 done, 1 failed, 2 the command or its input does not make sense, 130 cancelled.
Environment: PLUME_HOME (models and queue), PLUME_OUTPUT (clips without -o), PLUME_FFMPEG (an ffmpeg of your choice),
PLUME_THREADS (threads of the engine), PLUME_DEBUG=1 (diagnostics on stderr).`;

/** The version in package.json. */
export function appVersion(): string {
  const { version } = JSON.parse(readFileSync(appFile("package.json"), "utf8")) as {
    version: string;
  };
  return version;
}

/**
 * Runs one command line (without the program's name) and returns its exit code. Nothing is thrown: a failure has been told as one
 * sentence, or as JSON. `signal` cancels cleanly; `open` is another way to open a studio, for tests.
 */
export async function run(argv: readonly string[], signal: AbortSignal, open = createStudio): Promise<number> {
  // Needed before the arguments are understood: a complaint about them must keep the promised form.
  const json = argv.includes("--json");
  let code: number = EXIT.ok;
  const perform = async (options: CommonOptions, work: Work): Promise<void> => {
    code = await withOpened(() => open(studioOptions()), options, work, signal);
  };
  const queue: QueuePerformers = {
    async queue(options, work) {
      const { queue: _, ...rest } = studioOptions();
      code = await withOpened(() => openQueueAccess(rest, open), options, work, signal);
    },
    async studio(options, work) {
      code = await withOpened(() => open({ ...studioOptions(), queue: "journal" }), options, work, signal);
    },
  };
  const program = buildProgram(perform, queue);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.ok; // --help, --version
    if (error.code === "commander.help") return EXIT.usage; // no command was named, and the help says which there are
    new Output({ json, quiet: false }).failure(new StudioError("BAD_REQUEST", usageSentence(error.message)));
    return EXIT.usage;
  }
  return code;
}

async function withOpened<T extends { close(): Promise<void> }>(
  open: () => Promise<T>,
  options: CommonOptions,
  work: (opened: T, output: Output, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  const output = new Output({ json: options.json === true, quiet: options.quiet === true });
  let opened: T | null = null;
  try {
    opened = await open();
    await work(opened, output, signal);
  } catch (cause) {
    const error = StudioError.from(cause);
    // Whatever broke because it was stopped is no failure of its own; who knows better what was stopped, says it.
    const isTold = !signal.aborted || error.code === "CANCELLED";
    output.failure(isTold ? error : new StudioError("CANCELLED", "Cancelled; no file was left behind."));
  } finally {
    output.clear();
    await opened?.close();
  }
  return output.exitCode;
}

/**
 * A command keeps its queue in memory and so works beside an open window: what both touch on disk (clips, models) is written under
 * temporary names and published in one step.
 */
function studioOptions(): StudioOptions {
  const options: StudioOptions = { appVersion: appVersion(), queue: "memory" };
  return process.env["PLUME_DEBUG"] ? { ...options, log: (line) => process.stderr.write(`${line}\n`) } : options;
}

function buildProgram(perform: (options: CommonOptions, work: Work) => Promise<void>, queue: QueuePerformers): Command {
  const program = new Command("plume")
    .description("Makes video clips from sentences, or from a picture and a sound, wholly on this computer.")
    .version(appVersion())
    .addHelpText("after", AFTER_HELP)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  addGenerate(program, perform);
  addAnimate(program, perform);
  addAnalyze(program, perform);
  addModels(program, perform, common);
  addStyles(program, perform, common);
  addProject(program, perform);
  addExport(program, perform);
  addQueue(program, common, queue);
  common(program.command("computer"))
    .description("Says what clips are made with: the devices of this computer, and how much memory models may take.")
    .option("--device <which>", "auto, cpu, webgpu, dml, coreml or cuda: where models run from now on")
    .option("--memory <size>", "the most that models may take together (6G, 800M), or auto")
    .option("--again", "tries all devices anew, also those that were put off")
    .action((options: ComputerOptions) => perform(options, (studio, output) => computer(options, studio, output)));
  common(program.command("doctor"))
    .description(
      "Looks at everything that a clip needs, at what can compute, and at what each model takes; says what is missing.",
    )
    .action((options: CommonOptions) => perform(options, doctor));
  inherit(program);
  return program;
}

function addGenerate(program: Command, perform: (options: CommonOptions, work: Work) => Promise<void>): void {
  common(program.command("generate"))
    .description(
      "Makes a clip from a sentence. Prints the path of the MP4; its generation record lies beside it as JSON.",
    )
    .argument("<prompt>", "a sentence that describes the clip")
    .option("-o, --output <file>", "the MP4 to write (default: a name from the prompt, in the folder for clips)")
    .option("--overwrite", "replace the output file if it exists")
    .option("--model <id>", "an installed model (default: the one that ships with the studio)")
    .option("--seed <number>", "makes the same clip again (default: a new one each time)")
    .option("--size <WxH>", "pixels, multiples of 64, for example 320x192")
    .option("--width <pixels>", "instead of --size")
    .option("--height <pixels>", "instead of --size")
    .option("--frames <number>", `length in frames, ${limits.frames.min} to ${limits.frames.max}`)
    .option("--fps <number>", "frames per second")
    .option("--steps <number>", "denoising steps: more are slower and often finer")
    .option("--guidance <number>", "how closely the clip follows the sentence")
    .option("--negative <text>", "what should not appear (models with classifier-free guidance)")
    .option("--precision <format>", "fp32 or int8: int8 is faster and slightly less exact")
    .option("--variations <number>", "clips to make, each with the seed one higher")
    .action((prompt: string, options: GenerateOptions & CommonOptions) =>
      perform(options, (studio, output, signal) => generate(studio, prompt, options, output, signal)),
    );
}

function addAnimate(program: Command, perform: (options: CommonOptions, work: Work) => Promise<void>): void {
  common(program.command("animate"))
    .description("Moves a picture to a sound; the sound is in the clip.")
    .argument("<picture>", "any picture that ffmpeg reads; of an animation, its first frame is used")
    .argument("<sound>", "any sound that ffmpeg reads, or a film for its sound")
    .option("-o, --output <file>", "where to write the MP4 (default: the library)")
    .option("--overwrite", "replace the file if it exists")
    .option("--prompt <words>", "words that describe the clip; none are needed")
    .option("--keyframes <frames>", "frames to move through, for example 0,4,9,14; the rest is found by the sound")
    .option("--preset <name>", "draft, balanced or reference")
    .option("--seed <number>", "the same seed gives the same frames")
    .option("--size <size>", "width x height in pixels, multiples of 64 (default: the model's, in the picture's shape)")
    .option("--steps <number>", "denoising steps of each stage, instead of the preset's")
    .option("--from <seconds>", "where to begin in the sound")
    .option("--length <seconds>", "how much of the sound to use, 2 to 60 (default: all of it up to 10 s, else 2 s)")
    .option("--follow <what>", "what keyframes follow: predicted, kick, voice or loudness")
    .option("--selection <how>", "even, or reference: keyframes drawn as the published code does")
    .option("--focus <x,y>", "point of the picture that cropping keeps in the middle, 0 to 1 each")
    .option("--model <id>", "an installed model that animates (default: the first)")
    .option("--dump-curve <file>", "also write the motion curve and the keyframes as JSON")
    .action((picture: string, sound: string, options: AnimateOptions & CommonOptions) =>
      perform(options, (studio, output, signal) => animate(studio, { picture, sound }, options, output, signal)),
    );
}

function addAnalyze(program: Command, perform: (options: CommonOptions, work: Work) => Promise<void>): void {
  common(program.command("analyze"))
    .description(
      "Says what is to be seen in a picture or a film: tags, colours, objects, shots and the best frame; or only what is asked for.",
    )
    .argument("<file>", "any picture or film that ffmpeg reads")
    .option("--tags", "tags and colours")
    .option("--detect", "objects, followed through a film")
    .option("--segment", "objects cut out, their masks smoothed over time")
    .option("--reframe <shape>", "a crop of this shape, for example 9:16, that follows the subject")
    .option(
      "-o, --output <file>",
      "--detect: the best frame with boxes (PNG); --segment: its mask (PNG); --reframe: keyframes (JSON)",
    )
    .option("--overwrite", "replace the output file if it exists")
    .option("--model <id>", "an installed model that looks at pictures (default: the first)")
    .action((file: string, options: AnalyzeOptions & CommonOptions) =>
      perform(options, (studio, output, signal) => analyze(studio, file, options, output, signal)),
    );
}

function addProject(program: Command, perform: (options: CommonOptions, work: Work) => Promise<void>): void {
  const project = program.command("project").description("Looks at editing projects without opening or changing them.");
  common(project.command("info"))
    .description("Says what is in a project, and what was recovered.")
    .argument("<folder>", "the project's folder")
    .action((folder: string, options: CommonOptions) =>
      perform(options, (studio, output) => projectInfo(studio, folder, output)),
    );
  common(project.command("check"))
    .description("Checks that a project is sound and its media are there; exit code 1 when not.")
    .argument("<folder>", "the project's folder")
    .action((folder: string, options: CommonOptions) =>
      perform(options, (studio, output) => projectCheck(studio, folder, output)),
    );
  addImport(project, perform);
}

function addImport(project: Command, perform: (options: CommonOptions, work: Work) => Promise<void>): void {
  common(project.command("import"))
    .description("Makes a project of another editor's timeline (.otio, .otioz, .fcpxml) or of subtitles (.srt, .vtt).")
    .argument("<file>")
    .argument("<folder>", "the project's new folder")
    .action((file: string, folder: string, options: CommonOptions) =>
      perform(options, (studio, output) => importProject(studio, file, folder, output)),
    );
}

function addExport(program: Command, perform: (options: CommonOptions, work: Work) => Promise<void>): void {
  common(program.command("records"))
    .description(
      "Shows how the clips of an exported film or picture were made, and who signed that, from what is embedded in it.",
    )
    .argument("<file>")
    .action((file: string, options: CommonOptions) =>
      perform(options, (studio, output) => showRecords(studio, file, output)),
    );
  common(program.command("export"))
    .description("Writes a project's timeline as a film, pictures or sound. Prints the path of what it wrote.")
    .argument("[project]", "the project's folder, or its file")
    .option("--preset <name>", "what to make (default: h264, at the timeline's own size)")
    .option("--presets", "lists the presets")
    .option(
      "-o, --output <file>",
      "the file to write, or the folder of numbered pictures (default: the project's name, here)",
    )
    .option("--overwrite", "replace it if it exists, once the new one is complete and checked")
    .option("--range <from-to>", "only this part: seconds or timecodes, for example 2-10.5")
    .option("--size <WxH>", "pixels, instead of the preset's")
    .option("--rate <number>", "frames per second, instead of the timeline's")
    .option("--quality <number>", "0 small to 100 fine")
    .option("--bitrate <kbit/s>", "instead of a quality")
    .option("--loudness <LUFS>", "loudness of the whole by EBU R128, for example -14; off leaves it as mixed")
    .option("--encoder <which>", "auto takes the graphics hardware where it works; software does not")
    .option("--no-smart", "encode everything anew, also what could be copied")
    .option("--no-sound", "pictures only")
    .option("--no-alpha", "with the timeline's background, where the preset would leave it out")
    .option("--poster <time>", "also write this moment as a picture beside the file")
    .option("--record <how>", "what is embedded of how clips were made: full, without-prompts or none")
    .option("--no-credentials", "do not sign it with Content Credentials")
    .option("--estimate", "says what it would be, and writes nothing")
    .action((project: string | undefined, options: ExportOptions & CommonOptions & { presets?: boolean }) =>
      perform(options, async (studio, output, signal) => {
        if (options.presets === true) return listPresets(output);
        if (project === undefined)
          throw new StudioError("BAD_REQUEST", "Name a project's folder: see `plume export --help`.");
        return exportProject(studio, project, options, output, signal);
      }),
    );
}

function common(command: Command): Command {
  return command
    .option("--json", "one JSON object on stdout, nothing else")
    .option("--quiet", "nothing but errors")
    .addHelpText("after", AFTER_HELP);
}

/** Commander copies these settings to a subcommand only when it is made by the parent that already has them; set them everywhere. */
function inherit(command: Command): void {
  for (const each of command.commands) {
    each.exitOverride().configureOutput({ outputError: () => {} });
    inherit(each);
  }
}

/** "error: unknown option '--foo'" → "Unknown option '--foo': see --help." */
function usageSentence(message: string): string {
  const text = message.replace(/^error: /, "").split("\n")[0]!;
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/[.:]$/, "")}: see \`plume --help\`.`;
}
