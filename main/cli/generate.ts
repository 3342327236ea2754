import { resolve } from "node:path";
import {
  contract,
  type GenerateJob,
  type GenerationRequest,
  type JobSnapshot,
  limits,
  type Precision,
  StudioError,
} from "../../core/contract/index.ts";
import type { Studio } from "../studio/index.ts";
import { number, numbered, size } from "./arguments.ts";
import { bytes, describe, duration, type Output } from "./output.ts";

/** Options as typed; numbers are still text. */
export interface GenerateOptions {
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly model?: string;
  readonly seed?: string;
  readonly size?: string;
  readonly width?: string;
  readonly height?: string;
  readonly frames?: string;
  readonly fps?: string;
  readonly steps?: string;
  readonly guidance?: string;
  readonly negative?: string;
  readonly precision?: string;
  readonly variations?: string;
}

/** `plume generate`: makes the clips one after another. Errors: whatever ended a clip. */
export async function generate(
  studio: Studio,
  prompt: string,
  options: GenerateOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const request = toRequest(prompt, options);
  const variations = options.variations === undefined ? 1 : number(options.variations);
  const sentence = `The number of variations must be a whole number from ${limits.variations.min} to ${limits.variations.max}.`;
  const input = { request, variations };
  const checked = contract["jobs.generate"].input.safeParse(input);
  if (!checked.success) {
    const issue = checked.error.issues[0]!;
    throw new StudioError("BAD_REQUEST", issue.path[0] === "variations" ? sentence : issue.message);
  }

  await studio.models.ensureBundled(
    (step, fraction) => output.progress(fraction, `preparing the model: ${step}`),
    signal,
    "text-to-video",
  );
  output.clear();
  const started = performance.now();
  const jobs = await queue(studio, checked.data, options);
  const stop = watch(studio, jobs, output);
  const cancel = (): void => {
    for (const { id } of jobs) void studio.call("jobs.cancel", { id }).catch(() => {}); // ended in this very moment
  };
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  try {
    const clips = [];
    for (const [index, { id }] of jobs.entries()) {
      const job = await studio.ended(id);
      if (job.state === "cancelled") throw new StudioError("CANCELLED", "Cancelled; no file was left behind.");
      if (job.clip === null) throw StudioError.fromData(job.error!);
      const file =
        options.output === undefined
          ? (await studio.clipFile(job.clip.id)).path
          : numbered(resolve(options.output), index + 1);
      clips.push({ file, ...job.clip });
    }
    output.result({ clips }, clips.map(({ file }) => file).join("\n"));
    for (const clip of clips)
      output.remark(
        `${clip.width}×${clip.height}, ${clip.frames} frames at ${clip.fps} fps, seed ${clip.record.request.seed}, ${bytes(clip.bytes)}`,
      );
    output.remark(`done in ${duration(performance.now() - started)}`);
  } finally {
    signal.removeEventListener("abort", cancel);
    stop();
  }
}

/** What was typed as a request; the contract refuses what makes no sense. Errors: BAD_REQUEST. */
export function toRequest(prompt: string, options: GenerateOptions): GenerationRequest {
  if (options.size !== undefined && (options.width !== undefined || options.height !== undefined))
    throw new StudioError("BAD_REQUEST", "Give either --size or --width and --height, not both.");
  const measure = options.size === undefined ? {} : size(options.size);
  const numbers = Object.fromEntries(
    (["seed", "width", "height", "frames", "fps", "steps", "guidance"] as const).flatMap((name) => {
      const text = options[name];
      return text === undefined ? [] : [[name, number(text)]];
    }),
  );
  return {
    prompt,
    ...measure,
    ...numbers,
    ...(options.model === undefined ? {} : { model: options.model }),
    ...(options.negative === undefined ? {} : { negativePrompt: options.negative }),
    // Text that is no precision is refused by the contract.
    ...(options.precision === undefined ? {} : { precision: options.precision as Precision }),
  };
}

async function queue(
  studio: Studio,
  input: { request: GenerationRequest; variations: number },
  options: GenerateOptions,
): Promise<GenerateJob[]> {
  if (options.output === undefined) return studio.call("jobs.generate", input);
  const jobs: GenerateJob[] = [];
  for (let n = 1; n <= input.variations; n += 1) {
    // The first clip's seed, chosen or drawn, decides the others'.
    const seed = jobs[0] === undefined ? input.request.seed : (jobs[0].request.seed + n - 1) % (limits.seed.max + 1);
    const destination = { file: numbered(resolve(options.output), n), overwrite: options.overwrite === true };
    jobs.push(await studio.generateTo({ ...input.request, ...(seed === undefined ? {} : { seed }) }, destination));
  }
  return jobs;
}

/** Shows the running job's progress on the bar; returns a function that stops. */
function watch(studio: Studio, jobs: readonly JobSnapshot[], output: Output): () => void {
  return studio.subscribe((event) => {
    if (event.type !== "job" || event.job.state !== "running") return;
    const index = jobs.findIndex(({ id }) => id === event.job.id);
    if (index < 0) return;
    const which = jobs.length === 1 ? "" : `clip ${index + 1} of ${jobs.length}: `;
    output.progress(
      (index + event.job.progress.fraction) / jobs.length,
      which + (event.job.waitsFor ?? describe(event.job.progress)),
    );
  });
}
