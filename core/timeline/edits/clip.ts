import { z } from "zod";
import { definedOf } from "../defined.ts";
import { Draft } from "../draft.ts";
import { standingStill, styleParameters } from "../homes.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { type Clip, clipSchema, idSchema, textStyleSchema, type Timeline } from "../schema.ts";
import { parameterNames } from "../parameters.ts";
import { textName } from "./make-clip.ts";
import { withSubject } from "./subject.ts";

const fields = clipSchema
  .unwrap()
  .pick({ name: true, enabled: true, blend: true, fit: true, fadeIn: true, fadeOut: true });

export const setClipArguments = z.strictObject({ clips: z.array(idSchema).min(1), ...fields.partial().shape });

/** Renames, switches on or off, blends, fits or fades clips. */
export function setClip(document: Timeline, { clips, ...changes }: z.infer<typeof setClipArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    for (const id of clips) draft.replaceClip(id, (clip) => ({ ...clip, ...definedOf(changes) }));
    return draft.finish();
  });
}

export const setTextArguments = z.strictObject({
  clips: z.array(idSchema).min(1),
  ...textStyleSchema.unwrap().partial().shape,
});

/** Changes what text clips say and how they look. One that is called as its text begins goes on being called so. */
export function setText(document: Timeline, { clips, ...changes }: z.infer<typeof setTextArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const given = Object.keys(definedOf(changes));
    for (const id of clips)
      draft.replaceClip(id, (clip) => {
        if (clip.content.type !== "text")
          throw new Refusal("BAD_ARGUMENT", `“${clip.name}” is no text: select a text clip.`);
        const { style } = clip.content;
        const next = { ...style, ...definedOf(changes) };
        const name = clip.name === textName(style.text) ? textName(next.text) : clip.name;
        // What is given a value here stands still from now on.
        return standingStill({ ...clip, name, content: { ...clip.content, style: next } }, "style", given);
      });
    return draft.finish();
  });
}

/** What "paste attributes" can carry from one clip to others; the speed is not among them, because it would change lengths. */
export const attributeGroups = {
  motion: ["positionX", "positionY", "scaleX", "scaleY", "rotation"],
  opacity: ["opacity"],
  crop: ["cropLeft", "cropRight", "cropTop", "cropBottom"],
  blur: ["blur"],
  colour: ["brightness", "contrast", "saturation", "hue"],
  subject: ["subjectFeather", "subjectGrow", "subjectBlur", "subjectColour"],
  sound: ["volume", "pan"],
  style: styleParameters,
} as const;

/** What of a clip's look and sound can be given to another one. */
export const pastable = [
  "motion",
  "opacity",
  "crop",
  "blur",
  "colour",
  "subject",
  "sound",
  "blend",
  "fit",
  "fades",
  "style",
] as const;

export const pasteAttributesArguments = z.strictObject({
  /** The clip that was copied; it need not be in the document any more. */
  from: clipSchema,
  clips: z.array(idSchema).min(1),
  attributes: z.array(z.enum(pastable)).min(1),
});

/** Gives clips the look and sound of another one, keyframes included. */
export function pasteAttributes(document: Timeline, args: z.infer<typeof pasteAttributesArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    for (const id of args.clips)
      draft.replaceClip(id, (clip) => args.attributes.reduce((c, name) => take(c, args.from, name), clip));
    return draft.finish();
  });
}

function take(clip: Clip, from: Clip, attribute: (typeof pastable)[number]): Clip {
  if (attribute === "blend" || attribute === "fit") return { ...clip, [attribute]: from[attribute] };
  if (attribute === "fades") return { ...clip, fadeIn: from.fadeIn, fadeOut: from.fadeOut };
  if (attribute === "style") {
    if (clip.content.type !== "text" || from.content.type !== "text") return clip;
    const style = { ...from.content.style, text: clip.content.style.text };
    return { ...clip, content: { type: "text", style }, parameters: parametersFrom(clip, from, "style") };
  }
  if (attribute === "subject" && clip.content.type === "text") return clip;
  return {
    ...(attribute === "subject" ? withSubject(clip, from.subject ?? null) : clip),
    parameters: parametersFrom(clip, from, attribute),
  };
}

/** The clip's parameters, with those of a group as another clip has them. */
function parametersFrom(clip: Clip, from: Clip, group: keyof typeof attributeGroups): Clip["parameters"] {
  const names: readonly string[] = attributeGroups[group];
  const kept = parameterNames.filter((name) => (names.includes(name) ? from : clip).parameters[name] !== undefined);
  return Object.fromEntries(kept.map((name) => [name, (names.includes(name) ? from : clip).parameters[name]]));
}
