import { createStore, type StoreApi } from "zustand/vanilla";
import type { Chord } from "./chord.ts";
import { type Command, overlap, type Preset, presets } from "./command.ts";

/** Which keys do what: a preset, and what the user changed of it. */
export interface Keymap {
  readonly preset: Preset;
  /** Keys by command id; an empty list: none. */
  readonly changed: Readonly<Record<string, readonly Chord[]>>;
}

export type KeymapStore = StoreApi<Keymap>;

const KEY = "plume.keys";
const initial: Keymap = { preset: "default", changed: {} };

/** The user's keymap, kept in this window's storage. */
export function createKeymap(storage: Pick<Storage, "getItem" | "setItem">): KeymapStore {
  const store = createStore<Keymap>(() => load(storage));
  store.subscribe((keymap) => storage.setItem(KEY, JSON.stringify(keymap)));
  return store;
}

const isChords = (chords: unknown): chords is Chord[] =>
  Array.isArray(chords) && chords.every((chord) => typeof chord === "string");

function load(storage: Pick<Storage, "getItem">): Keymap {
  try {
    const value = JSON.parse(storage.getItem(KEY) ?? "null") as Partial<Record<keyof Keymap, unknown>> | null;
    const preset = presets.find((name) => name === value?.preset) ?? "default";
    const entries = Object.entries((value?.changed ?? {}) as Record<string, unknown>);
    return {
      preset,
      changed: Object.fromEntries(entries.filter((entry): entry is [string, Chord[]] => isChords(entry[1]))),
    };
  } catch {
    return initial;
  }
}

/** The keys of a command. */
export function chordsOf({ preset, changed }: Keymap, command: Command): readonly Chord[] {
  if (Object.hasOwn(changed, command.id)) return changed[command.id]!;
  return (preset === "default" ? undefined : command.presets?.[preset]) ?? command.keys;
}

/** The other commands that a chord would do as well. */
export function conflictsOf(
  keymap: Keymap,
  commands: readonly Command[],
  command: Command,
  chord: Chord,
): readonly Command[] {
  return commands.filter(
    (other) =>
      other.id !== command.id && overlap(other.scope, command.scope) && chordsOf(keymap, other).includes(chord),
  );
}

/** The keymap with other keys for a command; `takes`: the commands that had one of them lose it. */
export function withKeys(
  keymap: Keymap,
  commands: readonly Command[],
  command: Command,
  chords: readonly Chord[],
): Keymap {
  const changed: Record<string, readonly Chord[]> = { ...keymap.changed, [command.id]: chords };
  for (const chord of chords)
    for (const other of conflictsOf(keymap, commands, command, chord))
      changed[other.id] = chordsOf({ ...keymap, changed }, other).filter((each) => each !== chord);
  return { ...keymap, changed };
}

/** The keymap with the preset's own keys for a command. */
export function withoutChange(keymap: Keymap, command: Command): Keymap {
  const { [command.id]: _, ...changed } = keymap.changed;
  return { ...keymap, changed };
}
