import { itemsOf } from "../state/items.ts";
import type { Command, CommandContext } from "./command.ts";

/** The commands of the Create workspace. */

const noPlayer = ({ store }: CommandContext): boolean => store.getState().playing === null;
/** In the motion lane the clips are out of sight: no key may change one. */
const noLane = (context: CommandContext): boolean => noPlayer(context) && context.store.getState().lane === null;

function selectedItem({ store }: CommandContext) {
  const { jobs, clips, selected } = store.getState();
  return itemsOf(jobs, clips).find(({ key }) => key === selected) ?? null;
}
const hasItem = (context: CommandContext): boolean => noLane(context) && selectedItem(context) !== null;
const onItem =
  (does: keyof Pick<CommandContext["actions"], "makeAgain" | "vary" | "reuse" | "remove">) =>
  (context: CommandContext): void => {
    const item = selectedItem(context);
    if (item !== null) void context.actions[does](item);
  };

export const createCommands: readonly Command[] = [
  {
    id: "create.prompt",
    title: "Write a prompt",
    group: "Prompt",
    scope: "create",
    keys: ["KeyG"],
    when: noLane,
    run: () => document.querySelector<HTMLElement>("#prompt")?.focus(),
  },
  {
    id: "create.generate",
    title: "Add to the queue, from anywhere",
    group: "Prompt",
    scope: "create",
    keys: ["Mod+Enter"],
    inText: true,
    when: noPlayer,
    run: ({ store, actions }) => void (store.getState().lane ? actions.animations.animate() : actions.generate()),
  },
  {
    id: "create.again",
    title: "Make again, same seed",
    group: "Clips",
    scope: "create",
    keys: ["KeyR"],
    when: hasItem,
    run: onItem("makeAgain"),
  },
  {
    id: "create.vary",
    title: "Variation, new seed",
    group: "Clips",
    scope: "create",
    keys: ["KeyV"],
    when: hasItem,
    run: onItem("vary"),
  },
  {
    id: "create.reuse",
    title: "Use its prompt and settings",
    group: "Clips",
    scope: "create",
    keys: ["KeyU"],
    when: hasItem,
    run: onItem("reuse"),
  },
  {
    id: "create.remove",
    title: "Remove, or stop",
    group: "Clips",
    scope: "create",
    keys: ["Delete", "Backspace"],
    when: hasItem,
    run: onItem("remove"),
  },
  {
    id: "create.undo",
    title: "Bring the last removed clip back",
    group: "Clips",
    scope: "create",
    keys: ["Mod+KeyZ"],
    when: noPlayer,
    run: ({ actions }) => void actions.undo(),
  },
  {
    id: "create.animate",
    title: "Animate a picture with a sound",
    group: "Motion lane",
    scope: "create",
    keys: ["Shift+KeyG"],
    when: noPlayer,
    run: ({ actions }) => actions.animations.openLane(),
  },
];

/** Keys that belong to one panel and go with its focus; they are shown in the sheet and cannot be changed. */
export const panelKeys: readonly { readonly group: string; readonly keys: readonly string[]; readonly does: string }[] =
  [
    { group: "Prompt", keys: ["Enter"], does: "Add to the queue" },
    { group: "Prompt", keys: ["Shift", "Enter"], does: "New line" },
    { group: "Prompt", keys: ["Esc"], does: "Leave the prompt" },
    { group: "Clips", keys: ["← ↑ ↓ →"], does: "Move between clips" },
    { group: "Clips", keys: ["Enter", "Space"], does: "Open in the player" },
    { group: "Motion lane", keys: ["Tab", "← →"], does: "Move a keyframe, with Shift to the next beat" },
    { group: "Motion lane", keys: ["[", "]"], does: "Previous or next keyframe" },
    { group: "Motion lane", keys: ["Alt", "K"], does: "Place a keyframe at the playhead" },
    { group: "Motion lane", keys: ["Enter"], does: "Place a keyframe, or set it free" },
    { group: "Motion lane", keys: ["Delete"], does: "Remove a keyframe" },
    { group: "Motion lane", keys: ["Space"], does: "Hear the sound, or play the clip" },
    { group: "Motion lane", keys: ["Esc"], does: "Back to the clips" },
    { group: "Player", keys: ["Space"], does: "Play or pause" },
    { group: "Player", keys: ["← →"], does: "One frame back or on" },
    { group: "Player", keys: ["Home", "End"], does: "First or last frame" },
    { group: "Player", keys: ["↑ ↓"], does: "Previous or next clip" },
    { group: "Player", keys: ["Esc"], does: "Close" },
  ];
