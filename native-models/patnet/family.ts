/** Installing a PATNet: one file, a classifier or a Mask R-CNN, PyTorch's or Lightning's. */
import { StudioError } from "../../core/contract/errors.ts";
import type { CheckpointFile, InstallPlan, ModelFamily, PlanOptions } from "../pack/family.ts";
import { manifestOf } from "../pack/manifest.ts";
import { describePatnet } from "./describe.ts";
import { patnetParameters } from "./parameters.ts";
import { looksLikePatnet, recognisePatnet } from "./recognise.ts";
import { probePatnet } from "./probe.ts";

async function plan([file]: readonly CheckpointFile[], { loras }: PlanOptions): Promise<InstallPlan> {
  const { path, source } = file!;
  if (loras.length > 0)
    throw new StudioError("MODEL_WRONG_KIND", "PATNet models take no LoRA: install the checkpoint without one.");
  const recognised = await recognisePatnet(source);
  const { names, config, plume } = recognised;
  return {
    facts: {
      family: "patnet",
      config,
      ...describePatnet(recognised),
      precisions: config.classifier ? ["fp32", "int8"] : ["fp32"],
    },
    name: plume.name,
    specs: patnetParameters(config),
    resolve: (spec) => ({ source, tensor: names.resolve(spec) }),
    files: [path],
  };
}

export const patnetFamily: ModelFamily = {
  id: "patnet",
  owns: looksLikePatnet,
  plan,
  parameters: (manifest) => patnetParameters(manifestOf("patnet", manifest).config),
  probe: (manifest, weights, options) => probePatnet(manifestOf("patnet", manifest), weights, options),
};
