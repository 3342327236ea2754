import type { Studio } from "../state/context.ts";
import { chordOf, matches } from "./chord.ts";
import type { Command, CommandContext } from "./command.ts";
import { chordsOf } from "./keymap.ts";

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && target.type !== "range" && target.type !== "checkbox"));

/** A control that Space and Enter press. */
const isPressable = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.matches("button, a[href], summary, [role='button'], [role='switch'], [role='tab']");

/** The command that a key press means now, or null. */
export function commandFor(
  event: KeyboardEvent,
  commands: readonly Command[],
  context: CommandContext,
): Command | null {
  const { workspace } = context.editUi.getState();
  const keymap = context.keymap.getState();
  const typing = isTyping(event.target);
  return (
    commands.find(
      (command) =>
        (command.scope === "all" || command.scope === workspace) &&
        (!typing || command.inText === true) &&
        (!event.repeat || command.repeats === true) &&
        chordsOf(keymap, command).some((chord) => matches(event, chord)) &&
        (command.when?.(context) ?? true),
    ) ?? null
  );
}

export const contextOf = (studio: Studio, held: ReadonlySet<string> = new Set(), repeats = false): CommandContext => ({
  ...studio,
  held,
  repeats,
});

/** Does a command from a menu, a button or the palette; one that cannot be done now does nothing. */
export function runCommand(studio: Studio, command: Command): void {
  const context = contextOf(studio);
  if (command.when?.(context) ?? true) command.run(context);
}

/** The key of which the browser makes a paste. */
const PASTE = "Mod+KeyV";

/** Lets the window's keys do commands. Dialogs and menus handle their own. Returns a function that stops it. */
export function attachKeys(studio: Studio, commands: readonly Command[]): () => void {
  const held = new Set<string>();
  /** A button that was clicked keeps focus, yet Space goes on playing: only one that was reached by keyboard is pressed by it. */
  let clicked: EventTarget | null = null;

  function onDown(event: KeyboardEvent): void {
    held.add(event.code);
    if (event.code === "Tab") clicked = null;
    if (event.defaultPrevented || document.querySelector("dialog[open], [role='menu']")) return;
    const isPress = event.code === "Space" || event.code === "Enter";
    if (isPress && isPressable(event.target) && event.target !== clicked && chordOf(event) === event.code) return;
    const context = contextOf(studio, held, event.repeat);
    const command = commandFor(event, commands, context);
    if (command === null || (command.isNative?.(context) === true && chordOf(event) === PASTE)) return;
    event.preventDefault();
    command.run(context);
  }
  /** What the system holds was pasted: files are taken by the workspace; anything else means the clips that were copied here. */
  function onPaste(event: ClipboardEvent): void {
    if (event.defaultPrevented || isTyping(event.target) || (event.clipboardData?.files.length ?? 0) > 0) return;
    const paste = commands.find(({ id }) => id === "clipboard.paste");
    if (paste !== undefined && studio.editUi.getState().workspace === paste.scope) runCommand(studio, paste);
  }
  const onUp = (event: KeyboardEvent) => held.delete(event.code);
  const onPress = (event: PointerEvent) => {
    clicked = event.target instanceof Element ? event.target.closest("button") : null;
  };
  function forget(): void {
    held.clear();
    // Elsewhere something else may be copied.
    studio.editUi.setState({ copiedLast: false });
  }
  window.addEventListener("keydown", onDown);
  window.addEventListener("keyup", onUp);
  window.addEventListener("paste", onPaste);
  window.addEventListener("blur", forget);
  window.addEventListener("pointerdown", onPress, { capture: true });
  return () => {
    window.removeEventListener("keydown", onDown);
    window.removeEventListener("keyup", onUp);
    window.removeEventListener("paste", onPaste);
    window.removeEventListener("blur", forget);
    window.removeEventListener("pointerdown", onPress, { capture: true });
  };
}
