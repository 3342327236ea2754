import { z } from "zod";
import { endOf } from "../../time/index.ts";
import { clipsOf, withLinked } from "../companions.ts";
import { Draft } from "../draft.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { type Clip, idSchema, type MediaReference, mediaReferenceSchema, type Take, type Timeline } from "../schema.ts";
import { findMedia, mediaOf } from "../source.ts";
import { checkTrack, wholeFrames } from "./make-clip.ts";
import { linkedArgument } from "./split.ts";
import { playable } from "./playable.ts";

export const addMediaArguments = z.strictObject({ media: z.array(mediaReferenceSchema).min(1) });

/**
 * Notes media in the document; a reference of the same id is exchanged (a file was found again elsewhere, or has become another). Clips
 * of media that has less to play than before slide to where it has something, and become shorter where that is not enough.
 */
export function addMedia(document: Timeline, { media }: z.infer<typeof addMediaArguments>): Result<Timeline> {
  return attempt(() => {
    const next = {
      ...document,
      media: { ...document.media, ...Object.fromEntries(media.map((reference) => [reference.id, reference])) },
    };
    const less = new Set(media.filter((each) => hasLess(findMedia(document, each.id), each)).map(({ id }) => id));
    if (less.size === 0) return next;
    // A lock keeps people's hands off, not what has become of a file.
    const draft = new Draft(next, { ignoreLocks: true });
    for (const clip of clipsOf(document))
      if (less.has(mediaOf(document, clip)?.id ?? ""))
        draft.replaceClip(clip.id, () => playable(next, clip, wholeFrames));
    return draft.finish();
  });
}

function hasLess(before: MediaReference | undefined, { availableRange: now }: MediaReference): boolean {
  if (before === undefined || now === null) return false;
  const { availableRange: old } = before;
  return old === null || now.start > old.start || endOf(now) < endOf(old);
}

export const removeMediaArguments = z.strictObject({ media: z.array(idSchema).min(1) });

/** Forgets media that no clip shows, in none of its takes and behind no subject; the files stay. */
export function removeMedia(document: Timeline, args: z.infer<typeof removeMediaArguments>): Result<Timeline> {
  return attempt(() => {
    const gone = new Set(args.media);
    for (const clip of clipsOf(document))
      if (usedBy(clip).some((media) => gone.has(media)))
        throw new Refusal("BAD_ARGUMENT", `“${clip.name}” still uses this media: delete the clip first.`);
    return { ...document, media: Object.fromEntries(Object.entries(document.media).filter(([id]) => !gone.has(id))) };
  });
}

export const replaceMediaArguments = z.strictObject({ clip: idSchema, media: idSchema, ...linkedArgument });

/**
 * Shows other media in a clip's place, with the same movement and effects; linked clips that showed the same media follow. Media that is
 * too short for the clip shortens it.
 */
export function replaceMedia(document: Timeline, args: z.infer<typeof replaceMediaArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const media = findMedia(document, args.media);
    if (media === undefined) throw new Refusal("NOT_FOUND", "This media is not in the project any more.");
    const old = mediaOf(document, draft.find(args.clip).item.clip)?.id;
    const ids = args.linked === false ? [args.clip] : withLinked(document, [args.clip]);
    for (const id of ids) {
      const { item, track } = draft.find(id);
      if (id !== args.clip && (old === undefined || mediaOf(document, item.clip)?.id !== old)) continue;
      const { content } = item.clip;
      if (content.type !== "media") throw new Refusal("BAD_ARGUMENT", "A text shows no media: select another clip.");
      const take: Take = { id: draft.newId("k"), media: media.id, job: null, problem: null };
      const takes = content.takes.map((each) => (each.id === content.activeTake ? take : each));
      const next = { ...item.clip, content: { ...content, takes, activeTake: take.id } };
      checkTrack(draft, track, next);
      draft.replaceClip(id, () => ({ ...playable(document, next, wholeFrames), name: item.clip.name }));
    }
    return draft.finish();
  });
}

const takesOf = ({ content }: Clip): readonly Take[] => (content.type === "media" ? content.takes : []);
const usedBy = (clip: Clip): string[] =>
  [...takesOf(clip).map(({ media }) => media), clip.subject?.media ?? null].filter((media) => media !== null);
