import { useMemo } from "react";
import { useStore } from "zustand";
import { useStudio } from "../state/context.ts";
import { chordText } from "./chord.ts";
import { runCommand } from "./dispatch.ts";
import { command } from "./index.ts";
import { chordsOf, type Keymap } from "./keymap.ts";

export function useKeymap(): Keymap {
  return useStore(useStudio().keymap);
}

/** Does commands by their ids, and tells their titles and keys: for buttons and menus. */
export function useCommands() {
  const studio = useStudio();
  const keymap = useKeymap();
  return useMemo(
    () => ({
      run: (id: string) => runCommand(studio, command(id)),
      title: (id: string) => command(id).title,
      /** "Ctrl+K", or nothing where it has no key. */
      keys(id: string): string {
        const [chord] = chordsOf(keymap, command(id));
        return chord === undefined ? "" : chordText(chord);
      },
      /** "Split at playhead (Ctrl+K)" */
      label(id: string): string {
        const [chord] = chordsOf(keymap, command(id));
        return chord === undefined ? command(id).title : `${command(id).title} (${chordText(chord)})`;
      },
    }),
    [studio, keymap],
  );
}
