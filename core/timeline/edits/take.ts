import { z } from "zod";
import { clipsOf } from "../companions.ts";
import { Draft } from "../draft.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { type Clip, idSchema, type Take, takeSchema, type Timeline } from "../schema.ts";
import { findMedia } from "../source.ts";
import { checkTrack, wholeFrames } from "./make-clip.ts";
import { playable } from "./playable.ts";

export const addTakeArguments = z.strictObject({
  clip: idSchema,
  /** What it shows; null while `job` makes it. */
  media: idSchema.nullable(),
  job: idSchema.nullable().optional(),
  /** False: keeps showing the take that it shows. */
  activate: z.boolean().optional(),
});

/** Gives a clip another version of itself. */
export function addTake(document: Timeline, args: z.infer<typeof addTakeArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    if (args.media !== null && findMedia(document, args.media) === undefined)
      throw new Refusal("NOT_FOUND", "This media is not in the project any more.");
    const take: Take = { id: draft.newId("k"), media: args.media, job: args.job ?? null, problem: null };
    changeTakes(draft, args.clip, (takes, active) => ({
      takes: [...takes, take],
      activeTake: args.activate === false ? active : take.id,
    }));
    return draft.finish();
  });
}

export const switchTakeArguments = z.strictObject({ clip: idSchema, take: idSchema });

/** Shows another version of a clip in its place. */
export function switchTake(document: Timeline, args: z.infer<typeof switchTakeArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    changeTakes(draft, args.clip, (takes) => {
      if (!takes.some(({ id }) => id === args.take)) throw new Refusal("NOT_FOUND", "This take is not there any more.");
      return { takes, activeTake: args.take };
    });
    return draft.finish();
  });
}

export const removeTakeArguments = switchTakeArguments;

/** Takes a version away; the last one stays. */
export function removeTake(document: Timeline, args: z.infer<typeof removeTakeArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    changeTakes(draft, args.clip, (takes, active) => {
      const left = takes.filter(({ id }) => id !== args.take);
      if (left.length === 0)
        throw new Refusal("BAD_ARGUMENT", "A clip needs one take at least: delete the clip instead.");
      return { takes: left, activeTake: active === args.take ? left.at(-1)!.id : active };
    });
    return draft.finish();
  });
}

export const settleJobArguments = z.strictObject({
  job: idSchema,
  /** What the job made, or null with the reason why it made nothing. */
  media: idSchema.nullable(),
  problem: takeSchema.unwrap().shape.problem,
});

/** Tells every take that waits for a job how it ended. A machine's change: it never enters the history. */
export function settleJob(document: Timeline, args: z.infer<typeof settleJobArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document, { ignoreLocks: true });
    for (const { id, content } of clipsOf(document)) {
      if (content.type !== "media" || !content.takes.some((take) => take.job === args.job && take.media === null))
        continue;
      changeTakes(draft, id, (takes, activeTake) => ({
        takes: takes.map((take) =>
          take.job === args.job && take.media === null ? { ...take, media: args.media, problem: args.problem } : take,
        ),
        activeTake,
      }));
    }
    return draft.finish();
  });
}

function changeTakes(
  draft: Draft,
  id: string,
  change: (takes: readonly Take[], activeTake: string) => { takes: readonly Take[]; activeTake: string },
): void {
  const { track } = draft.find(id);
  draft.replaceClip(id, (clip) => {
    if (clip.content.type !== "media") throw new Refusal("BAD_ARGUMENT", "A text has no takes: select another clip.");
    const next: Clip = {
      ...clip,
      content: { ...clip.content, ...change(clip.content.takes, clip.content.activeTake) },
    };
    checkTrack(draft, track, next);
    return playable(draft.document, next, wholeFrames);
  });
}
