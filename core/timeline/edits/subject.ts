import { z } from "zod";
import { definedOf } from "../defined.ts";
import { Draft } from "../draft.ts";
import { standingStill } from "../homes.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { type Clip, idSchema, subjectSchema, type Subject, type Timeline } from "../schema.ts";
import { findMedia } from "../source.ts";

/** A clip's subject before anything was chosen: cut out. */
export const plainSubject: Subject = {
  background: "none",
  colour: "#101418",
  media: null,
  kinds: null,
  inverted: false,
};

export const setSubjectArguments = z.strictObject({
  clips: z.array(idSchema).min(1),
  /** What differs from what the clip has, or from `plainSubject`; null: the whole picture is shown again. */
  subject: subjectSchema.unwrap().partial().nullable(),
});

/** Cuts the subject of clips out, or does something with what is around it. The picture itself is not touched. */
export function setSubject(document: Timeline, args: z.infer<typeof setSubjectArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const { subject: changes } = args;
    for (const id of args.clips)
      draft.replaceClip(id, (clip) => {
        if (clip.content.type === "text")
          throw new Refusal("BAD_ARGUMENT", "A text has no subject: select a clip with a picture.");
        if (changes === null) return withSubject(clip, null);
        const next = { ...plainSubject, ...clip.subject, ...definedOf(changes) };
        const media = next.media === null ? null : findMedia(document, next.media);
        if (media === undefined) throw new Refusal("NOT_FOUND", "This media is not in the project any more.");
        if (media !== null && media.size === null)
          throw new Refusal("BAD_ARGUMENT", `“${media.name}” is a sound: choose a picture or a film as background.`);
        return standingStill(withSubject(clip, next), "subject", Object.keys(definedOf(changes)));
      });
    return draft.finish();
  });
}

/** The clip with this subject, or without one: a field that is not there, so that a clip without one is written as it always was. */
export function withSubject(clip: Clip, subject: Subject | null): Clip {
  if (subject !== null) return { ...clip, subject };
  const { subject: _, ...rest } = clip;
  return rest;
}
