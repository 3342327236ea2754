import { z } from "zod";
import { MAX_FLICKS } from "../../time/index.ts";
import { Draft } from "../draft.ts";
import { endOfPlaced, type Placed } from "../lane.ts";
import { attempt, type Result } from "../result.ts";
import { idSchema, type Timeline } from "../schema.ts";
import { linkedArgument } from "./split.ts";
import { bySchema } from "./by.ts";
import { checkLimits, edgeLimits, type Limits, moveEdge, NO_LIMITS, partners, tighter } from "./trim.ts";

export const slideArguments = z.strictObject({ clip: idSchema, by: bySchema, ...linkedArgument });
type SlideArguments = z.infer<typeof slideArguments>;

/** Moves a clip between its neighbours: the one before ends, and the one after begins, so much later. Gaps give and take freely. */
export function slide(document: Timeline, args: SlideArguments): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    checkLimits(args.by, limitsOf(draft, args));
    for (const id of partners(draft, args.clip, args.linked)) {
      const { before, after } = neighbours(draft, id);
      if (before) moveEdge(draft, before.clip.id, "end", args.by);
      if (after) moveEdge(draft, after.clip.id, "start", args.by);
      draft.replace(id, (item) => ({ ...item, start: item.start + args.by }));
    }
    return draft.finish();
  });
}

export function slideLimits(document: Timeline, args: Omit<SlideArguments, "by">): Result<Limits> {
  return attempt(() => limitsOf(new Draft(document), args));
}

/** The clips that touch this one. */
function neighbours(draft: Draft, id: string): { before: Placed | undefined; after: Placed | undefined } {
  const { track, item, at } = draft.find(id);
  const [before, after] = [draft.placed(track.id)[at - 1], draft.placed(track.id)[at + 1]];
  return {
    before: before && endOfPlaced(before) === item.start ? before : undefined,
    after: after && after.start === endOfPlaced(item) ? after : undefined,
  };
}

function limitsOf(draft: Draft, { clip, linked }: Omit<SlideArguments, "by">): Limits {
  return partners(draft, clip, linked)
    .flatMap((id): Limits[] => {
      const { track, item, at } = draft.find(id);
      const placed = draft.placed(track.id);
      const { before, after } = neighbours(draft, id);
      const room: Limits = {
        ...NO_LIMITS,
        min: before ? -MAX_FLICKS : (at === 0 ? 0 : endOfPlaced(placed[at - 1]!)) - item.start,
        max: after ? MAX_FLICKS : (placed[at + 1]?.start ?? MAX_FLICKS) - endOfPlaced(item),
      };
      return [
        room,
        ...(before ? [edgeLimits(draft, before.clip.id, "end", true)] : []),
        ...(after ? [edgeLimits(draft, after.clip.id, "start", true)] : []),
      ];
    })
    .reduce(tighter);
}
