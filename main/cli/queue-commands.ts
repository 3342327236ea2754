import type { Command } from "commander";
import { limits } from "../../core/contract/index.ts";
import type { QueueAccess, Studio } from "../studio/index.ts";
import type { Output } from "./output.ts";
import {
  type AddOptions,
  addToQueue,
  dismissJobs,
  duplicate,
  type DuplicateOptions,
  eachJob,
  importList,
  listQueue,
  pauseQueue,
  reorder,
  resumeQueue,
  runQueue,
} from "./queue.ts";

interface Common {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** How commands reach the queue, and a studio that works on it. */
export interface QueuePerformers {
  readonly queue: (options: Common, work: (queue: QueueAccess, output: Output) => Promise<void>) => Promise<void>;
  readonly studio: (
    options: Common,
    work: (studio: Studio, output: Output, signal: AbortSignal) => Promise<void>,
  ) => Promise<void>;
}

const collect = (text: string, all: string[]): string[] => [...all, text];

function clipOptions(command: Command): Command {
  return command
    .option("--model <id>", "an installed model (default: the one that ships with the studio)")
    .option("--seed <number>", "makes the same clip again (default: a new one each time)")
    .option("--size <WxH>", "pixels, multiples of 64, for example 320x192")
    .option("--width <pixels>", "instead of --size")
    .option("--height <pixels>", "instead of --size")
    .option("--frames <number>", `length in frames, ${limits.frames.min} to ${limits.frames.max}`)
    .option("--fps <number>", "frames per second")
    .option("--steps <number>", "denoising steps")
    .option("--guidance <number>", "how closely the clip follows the sentence")
    .option("--negative <text>", "what should not appear")
    .option("--precision <format>", "fp32 or int8")
    .option("--priority <which>", "high, normal or low (default: normal)")
    .option("--dry-run", "says what would be added, and adds nothing");
}

/** `plume queue …`; `common` adds what every command takes. */
export function addQueue(program: Command, common: (command: Command) => Command, perform: QueuePerformers): void {
  const queue = program
    .command("queue")
    .description(
      "Looks at the studio's queue and changes it. An id may be shortened, and may be that of a batch: then all its jobs are meant. Where a studio is open, it is told; else it is changed on disk, and worked on when a studio is opened or by `plume queue run`.",
    );
  common(queue.command("list"))
    .description("Shows what is being made and what waits, in order.")
    .option("--all", "also what has ended")
    .action((options: Common & { all?: boolean }) =>
      perform.queue(options, (access, output) => listQueue(access, options.all === true, output)),
    );
  clipOptions(common(queue.command("add")))
    .description("Adds a clip from a sentence, or many. Prints the jobs' ids.")
    .argument("<prompt>", "a sentence that describes the clip")
    .option("--variations <number>", "clips to make, each with the seed one higher")
    .option(
      "--sweep <field=values>",
      "every value of seed, steps, guidance, frames, fps, width or height, for example steps=2,4,8 or seed=1..4; several times: every combination",
      collect,
      [],
    )
    .action((prompt: string, options: AddOptions & Common) =>
      perform.queue(options, (access, output) => addToQueue(access, prompt, options, output)),
    );
  clipOptions(common(queue.command("import")))
    .description(
      "Adds a clip for each line of a text file, or for each row of a table (.csv, .tsv) with a column “prompt” and any of negative, seed, size, width, height, frames, fps, steps, guidance, precision and model.",
    )
    .argument("<file>")
    .action((file: string, options: AddOptions & Common) =>
      perform.queue(options, (access, output) => importList(access, file, options, output)),
    );
  common(queue.command("pause"))
    .description("Pauses a job, or without an id the whole queue; what was computed is kept.")
    .argument("[id]")
    .action((id: string | undefined, options: Common) =>
      perform.queue(options, (access, output) => pauseQueue(access, id, output)),
    );
  common(queue.command("resume"))
    .description("Goes on with a paused job, or without an id with the whole queue.")
    .argument("[id]")
    .action((id: string | undefined, options: Common) =>
      perform.queue(options, (access, output) => resumeQueue(access, id, output)),
    );
  common(queue.command("reorder"))
    .description("Lets a job stand before another (default: at the end), or gives it another priority.")
    .argument("<id>")
    .argument("[before]", "id of the job that it goes before")
    .option("--priority <which>", "high, normal or low, instead of a place")
    .action((id: string, before: string | undefined, options: Common & { priority?: string }) =>
      perform.queue(options, (access, output) => reorder(access, id, before, options.priority, output)),
    );
  common(queue.command("cancel"))
    .description("Takes jobs out of the queue; a running one stops.")
    .argument("<ids...>")
    .action((ids: string[], options: Common) =>
      perform.queue(options, (access, output) => eachJob(access, "cancel", ids, output)),
    );
  common(queue.command("retry"))
    .description("Queues ended jobs again, with the same seed.")
    .argument("<ids...>")
    .action((ids: string[], options: Common) =>
      perform.queue(options, (access, output) => eachJob(access, "retry", ids, output)),
    );
  clipOptions(common(queue.command("duplicate")))
    .description("Queues a clip again with other settings; --replace: instead of the one that waits, in its place.")
    .argument("<id>")
    .argument("[prompt]", "other words")
    .option("--replace", "takes the place of a job that waits or has ended without a clip")
    .action((id: string, prompt: string | undefined, options: Common & DuplicateOptions) =>
      perform.queue(options, (access, output) => duplicate(access, id, prompt, options, output)),
    );
  common(queue.command("dismiss"))
    .description("Takes ended jobs off the list; their clips stay.")
    .argument("<ids...>")
    .action((ids: string[], options: Common) =>
      perform.queue(options, (access, output) => dismissJobs(access, ids, output)),
    );
  common(queue.command("run"))
    .description(
      "Works through the queue without a window, until nothing is left to do; Ctrl-C stops, and loses nothing.",
    )
    .action((options: Common) => perform.studio(options, runQueue));
}
