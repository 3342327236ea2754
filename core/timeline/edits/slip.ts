import { z } from "zod";
import { endOf } from "../../time/index.ts";
import { Draft } from "../draft.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { idSchema, type Timeline } from "../schema.ts";
import { availableRange, mediaRange } from "../source.ts";
import { linkedArgument } from "./split.ts";
import { bySchema } from "./by.ts";
import { checkLimits, type Limits, partners, tighter } from "./trim.ts";

export const slipArguments = z.strictObject({
  clip: idSchema,
  /** In the media's time; positive shows what comes later. */
  by: bySchema,
  ...linkedArgument,
});
type SlipArguments = z.infer<typeof slipArguments>;

/** Shows another stretch of the media in the same place and length. */
export function slip(document: Timeline, args: SlipArguments): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    checkLimits(args.by, limitsOf(draft, args));
    for (const id of withMedia(draft, args))
      draft.replaceClip(id, (clip) => ({
        ...clip,
        sourceRange: { ...clip.sourceRange, start: clip.sourceRange.start + args.by },
      }));
    return draft.finish();
  });
}

export function slipLimits(document: Timeline, args: Omit<SlipArguments, "by">): Result<Limits> {
  return attempt(() => limitsOf(new Draft(document), args));
}

/** Stills and texts have nothing to slip; they stay as they are beside a clip that has. */
function withMedia(draft: Draft, { clip, linked }: Omit<SlipArguments, "by">): string[] {
  const ids = partners(draft, clip, linked).filter(
    (id) => availableRange(draft.document, draft.find(id).item.clip) !== null,
  );
  if (!ids.includes(clip))
    throw new Refusal("OUT_OF_MEDIA", "This clip has no other moments to show: only video and sound can be slipped.");
  return ids;
}

function limitsOf(draft: Draft, args: Omit<SlipArguments, "by">): Limits {
  return withMedia(draft, args)
    .map((id): Limits => {
      const { clip } = draft.find(id).item;
      const [available, range] = [availableRange(draft.document, clip)!, mediaRange(clip)];
      return {
        min: Math.min(0, available.start - range.start),
        max: Math.max(0, endOf(available) - endOf(range)),
        minReason: "media",
        maxReason: "media",
      };
    })
    .reduce(tighter);
}
