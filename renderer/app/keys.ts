import type { Actions } from "../state/actions.ts";
import type { Item } from "../state/items.ts";
import type { State } from "../state/store.ts";

/** What each key does outside of text fields; the shortcuts sheet is drawn from this very list. */
export const shortcuts: readonly { readonly group: string; readonly keys: readonly string[]; readonly does: string }[] =
  [
    { group: "Prompt", keys: ["G"], does: "Write a prompt" },
    { group: "Prompt", keys: ["Enter"], does: "Add to the queue" },
    { group: "Prompt", keys: ["Ctrl", "Enter"], does: "Add to the queue, from anywhere" },
    { group: "Prompt", keys: ["Shift", "Enter"], does: "New line" },
    { group: "Prompt", keys: ["Esc"], does: "Leave the prompt" },
    { group: "Clips", keys: ["← ↑ ↓ →"], does: "Move between clips" },
    { group: "Clips", keys: ["Enter", "Space"], does: "Open in the player" },
    { group: "Clips", keys: ["R"], does: "Make again, same seed" },
    { group: "Clips", keys: ["V"], does: "Variation, new seed" },
    { group: "Clips", keys: ["U"], does: "Use its prompt and settings" },
    { group: "Clips", keys: ["Delete"], does: "Remove, or stop" },
    { group: "Clips", keys: ["Ctrl", "Z"], does: "Bring the last removed clip back" },
    { group: "Motion lane", keys: ["Shift", "G"], does: "Animate a picture with a sound" },
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
    { group: "Everywhere", keys: ["?"], does: "This sheet" },
  ];

interface Surroundings {
  readonly state: State;
  readonly items: readonly Item[];
  readonly actions: Actions;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && target.type !== "range" && target.type !== "checkbox"));

/** The window's global keys. Dialogs (player, sheet) and text fields handle their own. Letters go by physical key. */
export function handleKey(event: KeyboardEvent, { state, items, actions }: Surroundings): void {
  if (event.defaultPrevented || state.playing !== null || document.querySelector("dialog[open]")) return;
  const command = event.ctrlKey || event.metaKey;
  const done = (work: unknown) => {
    event.preventDefault();
    return work;
  };
  if (command && event.key === "Enter")
    return void done(state.lane ? actions.animations.animate() : actions.generate());
  if (isTyping(event.target) || event.altKey) return;
  if (command && event.code === "KeyZ" && !event.shiftKey) return void done(actions.undo());
  if (command) return;
  if (event.key === "?") return void done(actions.showShortcuts(true));
  if (event.code === "KeyG" && event.shiftKey) return void done(actions.animations.openLane());
  // In the motion lane the clips are out of sight: no key may change one.
  if (state.lane) return;
  if (event.code === "KeyG") return void done(document.querySelector<HTMLElement>("#prompt")?.focus());
  const item = items.find(({ key }) => key === state.selected);
  if (!item) return;
  if (event.code === "KeyR") return void done(actions.makeAgain(item));
  if (event.code === "KeyV") return void done(actions.vary(item));
  if (event.code === "KeyU") return void done(actions.reuse(item));
  if (event.key === "Delete" || event.key === "Backspace") return void done(actions.remove(item));
}
