import type { PictureObject, VisionPipeline } from "../../native-models/types.ts";
import type { SightHead, TaskCommand } from "./protocol.ts";
import { readPicture } from "./work-files.ts";

export type LookCommand = Extract<TaskCommand, { type: "look" }>;

/** Looks at one picture after another, so that memory holds one and a stop is heeded after each. */
export async function look(
  pipeline: VisionPipeline,
  { pictures, count, tags, objects }: LookCommand,
  signal: AbortSignal,
  seen: (index: number, sight: SightHead, masks: Uint8Array) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    signal.throwIfAborted();
    const picture = await readPicture(pictures, index);
    const named = tags ? ((await pipeline.tags([picture]))[0] ?? []) : [];
    const found = objects ? await pipeline.objects(picture) : [];
    const head = {
      tags: named.map(({ label, score }) => ({ label, score: share(score) })),
      objects: found.map(({ label, score, box, mask: { left, top, width, height } }) => ({
        label,
        score: share(score),
        box: [...box] as [number, number, number, number],
        mask: { left, top, width, height },
      })),
    };
    await seen(index, head, together(found));
  }
}

/** Rounding may carry a probability past 1. */
const share = (score: number): number => Math.min(1, Math.max(0, score));

function together(objects: readonly PictureObject[]): Uint8Array {
  const masks = new Uint8Array(objects.reduce((sum, { mask }) => sum + mask.data.length, 0));
  let at = 0;
  for (const { mask } of objects) {
    masks.set(mask.data, at);
    at += mask.data.length;
  }
  return masks;
}
