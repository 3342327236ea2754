/** Single calls of the two U-Nets, with the tensors between their blocks. */
import { timestepEmbedding } from "../../../native-models/diffusion/embedding.ts";
import type { KeyvidUnetConfig } from "../../../native-models/keyvid/config.ts";
import type { Stage } from "../../../native-models/keyvid/stage-networks.ts";
import { conditionParts, keysGraph, placeGraph, unetGraph } from "../../../native-models/keyvid/unet.ts";
import type { GoldenFile } from "../golden-folder.ts";
import { TraceOutputs, traceName } from "../hummingbird/tensors.ts";
import { type Check, stemOf, wanted } from "./context.ts";
import { toleranceOf } from "./manifest.ts";
import type { GoldenModel } from "./model.ts";

const TEXT_TOKENS = 77;
const PROBE = "probe.";
/** The frame that the reference kept of every inner tensor, of the first clip. */
const PROBED_FRAME = 5;

type Clip = [number, number, number, number, number];

/** Inputs of one clip of a golden call. */
interface Inputs {
  readonly latent: Float32Array;
  readonly concat: Float32Array;
  readonly t: number;
  readonly fps: number;
  readonly places: readonly number[];
  readonly text: Float32Array;
  readonly image: Float32Array;
  readonly audio: Float32Array;
}

/** The inputs of every clip of the golden's batch. The context is the text's 77 tokens and then the picture's, frame by frame. */
async function readInputs(file: GoldenFile, unet: KeyvidUnetConfig): Promise<{ shape: Clip; clips: Inputs[] }> {
  const { shape, data: x } = await wanted<Clip>(file, "x", 5);
  const [batch] = shape;
  const part = (data: Float32Array, clip: number) => {
    const size = data.length / batch;
    return data.subarray(clip * size, (clip + 1) * size);
  };
  const read = async (name: string) => (await file.get(name)).data;
  const [concat, context, audio] = [await read("c_concat"), await read("context"), await read("c_audio")];
  const [timesteps, fps] = [await read("timesteps"), await read("fs")];
  const places = (await file.optional("frame_idx"))?.data ?? new Float32Array();
  const text = TEXT_TOKENS * unet.contextDim;
  const clips = Array.from({ length: batch }, (_, clip) => ({
    latent: part(x, clip),
    concat: part(concat, clip),
    t: timesteps[clip]!,
    fps: fps[clip]!,
    places: [...part(places, clip)],
    text: part(context, clip).subarray(0, text),
    image: part(context, clip).subarray(text),
    audio: part(audio, clip),
  }));
  return { shape, clips };
}

/** One call as the product makes it: keys of each part, embedding of the places, U-Net. */
async function runUnet(
  model: GoldenModel,
  stage: Stage,
  [, , frames, height, width]: Clip,
  inputs: Inputs,
  trace: TraceOutputs,
): Promise<Record<string, Float32Array>> {
  const unet = model.config[stage];
  const base = unet.modelChannels;
  const feeds: Record<string, Float32Array> = {
    latent: inputs.latent,
    concat: inputs.concat,
    time_sinusoid: timestepEmbedding(inputs.t, base),
  };
  for (const part of conditionParts)
    Object.assign(feeds, await model.run(stage, keysGraph(unet, part, frames), { tokens: inputs[part] }));
  const place: Record<string, Float32Array> = { fps_sinusoid: timestepEmbedding(inputs.fps, base) };
  if (unet.frameIndex) {
    const rows = inputs.places.flatMap((index) => [...timestepEmbedding(index, base)]);
    place.index_sinusoid = Float32Array.from(rows);
  }
  Object.assign(feeds, await model.run(stage, placeGraph(unet, frames), place));
  const graph = unetGraph(unet, { frames, height, width }, {}, (path, tensor) => trace.see(path, tensor));
  trace.addTo(graph);
  return model.run(stage, graph, feeds);
}

/** `x` and the rest → `output`, and `probe.<block>`: one frame of the first clip after that block. */
export const checkUnet =
  (stage: Stage): Check =>
  async (context, file, entry) => {
    const stem = stemOf(entry.file);
    const model = await context.model();
    const { shape, clips } = await readInputs(file, model.config[stage]);
    const probes = file.tensorNames.filter((name) => name.startsWith(PROBE));
    const outputs: Float32Array[] = [];
    for (const [index, inputs] of clips.entries()) {
      const trace = new TraceOutputs(index === 0 ? probes.map((name) => name.slice(PROBE.length)) : []);
      const results = await runUnet(model, stage, shape, inputs, trace);
      outputs.push(results.out!);
      if (index > 0) continue;
      for (const name of probes) {
        const whole = results[traceName(name.slice(PROBE.length))];
        // A block that is not there leaves its probe unused, which fails.
        if (!whole) continue;
        const golden = (await file.get(name)).data;
        const one = whole.subarray(PROBED_FRAME * golden.length, (PROBED_FRAME + 1) * golden.length);
        context.report.check(`${stem}.${name}`, one, golden, toleranceOf(entry));
      }
    }
    const all = outputs.flatMap((output) => [...output]);
    context.report.check(`${stem}.output`, all, (await file.get("output")).data, toleranceOf(entry));
  };
