import { type Clip, mediaOf } from "../../../core/timeline/index.ts";
import { attempt } from "../../state/attempt.ts";
import type { CommandContext } from "../command.ts";
import { documentOf, editGroup, oneClip, say, selected } from "./helpers.ts";

/** What the studio's eyes do for a clip. */

/** The selected clip, where it shows a picture or a film; of a film with its sound, the picture. */
function seenClip(context: CommandContext) {
  const found = selected(context).find(({ track }) => track.kind === "video") ?? oneClip(context);
  if (found?.track.kind !== "video") return null;
  const { clip } = found.item;
  return mediaOf(documentOf(context), clip)?.size == null ? null : clip;
}

function reframe(context: CommandContext): void {
  const clip = seenClip(context);
  if (clip === null) return say(context, "Select one clip with a picture first.");
  const { client, project, store } = context;
  const looking = `Looking at “${clip.name}” to find its subject: it is in the queue (Ctrl+J).`;
  store.setState({ notice: { text: looking, kind: "plain", undo: null }, announcement: looking });
  void attempt(store, async () => {
    const id = await project.ensure();
    project.take(await client.call("analysis.reframe", { id, clip: clip.id }));
    const done = `“${clip.name}” fills the frame and follows its subject; the keyframes are in its position.`;
    store.setState({ notice: { text: done, kind: "plain", undo: null }, announcement: done });
  });
}

const SAID = {
  none: "is cut out",
  blur: "stands before a blurred background",
  grey: "keeps its colour, the rest is grey",
} as const;

/** Does something with what is around the subject of the selected clips; their masks are then looked for, and the inspector tells. */
const subject =
  (background: keyof typeof SAID | null) =>
  (context: CommandContext): void => {
    const clips = seenClips(context);
    if (clips.length === 0) return say(context, "Select a clip with a picture first.");
    const names = clips.length === 1 ? `“${clips[0]!.name}”` : `${clips.length} clips`;
    const change = background === null ? null : { background };
    const result = context.project.perform("setSubject", { clips: clips.map(({ id }) => id), subject: change });
    if (!result.ok) return;
    say(context, background === null ? `${names}: the whole picture.` : `The subject of ${names} ${SAID[background]}.`);
  };

/** The selected clips that show a picture or a film. */
function seenClips(context: CommandContext): Clip[] {
  const chosen = selected(context).filter(({ track }) => track.kind === "video");
  const document = documentOf(context);
  const clips = chosen.map(({ item }) => item.clip).filter((clip) => mediaOf(document, clip)?.size != null);
  const one = clips.length === 0 ? seenClip(context) : null;
  return one === null ? clips : [one];
}

const isSeen = (context: CommandContext): boolean => seenClips(context).length > 0;

export const eyesCommands = editGroup("Fades and keyframes", [
  {
    id: "clip.reframe",
    title: "Reframe: fill the frame and follow the subject",
    keys: [],
    when: (context) => seenClip(context) !== null,
    run: reframe,
  },
  { id: "clip.cut-out", title: "Cut out the subject", keys: [], when: isSeen, run: subject("none") },
  {
    id: "clip.blur-background",
    title: "Blur the background of the subject",
    keys: [],
    when: isSeen,
    run: subject("blur"),
  },
  { id: "clip.colour-subject", title: "Colour only the subject", keys: [], when: isSeen, run: subject("grey") },
  {
    id: "clip.whole-picture",
    title: "Show the whole picture again (no subject effect)",
    keys: [],
    when: (context) => seenClips(context).some((clip) => clip.subject !== undefined),
    run: subject(null),
  },
]);
