/**
 * What Electron's preload script puts into the window as `window.studio`: plain data only, because classes and functions with state
 * do not survive the way between the two worlds. The window wraps it into a StudioClient that checks both directions.
 */
export interface StudioBridge {
  /** Runs a contract method; resolves with a Reply and never rejects on the studio's account. */
  send(method: string, input: unknown): Promise<unknown>;
  /** Passes each StudioEvent on, `hello` first; returns a function that stops it. */
  listen(listener: (event: unknown) => void): () => void;
}

/** Names of the channels between preload and main process. */
export const bridgeChannels = { call: "studio:call", listen: "studio:listen", event: "studio:event" } as const;
