/**
 * Key chords as text: modifiers and one physical key by its `KeyboardEvent.code`, as in `Mod+Shift+KeyK`. `Mod` is ⌘ on a Mac, else Ctrl.
 * By physical key, so that fingers find a shortcut in the same place on every layout; `=?` means the character that is typed, wherever
 * it is.
 */
export type Chord = string;

const isMac = (): boolean => typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.userAgent);

type KeyEvent = Pick<KeyboardEvent, "code" | "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

const MODIFIERS = new Set([
  "ControlLeft",
  "ControlRight",
  "ShiftLeft",
  "ShiftRight",
  "AltLeft",
  "AltRight",
  "MetaLeft",
  "MetaRight",
]);

/** The chord of a key press; null for a modifier alone. On a Mac Ctrl is a modifier of its own and means nothing here. */
export function chordOf(event: KeyEvent): Chord | null {
  if (MODIFIERS.has(event.code) || event.code === "") return null;
  const mod = event.ctrlKey || event.metaKey;
  return [mod && "Mod", event.shiftKey && "Shift", event.altKey && "Alt", event.code].filter(Boolean).join("+");
}

/** True where this press means the chord. */
export function matches(event: KeyEvent, chord: Chord): boolean {
  if (!chord.startsWith("=")) return chordOf(event) === chord;
  return !event.ctrlKey && !event.metaKey && !event.altKey && event.key === chord.slice(1);
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  BracketLeft: "[",
  BracketRight: "]",
  Backslash: "\\",
  Comma: ",",
  Period: ".",
  Slash: "/",
  Semicolon: ";",
  Quote: "'",
  Backquote: "`",
  Minus: "-",
  Equal: "=",
  NumpadAdd: "Num +",
  NumpadSubtract: "Num −",
  Escape: "Esc",
};

/** Characters that the user's layout has on its keys; filled in by `learnLayout` where the browser tells. */
let layout: ReadonlyMap<string, string> = new Map();

/** Asks the browser which characters stand on the keys, so that keys are shown as they are labelled. */
export async function learnLayout(): Promise<void> {
  const keyboard = (navigator as { keyboard?: { getLayoutMap?: () => Promise<ReadonlyMap<string, string>> } }).keyboard;
  try {
    layout = (await keyboard?.getLayoutMap?.()) ?? layout;
  } catch {
    // Not allowed here: the keys are shown as on a US keyboard.
  }
}

/** How a chord is written on keys: ["Ctrl", "Shift", "K"]. */
export function keysOf(chord: Chord): string[] {
  if (chord.startsWith("=")) return [chord.slice(1)];
  return chord.split("+").map((part) => {
    if (part === "Mod") return isMac() ? "⌘" : "Ctrl";
    if (part === "Shift") return isMac() ? "⇧" : "Shift";
    if (part === "Alt") return isMac() ? "⌥" : "Alt";
    const typed = layout.get(part);
    if (typed !== undefined && typed.trim() !== "") return typed.toUpperCase();
    return NAMES[part] ?? part.replace(/^(?:Key|Digit)/, "");
  });
}

/** "Ctrl+Shift+K" */
export const chordText = (chord: Chord): string => keysOf(chord).join("+");
