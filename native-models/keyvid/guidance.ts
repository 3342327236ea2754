/**
 * Guidance by text, picture and sound (KEYVID.md, 5): four predictions of one sample, each conditioned on one thing more than the one
 * before. Source: T. Brooks et al., "InstructPix2Pix" (2023), section 3.2.1, extended to a third condition.
 */
import { rescaleGuidance } from "../diffusion/ddim.ts";

/**
 * What a prediction is conditioned on: nothing (empty prompt, grey picture, zero sound), the picture, picture and text, all three. The
 * picture's latents beside the sample are present in every one.
 */
export const branches = ["none", "image", "imageText", "full"] as const;
export type Branch = (typeof branches)[number];

export interface GuidanceScales {
  readonly text: number;
  readonly image: number;
  readonly audio: number;
}

/**
 * v = none + i (image - none) + t (imageText - image) + a (full - imageText) as a weighted sum. Where two scales are equal a branch has
 * the weight 0 and need not be computed.
 */
export function branchWeights({ text, image, audio }: GuidanceScales): Readonly<Record<Branch, number>> {
  return { none: 1 - image, image: image - text, imageText: text - audio, full: audio };
}

/** Branches that guidance with these scales needs; always `full`, which rescaling looks at. */
export function neededBranches(scales: GuidanceScales): Branch[] {
  const weights = branchWeights(scales);
  return branches.filter((branch) => branch === "full" || weights[branch] !== 0);
}

/** A prediction for each branch that was computed. */
export type Predictions = Readonly<Partial<Record<Branch, Float32Array>>> & { readonly full: Float32Array };

/**
 * The guided prediction, its deviation pulled towards the fully conditional one's.
 * @param predictions at least those of `neededBranches(scales)`, of one length
 * @param rescale φ of guidance rescale, 0.7 in the reference
 */
export function guide(predictions: Predictions, scales: GuidanceScales, rescale: number): Float32Array {
  const weights = branchWeights(scales);
  const guided = new Float32Array(predictions.full.length);
  for (const branch of branches) {
    const weight = weights[branch];
    if (weight === 0) continue;
    const prediction = predictions[branch];
    if (!prediction) throw new Error(`Guidance needs the branch ${branch}.`);
    for (let i = 0; i < guided.length; i++) guided[i]! += weight * prediction[i]!;
  }
  return rescaleGuidance(guided, predictions.full, rescale);
}
