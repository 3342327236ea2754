/** Keyframe selection: peaks and valleys, the chosen indices out of a seed, and the draws that lead to them. */
import { z } from "zod";
import {
  motionExtremes,
  referenceRandom,
  selectAsReference,
  type SelectionRandom,
} from "../../../core/motion/index.ts";
import { EXACT } from "../tolerance.ts";
import { type Context, stemOf } from "./context.ts";
import type { GoldenEntry } from "./manifest.ts";

const drawSchema = z.discriminatedUnion("call", [
  z.object({ call: z.literal("np.random.choice"), pool: z.array(z.number()), result: z.array(z.number()) }),
  z.object({ call: z.literal("random.random"), result: z.number() }),
]);
export type RecordedDraw = z.infer<typeof drawSchema>;
export const drawsSchema = z.array(drawSchema);

const selectionSchema = z.object({
  curves: z.record(
    z.string(),
    z.object({
      peaks: z.array(z.number()),
      valleys: z.array(z.number()),
      keypoint: z.array(z.number()),
      runs: z.array(
        z.object({
          seed: z.number(),
          indices: z.array(z.number()),
          frame_stride: z.array(z.number()),
          draws: drawsSchema,
        }),
      ),
    }),
  ),
});

/** The reference's generators of a seed, noting down every draw. */
export function recordingRandom(seed: number): SelectionRandom & { readonly draws: RecordedDraw[] } {
  const random = referenceRandom(seed);
  const draws: RecordedDraw[] = [];
  const noted = (pool: readonly number[], result: number[]) => {
    draws.push({ call: "np.random.choice", pool: [...pool], result });
    return result;
  };
  return {
    draws,
    without: (pool, count) => noted(pool, random.without(pool, count)),
    one: (pool) => noted(pool, [random.one(pool)])[0]!,
    uniform() {
      const result = random.uniform();
      draws.push({ call: "random.random", result });
      return result;
    },
  };
}

/** What is drawn, as a list of numbers that differs whenever a draw does. */
export const flatDraws = (draws: readonly RecordedDraw[]): number[] =>
  draws.flatMap((draw) => (draw.call === "random.random" ? [-1, draw.result] : [-2, ...draw.pool, -3, ...draw.result]));

/** @param entry `keyframes/selection.json`; the curves lie beside it */
export async function checkSelection(context: Context, entry: GoldenEntry): Promise<void> {
  const { report } = context;
  const stem = stemOf(entry.file);
  const { curves } = selectionSchema.parse(await context.json(entry.file));
  for (const [name, golden] of Object.entries(curves)) {
    await report.guard(`${stem}.${name}`, async () => {
      const scores = await context.tensor(entry.file.replace(/[^/]*$/u, "curves.safetensors"), name);
      const extremes = motionExtremes(scores.data);
      report.check(`${stem}.${name}.keypoint`, codes(extremes, scores.data.length), golden.keypoint, EXACT);
      for (const { seed, indices, frame_stride, draws } of golden.runs) {
        const random = recordingRandom(seed);
        const chosen = selectAsReference(extremes, random);
        report.check(`${stem}.${name}.seed${seed}`, chosen, indices, EXACT);
        // A run without draws has nothing to compare but that there were none.
        const drawn = [random.draws.length, ...flatDraws(random.draws)];
        report.check(`${stem}.${name}.seed${seed}.draws`, drawn, [draws.length, ...flatDraws(draws)], EXACT);
        const strides = chosen.map((frame, i) => (i === 0 ? 4 : frame - chosen[i - 1]!));
        report.check(`${stem}.${name}.seed${seed}.frame_stride`, strides, frame_stride, EXACT);
      }
    });
  }
}

/** 1 at peaks, -1 at valleys, 0 elsewhere. */
function codes({ peaks, valleys }: ReturnType<typeof motionExtremes>, length: number): number[] {
  const result = Array.from({ length }, () => 0);
  for (const peak of peaks) result[peak] = 1;
  for (const valley of valleys) result[valley] = -1;
  return result;
}
