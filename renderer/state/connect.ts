import type { StudioEvent } from "../../core/contract/index.ts";
import type { WindowClient } from "../client/client.ts";
import { saveDraft } from "./draft.ts";
import { mediaState, reduce, type Store } from "./store.ts";

/**
 * Lets the studio's events flow into the store, fetches what events do not tell (clips and machine, again after each reconnect),
 * and writes the draft down when it changes. `also` is told each event after the store. Returns a function that stops all of it.
 */
export function connect(
  store: Store,
  client: WindowClient,
  storage: Pick<Storage, "getItem" | "setItem">,
  also?: (event: StudioEvent) => void,
): () => void {
  // A list that was asked for before a `library` event came must not overwrite it.
  let libraryEvents = 0;
  async function refresh(): Promise<void> {
    const before = libraryEvents;
    const clips = await client.call("library.list", {});
    store.setState(before === libraryEvents ? { ready: true, clips } : { ready: true });
    store.setState(mediaState(await client.call("media.list", {})));
    // Looking for ffmpeg takes its time; nothing waits for it.
    store.setState({ system: await client.call("system.info", {}) });
  }
  const stopConnection = client.onConnection?.((state) => {
    store.setState({ connection: state === true ? "open" : state === false ? "lost" : "ended" });
  });
  const stopEvents = client.subscribe((event) => {
    if (event.type === "library") libraryEvents++;
    store.setState((state) => reduce(state, event));
    also?.(event);
    if (event.type !== "hello") return;
    store.setState({ connection: "open" });
    refresh().catch((cause: unknown) => {
      store.setState({
        ready: true,
        notice: { text: cause instanceof Error ? cause.message : String(cause), kind: "problem", undo: null },
      });
    });
  });
  const stopSaving = store.subscribe((state, before) => {
    if (state.draft !== before.draft) saveDraft(storage, state.draft);
  });
  return () => {
    stopConnection?.();
    stopEvents();
    stopSaving();
  };
}
