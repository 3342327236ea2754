import { mediaOf } from "../../../core/timeline/index.ts";
import { animationOf } from "../../timeline/motion.ts";
import { attempt } from "../../state/attempt.ts";
import { gapTarget } from "../../timeline/generate.ts";
import { activeTakeProblem, nextTake } from "../../timeline/takes.ts";
import type { CommandContext } from "../command.ts";
import { complain, documentOf, editGroup, oneClip, say, selected } from "./helpers.ts";

/** Clips that are made: where, again, and which of their takes is shown. */

const cycle =
  (direction: 1 | -1) =>
  (context: CommandContext): void => {
    const found = oneClip(context);
    if (found === null) return say(context, "Select a clip first.");
    const { clip } = found.item;
    const take = nextTake(clip, direction);
    if (take === null || clip.content.type !== "media") return say(context, "This clip has only one take.");
    const result = context.project.perform("switchTake", { clip: clip.id, take });
    const number = clip.content.takes.findIndex(({ id }) => id === take) + 1;
    if (result.ok) say(context, `Take ${number} of ${clip.content.takes.length}.`);
  };

function generateHere(context: CommandContext): void {
  const { editUi, transport } = context;
  const { selection } = editUi.getState();
  const target = gapTarget(documentOf(context), selection.type === "gap" ? selection : null, transport.time);
  if (target === null)
    return complain(context, "Every picture track has a clip here: move the playhead to a gap, or add a track.");
  editUi.setState({ generating: { type: "gap", ...target } });
}

const failed = (context: CommandContext) =>
  selected(context).find(({ item }) => activeTakeProblem(item.clip) !== null)?.item.clip ?? null;
const hasFailed = (context: CommandContext): boolean => failed(context) !== null;
const hasMedia = (context: CommandContext): boolean => oneClip(context)?.item.clip.content.type === "media";

function retake(context: CommandContext, clip: string): void {
  const { client, project, store } = context;
  void attempt(store, async () => {
    const id = await project.ensure();
    project.take((await client.call("projects.retake", { id, clip })).change);
    say(context, "Added to the queue.");
  });
}

/** Opens what the shown take was asked for with, to be changed. */
function editTake(context: CommandContext): void {
  const found = oneClip(context);
  if (found === null) return;
  const { client, project, store, editUi } = context;
  void attempt(store, async () => {
    const id = await project.ensure();
    const clip = found.item.clip.id;
    const asked = await client.call("projects.takeRequest", { id, clip });
    if (asked.kind === "animate") {
      editUi.setState({ workspace: "create" });
      return complain(context, "This clip was made of a picture and a sound: change it in the motion lane.");
    }
    editUi.setState({ generating: { type: "take", clip, request: asked.request } });
  });
}

/** Shows or hides the motion lane of an animated clip; of a picture and a sound that are selected it opens a new one in Create. */
function animate(context: CommandContext): void {
  const { editUi, actions } = context;
  const document = documentOf(context);
  // Of a linked picture and sound the picture is what moves.
  const found = selected(context).toSorted(
    (a, b) => Number(b.track.kind === "video") - Number(a.track.kind === "video"),
  );
  const clips = found.map(({ item }) => item.clip);
  const moving = clips.find((clip) => animationOf(document, clip) !== null);
  if (moving !== undefined) {
    const isOpen = editUi.getState().motionLane === moving.id;
    editUi.setState({ motionLane: isOpen ? null : moving.id });
    return say(context, isOpen ? "The motion lane is closed." : "The motion lane is open under the clip's track.");
  }
  const media = clips.map((clip) => mediaOf(document, clip)).filter((each) => each !== null);
  const picture = media.find(({ kind }) => kind === "image") ?? media.find(({ audio }) => audio === null);
  const sound = media.find(({ audio }) => audio !== null);
  editUi.setState({ workspace: "create" });
  if (picture !== undefined && sound !== undefined) actions.animations.openLane(picture.id, sound.id);
  else actions.animations.openLane();
}

export const takeCommands = editGroup("Generate", [
  { id: "generate.here", title: "Generate here", keys: ["KeyG"], run: generateHere },
  {
    id: "generate.animate",
    title: "Animate a picture with a sound, or show how a clip moves",
    keys: ["Shift+KeyG"],
    run: animate,
  },
  {
    id: "take.retry",
    title: "Retry the failed clip",
    keys: [],
    when: hasFailed,
    run: (context) => retake(context, failed(context)!.id),
  },
  {
    id: "take.edit",
    title: "Change its prompt and make it again",
    keys: ["Shift+KeyP"],
    when: hasMedia,
    run: editTake,
  },
  {
    id: "take.more",
    title: "Make another take",
    keys: ["Shift+KeyT"],
    when: hasMedia,
    run: (context) => retake(context, oneClip(context)!.item.clip.id),
  },
  { id: "take.next", title: "Next take", keys: ["BracketRight"], run: cycle(1) },
  { id: "take.previous", title: "Previous take", keys: ["BracketLeft"], run: cycle(-1) },
]);
