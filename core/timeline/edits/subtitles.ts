import { z } from "zod";
import { type Flicks, snapToFrame } from "../../time/index.ts";
import { Draft } from "../draft.ts";
import { place } from "../lane.ts";
import { plainClip } from "../plain.ts";
import { attempt, type Result } from "../result.ts";
import { type Clip, type TextStyle, textStyleSchema, type Timeline, trackSchema } from "../schema.ts";
import { defaultTextStyle, textName } from "./make-clip.ts";
import { addTrack } from "./track.ts";

const moment = z.number().int().min(0);

export const addSubtitlesArguments = z.strictObject({
  cues: z
    .array(z.strictObject({ start: moment, end: moment, text: textStyleSchema.unwrap().shape.text }))
    .min(1)
    .max(20_000, "These are more subtitles than fit: split the file."),
  /** Of the new track. */
  name: trackSchema.unwrap().shape.name.optional(),
});

/** How subtitles look: white on a shade, low in the picture. */
export const subtitleStyle: TextStyle = {
  ...defaultTextStyle,
  size: 0.05,
  weight: 500,
  box: { padding: 0.25, radius: 0.15, colour: "#000000a0" },
};
/** Half-heights of the picture below its middle. */
const SUBTITLE_Y = 0.36;

/**
 * Subtitles as titles on a new text track, on whole frames; painting them burns them in. One that begins before the one before it has
 * ended begins when that has; what is then shorter than a frame is left out.
 */
export function addSubtitles(document: Timeline, args: z.infer<typeof addSubtitlesArguments>): Result<Timeline> {
  const { rate } = document.settings;
  return attempt(() => {
    const added = addTrack(document, { kind: "text", ...(args.name === undefined ? {} : { name: args.name }) });
    if (!added.ok) return document;
    const before = new Set(document.tracks.map(({ id }) => id));
    const track = added.value.tracks.find(({ id }) => !before.has(id))!;
    const draft = new Draft(added.value);
    let end: Flicks = 0;
    const placed = args.cues
      .toSorted((a, b) => a.start - b.start)
      .flatMap((cue) => {
        const start = Math.max(end, snapToFrame(cue.start, rate));
        const duration = snapToFrame(cue.end, rate) - start;
        if (duration <= 0) return [];
        end = start + duration;
        return [place(subtitle(draft.newId("c"), cue.text, duration), start)];
      });
    draft.set(track.id, placed);
    return draft.finish();
  });
}

/** A text clip that looks like a subtitle. */
export function subtitle(id: string, text: string, duration: Flicks): Clip {
  const content = { type: "text", style: { ...subtitleStyle, text } } as const;
  return {
    ...plainClip(id, textName(text), content, { start: 0, duration }),
    parameters: { positionY: SUBTITLE_Y },
  };
}
