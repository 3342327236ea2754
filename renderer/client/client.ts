import type { Media, StudioBridge, StudioClient } from "../../core/contract/index.ts";

/** The studio as the window holds it: the contract, and whether the line to it is open. */
export interface WindowClient extends StudioClient {
  /** Gives the studio a picture or a sound that the user dropped or chose. Rejects with StudioError. */
  addMedia(file: File): Promise<Media>;
  /**
   * Calls the listener with true when events flow, false when the line broke and is being tried again, and "ended" when the
   * studio will not come back by itself. Absent where there is no line that could break (Electron).
   */
  onConnection?(listener: (state: boolean | "ended") => void): () => void;
}

declare global {
  interface Window {
    /** Put there by Electron's preload script; absent in the browser shell. */
    readonly studio?: StudioBridge;
  }
}
