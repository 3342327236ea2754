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
}

/** Names of the channels between preload and main process. */
export const bridgeChannels = {
  call: "studio:call",
  listen: "studio:listen",
  event: "studio:event",
  importFile: "studio:import",
} as const;
