import type { Media, OpenedTimeline, StudioBridge, StudioClient } from "../../core/contract/index.ts";

/** The studio as the window holds it: the contract, and whether the line to it is open. */
export interface WindowClient extends StudioClient {
  /**
   * Gives the studio a picture, a sound or a film that the user dropped or chose. Rejects with StudioError.
   * @param as id of a project's media that this file is, found again
   */
  addMedia(file: File, as?: string): Promise<Media>;
  /** Gives the studio another editor's timeline, or subtitles, of which it makes a project. Rejects with StudioError. */
  openTimeline(file: File): Promise<OpenedTimeline>;
  /** Gives it one picture of a numbered sequence; `media.assemble` with the same word then makes one film of all of them. */
  addFrame(file: File, sequence: string): Promise<void>;
  /** Gives it a model's checkpoint, or one of its files; `models.installDropped` with the same word then installs them. */
  layAside(file: File, purpose: { readonly checkpoint: string }): Promise<void>;
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
