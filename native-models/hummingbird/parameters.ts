import { textGraph } from "../openclip/text-tower.ts";
import type { ParameterSpec } from "../types.ts";
import { vaeDecoderGraph } from "../vae/decoder.ts";
import type { HummingbirdConfig } from "./config.ts";
import { conditionGraph, promptGraph, unetGraph, unit } from "./unet.ts";

/** Every weight that any graph of this model needs, each once. Independent of batch, frames and picture size. */
export function hummingbirdParameters(config: HummingbirdConfig): ParameterSpec[] {
  const smallest = unit(config);
  const graphs = [
    textGraph(config.text, 1),
    promptGraph(config, 1),
    conditionGraph(config, 1),
    unetGraph(config, { batch: 1, frames: 1, height: smallest, width: smallest }),
    vaeDecoderGraph(config.vae, { batch: 1, height: smallest, width: smallest }),
  ];
  return [...new Map(graphs.flatMap((graph) => graph.parameters).map((spec) => [spec.key, spec])).values()];
}
