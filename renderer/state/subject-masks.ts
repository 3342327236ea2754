import { createStore, type StoreApi } from "zustand/vanilla";
import type { MaskStatus, StudioEvent } from "../../core/contract/index.ts";
import type { SubjectWant } from "../../core/render-plan/index.ts";
import { decodeMasks, stretchAt, type SubjectMasks } from "../../core/vision/index.ts";
import type { WindowClient } from "../client/client.ts";

/** Masks of media, by their id. */
export interface MaskView {
  readonly status: Readonly<Record<string, MaskStatus | undefined>>;
  readonly masks: Readonly<Record<string, readonly SubjectMasks[] | undefined>>;
}

export interface SubjectMaskSource {
  readonly store: StoreApi<MaskView>;
  /** These are needed now. What the studio does not have it looks for, and tells. */
  want(wants: readonly SubjectWant[]): void;
  /** Those that failed, or were stopped, are looked for once more. */
  again(): void;
  /** @param time seconds of the media's time */
  find(media: string, time: number): SubjectMasks | null;
  receive(event: StudioEvent): void;
}

const keyOf = ({ id, start, end }: SubjectWant): string => `${id} ${start} ${end}`;

/** Where subjects are, for the painter: asks the studio, fetches what it has made. */
export function createSubjectMasks(client: Pick<WindowClient, "call" | "maskUrl">): SubjectMaskSource {
  const store = createStore<MaskView>(() => ({ status: {}, masks: {} }));
  const files = new Map<string, SubjectMasks | null>();
  let wanted: readonly SubjectWant[] = [];
  const asked = new Set<string>();

  async function ask(wants: readonly SubjectWant[], again = false): Promise<void> {
    if (wants.length === 0) return;
    for (const want of wants) asked.add(keyOf(want));
    try {
      take(await client.call("analysis.masks", { wants: wants.map((want) => ({ ...want })), again }));
    } catch {
      // The line broke: after `hello` they are asked for again.
      for (const want of wants) asked.delete(keyOf(want));
    }
  }

  function take(told: readonly MaskStatus[]): void {
    store.setState(({ status }) => ({
      status: { ...status, ...Object.fromEntries(told.map((each) => [each.id, each])) },
    }));
    for (const status of told) void fetchAll(status);
  }

  async function fetchAll({ id, stretches }: MaskStatus): Promise<void> {
    await Promise.all(
      stretches.map(async ({ key }) => {
        if (files.has(key)) return;
        files.set(key, null);
        const answer = await fetch(client.maskUrl(id, key)).catch(() => null);
        const masks = answer?.ok ? decodeMasks(new Uint8Array(await answer.arrayBuffer())) : null;
        if (masks === null) files.delete(key);
        else files.set(key, masks);
      }),
    );
    const masks = stretches.map(({ key }) => files.get(key) ?? null).filter((each) => each !== null);
    const before = store.getState().masks[id] ?? [];
    if (masks.length === before.length && masks.every((each, i) => each === before[i])) return;
    store.setState((view) => ({ masks: { ...view.masks, [id]: masks } }));
  }

  return {
    store,
    want(wants) {
      wanted = wants;
      void ask(wants.filter((want) => !asked.has(keyOf(want))));
    },
    again() {
      void ask(wanted, true);
    },
    find: (media, time) => stretchAt(store.getState().masks[media] ?? [], time),
    receive(event) {
      if (event.type === "masks") take(event.status);
      // After a broken line, and when files changed or a model came, there may be others.
      else if (event.type === "hello" || event.type === "media" || event.type === "models") void ask(wanted);
    },
  };
}
