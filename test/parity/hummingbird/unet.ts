/** Single calls of the U-Net: whole forwards, and the trace of what is inside one. */
import { guidanceEmbedding, timestepEmbedding } from "../../../native-models/diffusion/embedding.ts";
import { conditionGraph, promptGraph, unetGraph } from "../../../native-models/hummingbird/unet.ts";
import type { Weights } from "../../../native-models/onnx/session.ts";
import type { GoldenFile } from "../golden-folder.ts";
import type { Check, Context } from "./context.ts";
import type { GoldenModel } from "./model.ts";
import { crop, shapeOf, TraceOutputs, traceName } from "./tensors.ts";

export interface UnetInputs {
  /** [B, 4, T, h, w] */
  readonly latent: Float32Array;
  readonly shape: readonly [number, number, number, number, number];
  /** [B] */
  readonly timesteps: Float32Array;
  /** [B, tokens, contextDim] */
  readonly context: Float32Array;
  readonly fps: number;
  /** [B, timeCondProjDim], or null to run without guidance */
  readonly wEmbedding: Float32Array | null;
}

/** Reads `latent`, `timesteps`, `context`, `fps` and `w_embedding` below a prefix of a golden file. */
export async function readUnetInputs(file: GoldenFile, prefix: string): Promise<UnetInputs> {
  const get = (name: string) => file.get(`${prefix}${name}`);
  const latent = await get("latent");
  return {
    latent: latent.data,
    shape: shapeOf<UnetInputs["shape"]>(latent, 5, `${prefix}latent`),
    timesteps: (await get("timesteps")).data,
    context: (await get("context")).data,
    fps: (await get("fps")).data[0]!,
    wEmbedding: (await file.optional(`${prefix}w_embedding`))?.data ?? null,
  };
}

/**
 * One call as the product makes it: prompt, condition, U-Net.
 * @returns `out`, `fps_emb`, `w_emb` and the traced tensors
 */
export async function runUnet(
  model: GoldenModel,
  inputs: UnetInputs,
  trace = new TraceOutputs([]),
  weights?: Weights,
): Promise<Record<string, Float32Array>> {
  const { config } = model;
  const [batch, , frames, height, width] = inputs.shape;
  const base = config.modelChannels;
  const keys = await model.run(promptGraph(config, batch), { context: inputs.context }, weights);
  const condition = await model.run(
    conditionGraph(config, batch),
    {
      fps_sinusoid: timestepEmbedding(inputs.fps, base),
      w_embedding: inputs.wEmbedding ?? new Float32Array(batch * config.timeCondProjDim),
    },
    weights,
  );
  const time = new Float32Array(batch * base);
  for (let i = 0; i < batch; i++) time.set(timestepEmbedding(inputs.timesteps[i]!, base), i * base);
  if (inputs.wEmbedding) for (let i = 0; i < time.length; i++) time[i]! += condition.w_emb![i]!;
  const graph = unetGraph(config, { batch, frames, height, width }, (path, tensor) => trace.see(path, tensor));
  trace.addTo(graph);
  const feeds = { ...keys, latent: inputs.latent, time_sinusoid: time, fps_emb: condition.fps_emb! };
  return { ...(await model.run(graph, feeds, weights)), ...condition };
}

/** `<case>.out` for every case of the file; `other_variant` runs on the other U-Net. */
export const checkForwards: Check = async (context, file, stem) => {
  const { report, tolerances } = context;
  for (const tensor of file.tensorNames) {
    const item = /^(.+)\.out$/u.exec(tensor)?.[1];
    if (item === undefined) continue;
    await report.guard(`${stem}.${item}.out`, async () => {
      const model = item.startsWith("other_variant") ? await context.otherModel() : await context.model();
      const inputs = await readUnetInputs(file, `${item}.`);
      const { out } = await runUnet(model, inputs);
      report.check(`${stem}.${item}.out`, out!, (await file.get(tensor)).data, tolerances.of(`${stem}.${item}.out`));
      await checkGuidance(context, file, stem, item, inputs);
    });
  }
};

/** The case's guidance scale gives the embedding that the U-Net was fed. */
async function checkGuidance(
  { report, tolerances }: Context,
  file: GoldenFile,
  stem: string,
  item: string,
  { wEmbedding }: UnetInputs,
): Promise<void> {
  const guidance = await file.optional(`${item}.guidance`);
  if (!guidance || !wEmbedding) return;
  const [rows] = (await file.get(`${item}.w_embedding`)).shape as [number];
  const width = wEmbedding.length / rows;
  // One scale may stand for the whole batch.
  const actual = Array.from({ length: rows }, (_, row) => [
    ...guidanceEmbedding(guidance.data[row] ?? guidance.data[0]!, width),
  ]).flat();
  const name = `${stem}.${item}.w_embedding`;
  report.check(name, actual, wEmbedding, tolerances.of(name, "embeddings.w_embedding"));
}

const inputNames: ReadonlySet<string> = new Set(["latent", "timesteps", "context", "fps", "w_embedding"]);
/** Results of the graph that runs before the U-Net's, by the reference's names. */
const conditionNames: Readonly<Record<string, string>> = { time_cond_proj_out: "w_emb", fps_embedding_out: "fps_emb" };

/** Every inner tensor that the trace holds, cropped as the reference cropped it. */
export const checkBlocks: Check = async ({ report, tolerances, model }, file, stem) => {
  await report.guard(stem, async () => {
    const inputs = await readUnetInputs(file, "");
    const paths = file.tensorNames.filter((name) => !inputNames.has(name));
    const trace = new TraceOutputs(paths);
    const outputs = await runUnet(await model(), inputs, trace);
    for (const path of paths) {
      await report.guard(`${stem}.${path}`, async () => {
        const golden = await file.get(path);
        const actual = outputs[conditionNames[path] ?? (path === "out" ? path : traceName(path))];
        if (!actual) throw new Error("the U-Net has no such part, or it is not traced");
        const full = trace.shapes.get(path);
        const cropped = full ? crop(actual, full, golden.shape) : actual;
        report.check(`${stem}.${path}`, cropped, golden.data, tolerances.of(`${stem}.${path}`));
      });
    }
  });
};
