import { nextTake } from "../../timeline/takes.ts";
import type { CommandContext } from "../command.ts";
import { editGroup, oneClip, say } from "./helpers.ts";

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

export const takeCommands = editGroup("Takes", [
  { id: "take.next", title: "Next take", keys: ["BracketRight"], run: cycle(1) },
  { id: "take.previous", title: "Previous take", keys: ["BracketLeft"], run: cycle(-1) },
]);
