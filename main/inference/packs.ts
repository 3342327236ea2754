import type { ModelSummary } from "../../core/contract/index.ts";

/** What a pack's manifest says, without opening the model. */
export interface PackFacts {
  readonly summary: ModelSummary;
  /** sha256 of the converted weights, hex. */
  readonly weightsSha256: string;
  /** sha256 of the checkpoint it was made from, hex. */
  readonly sourceSha256: string;
}

/** Reads a pack's manifest. Errors: MODEL_DAMAGED. */
export async function readPackFacts(folder: string): Promise<PackFacts> {
  throw new Error(`not wired: ${folder}`);
}
