import { createStore, type StoreApi } from "zustand/vanilla";
import type { MediaFacts, StudioEvent } from "../../core/contract/index.ts";
import type { WindowClient } from "../client/client.ts";

export interface MediaFactsSource {
  /** What is to be seen in media, by their id; absent until somebody has looked. */
  readonly store: StoreApi<Readonly<Record<string, MediaFacts | undefined>>>;
  /** Asks for those of which nothing is known; the studio looks at them when it has time, and tells. */
  want(ids: Iterable<string>): void;
  receive(event: StudioEvent): void;
}

/** What the studio's eyes saw in media: what a search finds beyond names. */
export function createMediaFacts(client: Pick<WindowClient, "call">): MediaFactsSource {
  const store = createStore<Readonly<Record<string, MediaFacts | undefined>>>(() => ({}));
  /** Asked for, answered or not. */
  const asked = new Set<string>();

  const take = (known: readonly { readonly id: string; readonly facts: MediaFacts | null }[]): void => {
    const told = known.flatMap(({ id, facts }) => (facts === null ? [] : [[id, facts] as const]));
    if (told.length > 0) store.setState(Object.fromEntries(told));
  };
  async function ask(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    try {
      take(await client.call("analysis.facts", { ids: [...ids] }));
    } catch {
      // The line broke: whoever wants them asks again.
      for (const id of ids) asked.delete(id);
    }
  }

  return {
    store,
    want(ids) {
      const fresh = [...ids].filter((id) => !asked.has(id));
      for (const id of fresh) asked.add(id);
      void ask(fresh);
    },
    receive(event) {
      if (event.type === "media-facts") take(event.known);
      // After a broken line, and when files changed or a model came, what was known may be old.
      else if (event.type === "hello" || event.type === "media" || event.type === "models") void ask([...asked]);
    },
  };
}
