/** Test help: a bundled starter, installed as the app does it, beside the reference files that its recipe wrote. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { openCheckpoint } from "../../native-models/checkpoint/open-checkpoint.ts";
import type { Weights } from "../../native-models/onnx/session.ts";
import { installCheckpoint, type PackManifest, readPack } from "../../native-models/pack/index.ts";
import type { TensorSource } from "../../native-models/types.ts";

export interface OpenedStarter {
  readonly golden: TensorSource;
  readonly manifest: PackManifest;
  readonly weights: Weights;
  close(): Promise<void>;
}

/**
 * @param checkpoint file or folder of the starter
 * @param golden safetensors file of the reference's tensors
 */
export async function openStarter(checkpoint: string, golden: string): Promise<OpenedStarter> {
  const work = await mkdtemp(join(tmpdir(), "plume-starter-"));
  const tensors = await openCheckpoint(golden);
  await installCheckpoint({ file: checkpoint, destination: join(work, "pack") });
  const { manifest, index, folder, weightsFile } = await readPack(join(work, "pack"));
  return {
    golden: tensors,
    manifest,
    weights: { folder, file: weightsFile, index },
    async close() {
      await tensors.close();
      await rm(work, { recursive: true, force: true });
    },
  };
}

export const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));

export const sha256Of = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** Largest distance of two arrays, which must be of one length. */
export function farthest(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  expect(ours.length).toBe(theirs.length);
  let worst = 0;
  for (let i = 0; i < ours.length; i++) worst = Math.max(worst, Math.abs(ours[i]! - theirs[i]!));
  return worst;
}
