import { z } from "zod";
import { idSchema } from "../timeline/schema.ts";
import type { ImportPurpose } from "./media.ts";

/**
 * What Electron's preload script puts into the window as `window.studio`: plain data only, because classes and functions with state
 * do not survive the way between the two worlds. The window wraps it into a StudioClient that checks both directions.
 */
export interface StudioBridge {
  /** Runs a contract method; resolves with a Reply and never rejects on the studio's account. */
  send(method: string, input: unknown): Promise<unknown>;
  /** Gives the studio a file that the user dropped or chose, wherever it lies; resolves with a Reply. The page never learns its path. */
  importFile(file: File, purpose: ImportPurpose): Promise<unknown>;
  /** Passes each StudioEvent on, `hello` first; returns a function that stops it. */
  listen(listener: (event: unknown) => void): () => void;
  /** Passes each ShellWish on, those first that came before; returns a function that stops it. */
  listenShell(listener: (wish: unknown) => void): () => void;
  /** Shows the window's commands in the system's menu bar; see `menusSchema`. */
  showMenus(menus: unknown): void;
  /** Begins to drag a clip's file out of the window, in a `dragstart` whose default was prevented. */
  dragClip(id: string): void;
}

const commandId = z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/);

/** What the desktop asks of the window: a command from the menu bar, or a project that was opened from outside. */
export const shellWishSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("command"), id: commandId }),
  z.strictObject({ type: z.literal("open-project"), id: idSchema }),
  /** One sentence for the user. */
  z.strictObject({ type: z.literal("tell"), sentence: z.string().max(500), kind: z.enum(["plain", "problem"]) }),
]);
export type ShellWish = z.infer<typeof shellWishSchema>;

/**
 * The window's commands as the menu bar shows them. `chord` is written as in the window's own key map, "Mod+Shift+KeyK"; the window
 * goes on to listen to its keys itself.
 */
export const menusSchema = z
  .array(
    z.strictObject({
      title: z.string().min(1).max(40),
      items: z
        .array(
          z.strictObject({
            id: commandId,
            title: z.string().min(1).max(80),
            chord: z.string().max(60).nullable(),
            /** Begins a group. */
            begins: z.boolean(),
          }),
        )
        .max(80),
    }),
  )
  .max(12);
export type Menus = z.infer<typeof menusSchema>;
