import { z } from "zod";
import { findClip, withCompanions, withLinked } from "../companions.ts";
import { Draft } from "../draft.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { idSchema, type Timeline } from "../schema.ts";

export const bondArguments = z.strictObject({ clips: z.array(idSchema).min(1) });
type BondArguments = z.infer<typeof bondArguments>;

/** Links clips: they keep together in time from now on. Links that they had with others end. */
export const link = (document: Timeline, args: BondArguments): Result<Timeline> => bind(document, args, "link");

/** Ends the links of clips, and those of whatever was linked with them. */
export const unlink = (document: Timeline, { clips }: BondArguments): Result<Timeline> =>
  release(document, withLinked(document, clips), "link");

/** Groups clips: they are selected, moved and deleted as one. */
export const group = (document: Timeline, args: BondArguments): Result<Timeline> => bind(document, args, "group");

/** Dissolves the groups that these clips are in. */
export function ungroup(document: Timeline, { clips }: BondArguments): Result<Timeline> {
  const groups = new Set(clips.map((id) => findClip(document, id)?.group ?? null).filter((id) => id !== null));
  const members = withCompanions(document, clips).filter((id) => groups.has(findClip(document, id)?.group ?? ""));
  return release(document, [...new Set([...clips, ...members])], "group");
}

function bind(document: Timeline, { clips }: BondArguments, bond: "link" | "group"): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const ids = [...new Set(clips)];
    if (ids.length < 2) throw new Refusal("BAD_ARGUMENT", "Select two clips or more.");
    const id = draft.newId(bond[0]!);
    for (const clip of ids) draft.replaceClip(clip, (old) => ({ ...old, [bond]: id }));
    return draft.finish();
  });
}

function release(document: Timeline, clips: readonly string[], bond: "link" | "group"): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    for (const clip of clips)
      if (draft.find(clip).item.clip[bond] !== null) draft.replaceClip(clip, (old) => ({ ...old, [bond]: null }));
    return draft.finish();
  });
}
