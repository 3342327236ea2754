import { z } from "zod";
import { withLinked } from "../companions.ts";
import { Draft } from "../draft.ts";
import { endOfPlaced } from "../lane.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { idSchema, type Timeline } from "../schema.ts";
import { linkedArgument } from "./split.ts";
import { bySchema } from "./by.ts";
import { checkLimits, edgeLimits, type Limits, moveEdge, tighter } from "./trim.ts";

export const rollArguments = z.strictObject({ left: idSchema, right: idSchema, by: bySchema, ...linkedArgument });
type RollArguments = z.infer<typeof rollArguments>;

/** Moves the cut between two clips that meet: one gains what the other loses, and nothing else moves. */
export function roll(document: Timeline, args: RollArguments): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const cuts = cutsOf(draft, args);
    checkLimits(args.by, limitsOf(draft, cuts));
    for (const { left, right } of cuts) {
      moveEdge(draft, left, "end", args.by);
      moveEdge(draft, right, "start", args.by);
    }
    return draft.finish();
  });
}

export function rollLimits(document: Timeline, args: Omit<RollArguments, "by">): Result<Limits> {
  return attempt(() => {
    const draft = new Draft(document);
    return limitsOf(draft, cutsOf(draft, args));
  });
}

interface Cut {
  readonly left: string;
  readonly right: string;
}

/** This cut, and those of linked clips that meet at the same time. */
function cutsOf(draft: Draft, { left, right, linked }: Omit<RollArguments, "by">): Cut[] {
  const [a, b] = [draft.find(left), draft.find(right)];
  if (a.track !== b.track || endOfPlaced(a.item) !== b.item.start)
    throw new Refusal("BAD_ARGUMENT", "There is no cut between these clips: roll works where two clips meet.");
  if (linked === false) return [{ left, right }];
  const rights = new Set(withLinked(draft.document, [right]));
  return withLinked(draft.document, [left]).flatMap((id) => {
    const { track, item, at } = draft.find(id);
    const next = draft.placed(track.id)[at + 1];
    const meets = next !== undefined && rights.has(next.clip.id) && next.start === endOfPlaced(item);
    return meets && next.start === b.item.start ? [{ left: id, right: next.clip.id }] : [];
  });
}

const limitsOf = (draft: Draft, cuts: readonly Cut[]): Limits =>
  cuts
    .flatMap(({ left, right }) => [edgeLimits(draft, left, "end", true), edgeLimits(draft, right, "start", true)])
    .reduce(tighter);
