import { z } from "zod";
import { endOf, rangeBetween, unionOf } from "../../time/index.ts";
import { withCompanions } from "../companions.ts";
import { Draft } from "../draft.ts";
import { endOfPlaced, rangeOfPlaced } from "../lane.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { closeRoom } from "../ripple.ts";
import { idSchema, type Timeline } from "../schema.ts";
import { placeSchema } from "./place.ts";

export const removeArguments = z.strictObject({
  clips: z.array(idSchema).min(1),
  /** False: these clips alone, without those linked or grouped with them. */
  companions: z.boolean().optional(),
});
export const rippleDeleteArguments = removeArguments;
type RemoveArguments = z.infer<typeof removeArguments>;

const meant = (document: Timeline, args: RemoveArguments): string[] =>
  args.companions === false ? [...new Set(args.clips)] : withCompanions(document, args.clips);

/** Takes clips away and leaves gaps. */
export function remove(document: Timeline, args: RemoveArguments): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    for (const id of meant(document, args)) draft.remove(id);
    return draft.finish();
  });
}

/** Takes clips away and closes the gaps that they leave: what follows moves up by exactly what was taken. */
export function rippleDelete(document: Timeline, args: RemoveArguments): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const chosen = args.clips.map((id) => draft.find(id));
    for (const id of meant(document, args)) draft.remove(id);
    // From the last to the first, so that the places of those before stay true.
    for (const range of unionOf(chosen.map(({ item }) => rangeOfPlaced(item))).reverse()) {
      const there = chosen.filter(({ item }) => item.start < endOf(range) && endOfPlaced(item) > range.start);
      const primary = new Set(there.map(({ track }) => track.id));
      // A track on which something else lies in this stretch cannot close all of it: that is for two steps.
      for (const id of primary)
        if (draft.placed(id).some((item) => item.start < endOf(range) && endOfPlaced(item) > range.start))
          throw new Refusal(
            "NO_ROOM",
            "The clips of different tracks overlap only in part: delete them one after the other, or without closing the gap.",
          );
      closeRoom(draft, range, primary);
    }
    return draft.finish();
  });
}

export const closeGapArguments = z.strictObject({ track: idSchema, at: placeSchema });

/** Closes the gap at a time on a track. Errors: NOT_FOUND where there is none with a clip behind it. */
export function closeGap(document: Timeline, args: z.infer<typeof closeGapArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const placed = draft.placed(args.track);
    const next = placed.find((item) => endOfPlaced(item) > args.at);
    const before = placed.findLast((item) => endOfPlaced(item) <= args.at);
    if (next === undefined || next.start <= args.at)
      throw new Refusal("NOT_FOUND", "There is no gap to close here: choose one between two clips.");
    closeRoom(draft, rangeBetween(before ? endOfPlaced(before) : 0, next.start), new Set([args.track]));
    return draft.finish();
  });
}
