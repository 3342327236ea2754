import { z } from "zod";
import type { Flicks } from "../../time/index.ts";
import { definedOf } from "../defined.ts";
import { Draft, missing } from "../draft.ts";
import { laneOf, type Placed, transitionLimits } from "../lane.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { idSchema, type Timeline, type Track, type Transition, transitionSchema } from "../schema.ts";
import { placeSchema } from "./place.ts";

const look = transitionSchema.unwrap().pick({ type: true, direction: true, colour: true, softness: true });

export const addTransitionArguments = z.strictObject({
  clip: idSchema,
  edge: z.enum(["start", "end"]),
  type: look.shape.type,
  duration: placeSchema.min(1),
  /** Where the cut lies in it: in its middle, at its start or at its end. At a gap there is only one way. */
  alignment: z.enum(["centre", "start", "end"]).optional(),
  direction: look.shape.direction.optional(),
  colour: look.shape.colour.optional(),
  softness: look.shape.softness.optional(),
});

/**
 * Puts a transition at an edge of a clip; where another clip meets it there, between the two. As long as asked for, or as the spare
 * media on both sides allows; one that is there already is exchanged.
 */
export function addTransition(document: Timeline, args: z.infer<typeof addTransitionArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const { track, at } = draft.find(args.clip);
    const placed = draft.placed(track.id);
    const [left, right] = args.edge === "end" ? [placed[at], placed[at + 1]] : [placed[at - 1], placed[at]];
    const meets =
      left !== undefined && right !== undefined && left.start + left.clip.sourceRange.duration === right.start;
    const from = args.edge === "end" || meets ? left : undefined;
    const to = args.edge === "start" || meets ? right : undefined;
    const limits = transitionLimits(document, from?.clip ?? null, to?.clip ?? null, from ? takenOf(placed, from) : 0);
    const offsets = fit(args.duration, meets ? (args.alignment ?? "centre") : from ? "end" : "start", {
      inOffset: limits.inOffset,
      outOffset: Math.min(limits.outOffset, to ? to.clip.sourceRange.duration - (to.tail?.inOffset ?? 0) : 0),
    });
    if (offsets.inOffset + offsets.outOffset === 0)
      throw new Refusal(
        "OUT_OF_MEDIA",
        "These clips have no spare media at the cut: trim some frames off where they meet, then add the transition.",
      );
    const { type, direction = "left", colour = "#000000", softness = 0 } = args;
    const transition: Transition = {
      kind: "transition",
      id: draft.newId("x"),
      type,
      direction,
      colour,
      softness,
      ...offsets,
    };
    if (from) draft.replace(from.clip.id, (item) => ({ ...item, tail: transition, tailTo: to?.clip.id ?? null }));
    else if (to) draft.replace(to.clip.id, (item) => ({ ...item, head: transition }));
    return draft.finish();
  });
}

/** What the transition into a clip takes of it. */
function takenOf(placed: readonly Placed[], item: Placed): Flicks {
  const before = placed[placed.indexOf(item) - 1];
  return before?.tailTo === item.clip.id ? (before.tail?.outOffset ?? 0) : (item.head?.outOffset ?? 0);
}

/** Splits a duration at the cut; what one side cannot give the other does. */
function fit(
  duration: Flicks,
  alignment: "centre" | "start" | "end",
  limits: { readonly inOffset: Flicks; readonly outOffset: Flicks },
): { inOffset: Flicks; outOffset: Flicks } {
  const before = alignment === "centre" ? Math.floor(duration / 2) : alignment === "end" ? duration : 0;
  const inOffset = Math.min(before, limits.inOffset);
  const outOffset = Math.min(duration - inOffset, limits.outOffset);
  return { inOffset: Math.min(duration - outOffset, limits.inOffset), outOffset };
}

export const setTransitionArguments = z.strictObject({
  transition: idSchema,
  ...look.partial().shape,
  inOffset: placeSchema.optional(),
  outOffset: placeSchema.optional(),
});

/** Changes how a transition looks and how long it lasts; shortened where clips or media do not allow so much. */
export function setTransition(
  document: Timeline,
  { transition: id, ...changes }: z.infer<typeof setTransitionArguments>,
): Result<Timeline> {
  return changeTransition(document, id, (old) => ({ ...old, ...definedOf(changes) }));
}

export const removeTransitionArguments = z.strictObject({ transition: idSchema });

export const removeTransition = (
  document: Timeline,
  { transition }: z.infer<typeof removeTransitionArguments>,
): Result<Timeline> => changeTransition(document, transition, () => null);

function changeTransition(
  document: Timeline,
  id: string,
  change: (old: Transition) => Transition | null,
): Result<Timeline> {
  return attempt(() => {
    const track = document.tracks.find(({ children }) =>
      children.some((child) => child.kind === "transition" && child.id === id),
    );
    if (track === undefined) return missing("transition");
    const draft = new Draft(document);
    const item = laneOf(track).placed.find(({ head, tail }) => head?.id === id || tail?.id === id)!;
    draft.replace(item.clip.id, (old) =>
      old.head?.id === id
        ? { ...old, head: change(old.head) }
        : withTail(old, old.tail === null ? null : change(old.tail)),
    );
    const next = draft.finish();
    checkSides(track, next, id, change);
    return next;
  });
}

const withTail = (item: Placed, tail: Transition | null): Placed =>
  tail === null ? { ...item, tail, tailTo: null } : { ...item, tail };

/** A change that makes a transition vanish was meant as a removal only when it said so. */
function checkSides(track: Track, next: Timeline, id: string, change: (old: Transition) => Transition | null): void {
  const old = track.children.find((child): child is Transition => child.kind === "transition" && child.id === id)!;
  if (change(old) === null) return;
  const there = next.tracks.some(({ children }) =>
    children.some((child) => child.kind === "transition" && child.id === id),
  );
  if (!there) throw new Refusal("NO_ROOM", "A transition must last a moment: delete it instead.");
}
