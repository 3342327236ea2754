import { mediaOf } from "../../../core/timeline/index.ts";
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
  const looking = `Looking at “${clip.name}” to find its subject …`;
  store.setState({ notice: { text: looking, kind: "plain", undo: null }, announcement: looking });
  void attempt(store, async () => {
    const id = await project.ensure();
    project.take(await client.call("analysis.reframe", { id, clip: clip.id }));
    const done = `“${clip.name}” fills the frame and follows its subject; the keyframes are in its position.`;
    store.setState({ notice: { text: done, kind: "plain", undo: null }, announcement: done });
  });
}

export const eyesCommands = editGroup("Fades and keyframes", [
  {
    id: "clip.reframe",
    title: "Reframe: fill the frame and follow the subject",
    keys: [],
    when: (context) => seenClip(context) !== null,
    run: reframe,
  },
]);
