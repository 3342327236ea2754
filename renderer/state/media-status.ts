import { createStore, type StoreApi } from "zustand/vanilla";
import type { MediaStatus, StudioEvent } from "../../core/contract/index.ts";
import type { WindowClient } from "../client/client.ts";

/** Where media stand, by their id; absent until the studio has said. */
export type MediaStatuses = Readonly<Record<string, MediaStatus | undefined>>;

export interface MediaStatusSource {
  readonly store: StoreApi<MediaStatuses>;
  /** Asks for those of which nothing is known yet; the studio then prepares them and tells whatever changes. */
  want(ids: Iterable<string>): void;
  /** Asks again for all that are known: files may have come, gone or changed while nobody looked. */
  refresh(): void;
  receive(event: StudioEvent): void;
}

const AGAIN_MS = 300;

/** What the studio says of media: whether they are there, what can be fetched of them, and what is being prepared. */
export function createMediaStatus(client: WindowClient): MediaStatusSource {
  const store = createStore<MediaStatuses>(() => ({}));
  /** Asked for, answered or not. */
  const asked = new Set<string>();
  let waiting: Set<string> | null = null;

  const take = (all: readonly MediaStatus[]): void => {
    if (all.length > 0) store.setState(Object.fromEntries(all.map((status) => [status.id, status])));
  };
  async function ask(ids: readonly string[]): Promise<void> {
    try {
      take(await client.call("media.status", { ids: [...ids] }));
    } catch {
      // The line broke: whoever wants them asks again.
      for (const id of ids) asked.delete(id);
    }
  }

  /** While many files come in, lists are told again and again: one question now and then is enough. */
  let again: ReturnType<typeof setTimeout> | undefined;
  const askAgain = (): void => {
    again ??= setTimeout(() => {
      again = undefined;
      if (asked.size > 0) void ask([...asked]);
    }, AGAIN_MS);
  };

  return {
    store,
    want(ids) {
      for (const id of ids) {
        if (asked.has(id)) continue;
        asked.add(id);
        if (waiting === null) {
          // Many ask in one moment: one question for all of them.
          waiting = new Set();
          queueMicrotask(() => {
            const all = [...waiting!];
            waiting = null;
            void ask(all);
          });
        }
        waiting.add(id);
      }
    },
    refresh: askAgain,
    receive(event) {
      if (event.type === "media-status") take(event.status);
      // After a broken line, and when files came or went, what was known may be old.
      else if (event.type === "hello" || event.type === "media" || event.type === "library") {
        askAgain();
      }
    },
  };
}
