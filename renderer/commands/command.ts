import type { Studio } from "../state/context.ts";
import type { Workspace } from "../state/edit-ui.ts";
import type { Chord } from "./chord.ts";

export const presets = ["default", "resolve", "fcp"] as const;
export type Preset = (typeof presets)[number];

/** What a command works on. */
export interface CommandContext extends Studio {
  /** Physical keys that are held down. */
  readonly held: ReadonlySet<string>;
  /** The key is held and repeats; false from menus and palette. */
  readonly repeats: boolean;
}

/** Something that can be done: the one source of keyboard, palette, menus and the shortcut sheet. */
export interface Command {
  readonly id: string;
  /** As in a menu: "Split at playhead". */
  readonly title: string;
  /** Heading in the sheet and in the palette. */
  readonly group: string;
  /** In which workspace; "all" everywhere. */
  readonly scope: Workspace | "all";
  /** Of the default preset. */
  readonly keys: readonly Chord[];
  /** Of the other presets, where they differ. */
  readonly presets?: Partial<Record<Exclude<Preset, "default">, readonly Chord[]>>;
  /** Whether it can be done now; absent: always. */
  readonly when?: (context: CommandContext) => boolean;
  readonly run: (context: CommandContext) => void;
  /** Its keys work while text is being typed too. */
  readonly inText?: boolean;
  /** A held key does it again and again. */
  readonly repeats?: boolean;
  /** Left to the browser now: its key brings the event of that name, which does it with what the system holds. */
  readonly isNative?: (context: CommandContext) => boolean;
  /** Of use with keys only: not in the palette. */
  readonly keysOnly?: boolean;
}

/** Scopes that can be open at one time: their keys must differ. */
export const overlap = (a: Command["scope"], b: Command["scope"]): boolean => a === b || a === "all" || b === "all";
