/** Checks that need no network: tokens, random numbers, sinusoids, scheduler. */
import { z } from "zod";
import { createNoiseSchedule } from "../../../native-models/diffusion/noise-schedule.ts";
import { guidanceEmbedding, timestepEmbedding } from "../../../native-models/diffusion/embedding.ts";
import { LcmScheduler, lcmTimesteps } from "../../../native-models/hummingbird/lcm.ts";
import { cleanPrompt, clipTokenizer } from "../../../native-models/openclip/tokenizer.ts";
import { TorchRandom } from "../../../native-models/diffusion/torch-random.ts";
import type { GoldenFile } from "../golden-folder.ts";
import { EXACT } from "../tolerance.ts";
import type { Check, Context } from "./context.ts";

const tokenizerSchema = z.object({
  cases: z.array(
    z.object({
      prompt: z.string(),
      cleaned: z.string(),
      ids: z.array(z.number()),
      n_tokens_before_truncation: z.number(),
      truncated: z.boolean(),
    }),
  ),
});

/** Every prompt of a tokenizer file: the cleaned text, the ids, their number before truncation. */
export async function checkTokenizer({ json, report }: Context, file: string): Promise<void> {
  const { cases } = tokenizerSchema.parse(await json(file));
  for (const [index, golden] of cases.entries()) {
    const shown = golden.prompt.length > 40 ? `${golden.prompt.slice(0, 40)}…` : golden.prompt;
    const name = `tokenizer.${index} ${JSON.stringify(shown)}`;
    await report.guard(name, () => {
      const tokens = clipTokenizer().tokenize(golden.prompt);
      if (cleanPrompt(golden.prompt) !== golden.cleaned)
        report.verdict(name, `cleaned to ${JSON.stringify(cleanPrompt(golden.prompt))}`);
      else if (
        tokens.countBeforeTruncation !== golden.n_tokens_before_truncation ||
        tokens.truncated !== golden.truncated
      )
        report.verdict(
          name,
          `${tokens.countBeforeTruncation} tokens where the golden has ${golden.n_tokens_before_truncation}`,
        );
      else report.check(name, tokens.ids, golden.ids, EXACT);
    });
  }
}

/** `randn.seedS.nK`, then further draws `randn.seedS.then_nK` from the same stream, in the file's order. */
export const checkRandom: Check = async ({ report, tolerances }, file, stem) => {
  const streams = new Map<string, TorchRandom>();
  for (const tensor of file.tensorNames) {
    await report.guard(`${stem}.${tensor}`, async () => {
      const [, seed, then, count] = /^randn\.seed(-?\d+)\.(then_)?n(\d+)$/u.exec(tensor) ?? [];
      if (seed === undefined || count === undefined) throw new Error("the name tells no seed and count");
      if (then === undefined) streams.set(seed, new TorchRandom(BigInt(seed)));
      const random = streams.get(seed);
      if (!random) throw new Error("no first draw stands before this one");
      const actual = random.randn(Number(count));
      report.check(
        `${stem}.${tensor}`,
        actual,
        (await file.get(tensor)).data,
        tolerances.of(`${stem}.${tensor}`, stem),
      );
    });
  }
};

/** Rows of sinusoids: `timestep_embedding_dimD`, `fps_embedding_sin_dimD`, `w_embedding_dimD`. */
export const checkEmbeddings: Check = async ({ report, tolerances }, file, stem) => {
  const kinds = [
    { prefix: "timestep_embedding", arguments: "timesteps", embed: timestepEmbedding },
    { prefix: "fps_embedding", arguments: "fps", embed: timestepEmbedding },
    { prefix: "w_embedding", arguments: "guidance", embed: guidanceEmbedding },
  ];
  for (const tensor of file.tensorNames) {
    const kind = kinds.find(({ prefix }) => tensor.startsWith(prefix));
    const width = /_dim(\d+)$/u.exec(tensor)?.[1];
    if (!kind || width === undefined) continue;
    const name = `${stem}.${tensor}`;
    await report.guard(name, async () => {
      const rows = [...(await file.get(kind.arguments)).data];
      const actual = rows.flatMap((row) => [...kind.embed(row, Number(width))]);
      // The frame rate goes through the same function as the timestep.
      report.check(name, actual, (await file.get(tensor)).data, tolerances.of(name, `${stem}.timestep`));
    });
  }
};

/** The noise schedule, the timesteps of n steps, every step's coefficients and single steps. */
export const checkScheduler: Check = async ({ report, tolerances, settings }, file, stem) => {
  const schedule = createNoiseSchedule({ linearStart: settings.linear_start, linearEnd: settings.linear_end });
  const scheduler = (steps: string) => new LcmScheduler(Number(steps), schedule);
  const done = new Set<string>();
  for (const tensor of file.tensorNames) {
    const name = `${stem}.${tensor}`;
    await report.guard(name, async () => {
      const [, part, steps = "", index = ""] = /^([a-z_]+)(?:\.(\d+))?(?:\.(\d+|\[.+\]))?/u.exec(tensor) ?? [];
      if (tensor === "betas" || tensor === "alphas_cumprod") {
        const actual = tensor === "betas" ? schedule.betas : schedule.alphasCumprod;
        report.check(name, actual, (await file.get(tensor)).data, tolerances.of(name));
      } else if (part === "timesteps") {
        report.check(name, lcmTimesteps(Number(steps)), (await file.get(tensor)).data, EXACT);
      } else if (part === "coef") {
        const rows = scheduler(steps).timesteps.flatMap((_, step) => {
          const { alphaProd, alphaProdPrevious, cSkip, cOut } = scheduler(steps).coefficients(step);
          return [alphaProd, alphaProdPrevious, cSkip, cOut];
        });
        report.check(name, rows, (await file.get(tensor)).data, tolerances.of(name));
      } else if (part === "step") {
        const step = `step.${steps}.${index}`;
        if (done.has(step)) return;
        done.add(step);
        await checkStep(file, `${stem}.${step}`, step, scheduler(steps), Number(index));
      }
    });
  }

  async function checkStep(golden: GoldenFile, name: string, step: string, lcm: LcmScheduler, index: number) {
    const tensor = async (part: string) => (await golden.get(`${step}.${part}`)).data;
    const [output, sample, noise] = [await tensor("model_output"), await tensor("sample"), await tensor("noise")];
    const result = lcm.step(index, output, sample, noise);
    // Samples cross zero, so their error is told relative to the largest of them.
    const largest = { relative: "largest" } as const;
    for (const [part, actual] of [
      ["prev_sample", result.previousSample],
      ["denoised", result.denoised],
    ] as const)
      report.check(`${name}.${part}`, actual, await tensor(part), tolerances.of(`${name}.${part}`), largest);
  }
};
