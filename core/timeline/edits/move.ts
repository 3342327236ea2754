import { z } from "zod";
import { withCompanions } from "../companions.ts";
import { Draft } from "../draft.ts";
import { type Placed, rangeOfPlaced } from "../lane.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { idSchema, type Timeline } from "../schema.ts";
import { checkTrack } from "./make-clip.ts";
import { withNewTracks } from "./new-track.ts";
import { bySchema } from "./by.ts";

export const moveArguments = z.strictObject({
  clips: z.array(idSchema).min(1),
  by: bySchema,
  /** Where clips change tracks: clip id → track id, or a name of `NEW_TRACK`. The others stay on theirs. */
  tracks: z.record(idSchema, idSchema).optional(),
  /** False: these clips alone, without those linked or grouped with them. */
  companions: z.boolean().optional(),
});

/** Lifts clips and puts them down elsewhere, over whatever is there. All move by the same time, so that they keep together. */
export function move(before: Timeline, args: z.infer<typeof moveArguments>): Result<Timeline> {
  return attempt(() => {
    const { document, trackOf } = withNewTracks(before, Object.values(args.tracks ?? {}));
    const draft = new Draft(document);
    const ids = args.companions === false ? [...new Set(args.clips)] : withCompanions(document, args.clips);
    const lifted = ids.map((id) => {
      const { track, item } = draft.find(id);
      return { item, from: track.id, to: trackOf(args.tracks?.[id] ?? track.id) };
    });
    if (lifted.some(({ item }) => item.start + args.by < 0))
      throw new Refusal("NO_ROOM", "A clip cannot begin before the timeline: move it less far.");
    if (args.by === 0 && lifted.every(({ from, to }) => from === to)) return document;
    const gone = new Set(ids);
    for (const track of new Set(lifted.map(({ from }) => from)))
      draft.set(
        track,
        draft.placed(track).filter(({ clip }) => !gone.has(clip.id)),
      );
    const landed: { to: string; item: Placed }[] = [];
    for (const { item, from, to } of lifted) {
      checkTrack(draft, draft.track(to), item.clip);
      const moved = { ...item, start: item.start + args.by };
      // A transition belongs to its cut; it comes along when the clip on its other side does.
      const keeps = from === to && (item.tailTo === null || gone.has(item.tailTo));
      landed.push({ to, item: keeps ? moved : { ...moved, tail: null, tailTo: null } });
    }
    for (const { to, item } of landed) draft.clear(to, rangeOfPlaced(item));
    for (const track of new Set(landed.map(({ to }) => to))) {
      const here = landed.filter(({ to }) => to === track).map(({ item }) => item);
      const sorted = here.toSorted((a, b) => a.start - b.start);
      if (
        sorted.some((item, i) => i > 0 && sorted[i - 1]!.start + sorted[i - 1]!.clip.sourceRange.duration > item.start)
      )
        throw new Refusal("NO_ROOM", "Two of these clips would lie over each other: choose another track.");
      draft.set(track, [...draft.placed(track), ...here]);
    }
    return draft.finish();
  });
}
