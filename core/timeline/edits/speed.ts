import { z } from "zod";
import { frameDuration, MAX_FLICKS } from "../../time/index.ts";
import { stretchKeyframes } from "../animation.ts";
import { Draft } from "../draft.ts";
import { endOfPlaced, type Placed } from "../lane.ts";
import { parameterInfo } from "../parameters.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { closeRoom, makeRoom } from "../ripple.ts";
import { idSchema, type Timeline } from "../schema.ts";
import { mapParameters, playedUntil } from "../source.ts";
import { wholeFrames } from "./make-clip.ts";
import { withParameter } from "./parameter.ts";
import { linkedArgument } from "./split.ts";
import { partners } from "./trim.ts";

export const setSpeedArguments = z.strictObject({
  clip: idSchema,
  /** 2 is twice as fast. */
  speed: z.number().min(0.01, "The speed must be at least 1 %.").max(parameterInfo.speed.max),
  /** True: what follows moves along with the clip's end. False: a longer clip ends at its neighbour. */
  ripple: z.boolean().optional(),
  ...linkedArgument,
});

/** Plays the same stretch of media faster or slower: the clip's length changes. Ends a moving speed. */
export function setSpeed(document: Timeline, args: z.infer<typeof setSpeedArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const ids = partners(draft, args.clip, args.linked);
    const found = ids.map((id) => draft.find(id));
    checkAligned(found.map(({ item }) => item));
    const item = found[0]!.item;
    const old = item.clip.sourceRange.duration;
    const wanted = lengthAt(document, item, args.speed);
    const primary = new Set(found.map(({ track }) => track.id));
    if (args.ripple === true && wanted > old) makeRoom(draft, endOfPlaced(item), wanted - old, primary);
    const room = Math.min(...found.map(({ track, item: each }) => roomFor(draft.placed(track.id), each)));
    const duration = Math.min(wanted, room);
    for (const id of ids)
      draft.replaceClip(id, (clip) => {
        const stretched = {
          ...clip,
          parameters: mapParameters(clip, (parameter) => stretchKeyframes(parameter, wanted / old)),
          sourceRange: { ...clip.sourceRange, duration },
          markers: clip.markers.map((marker) => ({
            ...marker,
            markedRange: {
              start: Math.round((marker.markedRange.start * wanted) / old),
              duration: Math.round((marker.markedRange.duration * wanted) / old),
            },
          })),
        };
        return withParameter(stretched, "speed", args.speed);
      });
    // A clip that was played backwards and is cut short keeps its top, where it begins.
    for (const id of ids)
      draft.replaceClip(id, (clip) => {
        if (!clip.reversed) return clip;
        const top = found.find((each) => each.item.clip.id === id)!.item.clip;
        const end = top.sourceRange.start + playedUntil(top, top.sourceRange.duration);
        const start = Math.floor(end - playedUntil(clip, clip.sourceRange.duration));
        return { ...clip, sourceRange: { ...clip.sourceRange, start } };
      });
    if (args.ripple === true && wanted < old)
      closeRoom(draft, { start: item.start + wanted, duration: old - wanted }, primary);
    return draft.finish();
  });
}

export const reverseArguments = z.strictObject({ clip: idSchema, ...linkedArgument });

/** Plays the same stretch of media the other way round. */
export function reverse(document: Timeline, args: z.infer<typeof reverseArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const ids = partners(draft, args.clip, args.linked);
    checkAligned(ids.map((id) => draft.find(id).item));
    for (const id of ids) draft.replaceClip(id, (clip) => ({ ...clip, reversed: !clip.reversed }));
    return draft.finish();
  });
}

/** Time can be bent for linked clips only as one piece: where they do not begin and end together, they would come apart. */
function checkAligned(items: readonly Placed[]): void {
  const [first, ...others] = items as [Placed, ...Placed[]];
  const same = others.every(
    ({ clip, start }) =>
      start === first.start &&
      clip.sourceRange.duration === first.clip.sourceRange.duration &&
      Math.round(playedUntil(clip, clip.sourceRange.duration)) ===
        Math.round(playedUntil(first.clip, first.clip.sourceRange.duration)),
  );
  if (!same)
    throw new Refusal(
      "OUT_OF_SYNC",
      "The linked clips do not begin and end together: trim them to one length, or unlink them.",
    );
}

/** Whole frames where the clip is cut on frames. */
function lengthAt(document: Timeline, { clip }: Placed, speed: number): number {
  const exact = Math.floor(playedUntil(clip, clip.sourceRange.duration) / speed);
  const onFrames = clip.sourceRange.duration % frameDuration(document.settings.rate) === 0;
  const length = onFrames ? wholeFrames(exact, document.settings) : exact;
  if (length < 1 || length > MAX_FLICKS)
    throw new Refusal("BAD_ARGUMENT", "At this speed nothing of the clip would be left.");
  return length;
}

function roomFor(placed: readonly Placed[], item: Placed): number {
  const next = placed.find((other) => other.start >= endOfPlaced(item) && other.clip.id !== item.clip.id);
  return next === undefined ? MAX_FLICKS : next.start - item.start;
}
