import {
  type AnimationRequest,
  type Clip,
  type GenerationRequest,
  generationRequestSchema,
  type Media,
  StudioError,
} from "../../core/contract/index.ts";
import type { WindowClient } from "../client/client.ts";
import { plural } from "../ui/format.ts";
import { nameOf } from "../ui/words.ts";
import { type AnimateActions, createAnimateActions } from "./animate-actions.ts";
import type { LaneDrafts } from "./lane-drafts.ts";
import { attempt as attemptOn } from "./attempt.ts";
import { type Draft, draftFrom, modelOf, randomSeed, requestOf } from "./draft.ts";
import { type Item, itemsOf } from "./items.ts";
import { requestAgain } from "./lane.ts";
import type { Notice, State, Store } from "./store.ts";

/** Everything that the user can do, each in one place. None rejects: a refusal becomes a sentence in the window. */
export interface Actions {
  readonly edit: (change: Partial<Draft>) => void;
  readonly generate: () => Promise<void>;
  /** The same clip again: same seed, same everything. */
  readonly makeAgain: (item: Item) => Promise<void>;
  /** The same request with a fresh seed. */
  readonly vary: (item: Item) => Promise<void>;
  /** Puts the item's prompt and settings into the prompt box. */
  readonly reuse: (item: Item) => void;
  readonly cancel: (item: Item) => Promise<void>;
  readonly cancelWaiting: () => Promise<void>;
  readonly retry: (item: Item) => Promise<void>;
  /** Takes the tile away: a clip goes to the studio's trash, an ended job off the list, a running one is stopped. */
  readonly remove: (item: Item) => Promise<void>;
  readonly undo: () => Promise<void>;
  readonly reveal: (item: Item) => Promise<void>;
  readonly copy: (text: string, what: string) => Promise<void>;
  readonly select: (key: string | null) => void;
  readonly play: (key: string | null) => void;
  readonly showShortcuts: (shown: boolean) => void;
  readonly dismissNotice: () => void;
  readonly animations: AnimateActions;
}

/** @param onAdded hears of pictures, sounds and films that came in */
export function createActions(
  store: Store,
  client: WindowClient,
  lanes: LaneDrafts,
  onAdded: (media: readonly Media[]) => void = () => {},
): Actions {
  const animations = createAnimateActions(store, client, lanes, onAdded);
  const set = (change: Partial<State>) => store.setState(change);
  const say = (text: string, undo: Notice["undo"] = null) =>
    set({ notice: { text, kind: "plain", undo }, announcement: text });

  const attempt = (work: () => Promise<void>) => attemptOn(store, work);

  /** Clips on their way to the trash; each promise tells whether the clip got there. */
  const leaving = new Map<string, Promise<boolean>>();

  /**
   * The clip counts as removed from this moment, so that Ctrl+Z pressed before the studio has answered takes it back too.
   * Resolves to false when it was called back meanwhile.
   */
  async function trash(clip: Clip): Promise<boolean> {
    set({ removed: [...store.getState().removed, clip] });
    const sent = client.call("library.trash", { id: clip.id });
    const left = sent.then(
      () => true,
      () => false,
    );
    leaving.set(clip.id, left);
    try {
      await sent;
    } catch (cause) {
      set({ removed: store.getState().removed.filter((each) => each !== clip) });
      throw cause;
    } finally {
      leaving.delete(clip.id);
    }
    return store.getState().removed.includes(clip);
  }

  async function queue(request: GenerationRequest, variations: number): Promise<void> {
    set({ sending: store.getState().sending + 1 });
    const jobs = await client.call("jobs.generate", { request, variations }).finally(() => {
      set({ sending: store.getState().sending - 1 });
    });
    set({
      announcement: `${plural(jobs.length, "clip")} added to the queue.`,
      selected: jobs[0] ? `job:${jobs[0].id}` : null,
      notice: null,
    });
  }

  async function animate(request: AnimationRequest): Promise<void> {
    const job = await client.call("jobs.animate", { request });
    set({ announcement: "The animation was added to the queue.", selected: `job:${job.id}`, notice: null });
  }

  return {
    edit(change) {
      set({ draft: { ...store.getState().draft, ...change }, problem: null });
    },

    async generate() {
      const { draft, models } = store.getState();
      const model = modelOf(draft, models);
      const request = generationRequestSchema.safeParse(requestOf(draft, model));
      if (!request.success) {
        const message = request.error.issues[0]?.message ?? "The request is not understood.";
        set({ problem: { code: "BAD_REQUEST", message }, announcement: message });
        return;
      }
      // The next clip gets another seed unless the user locked it; what was shown is what is sent.
      if (!draft.seedLocked) set({ draft: { ...store.getState().draft, seed: randomSeed() } });
      try {
        await queue(request.data, draft.variations);
        set({ problem: null });
      } catch (cause) {
        const error = StudioError.from(cause);
        set({
          problem: error.toData(),
          announcement: error.message,
          draft: { ...store.getState().draft, seed: draft.seed },
        });
      }
    },

    makeAgain: (item) =>
      attempt(() =>
        item.kind === "generate"
          ? queue(item.request, 1)
          : // Its keyframes were approved once; the same ones come again.
            animate({ ...requestAgain(item.request), straight: true }),
      ),
    vary: (item) =>
      attempt(() =>
        item.kind === "generate"
          ? queue({ ...item.request, seed: randomSeed() }, 1)
          : animate({ ...requestAgain(item.request), seed: randomSeed(), rolls: [] }),
      ),

    reuse(item) {
      if (item.kind === "animate") return animations.reuse(item);
      set({ draft: draftFrom(item.request, store.getState().draft), problem: null });
      say("Prompt and settings taken over.");
    },

    cancel: (item) =>
      attempt(async () => {
        if (item.job) await client.call("jobs.cancel", { id: item.job.id });
      }),

    cancelWaiting: () =>
      attempt(async () => {
        const waiting = store.getState().jobs.filter((job) => job.state === "queued");
        for (const job of waiting) await client.call("jobs.cancel", { id: job.id });
      }),

    retry: (item) =>
      attempt(async () => {
        if (!item.job) return;
        const job = await client.call("jobs.retry", { id: item.job.id });
        await client.call("jobs.dismiss", { id: item.job.id });
        set({ selected: `job:${job.id}` });
      }),

    remove: (item) =>
      attempt(async () => {
        const { jobs, clips } = store.getState();
        const items = itemsOf(jobs, clips);
        const at = items.findIndex(({ key }) => key === item.key);
        const neighbour = items[at + 1]?.key ?? items[at - 1]?.key ?? null;
        if (item.clip) {
          if (leaving.has(item.clip.id)) return;
          if (!(await trash(item.clip))) return;
          say(`Removed ${nameOf(item)}.`, "clip");
        } else if (item.job && (item.state === "failed" || item.state === "cancelled")) {
          await client.call("jobs.dismiss", { id: item.job.id });
        } else if (item.job) {
          await client.call("jobs.cancel", { id: item.job.id });
          return;
        }
        const { selected, playing } = store.getState();
        set({
          selected: selected === item.key ? neighbour : selected,
          playing: playing === item.key ? null : playing,
        });
      }),

    undo: () =>
      attempt(async () => {
        const { notice, removed } = store.getState();
        if (typeof notice?.undo === "object" && notice.undo !== null) {
          set({ notice: null });
          return animations.restoreMedia(notice.undo.media);
        }
        const clip = removed.at(-1);
        if (!clip) return;
        set({ removed: store.getState().removed.slice(0, -1) });
        // A clip that could not be removed is still there; why is told by the removal itself.
        if ((await leaving.get(clip.id)) === false) return;
        await client.call("library.restore", { id: clip.id });
        const name = nameOf(clip.record);
        say(`${name.charAt(0).toUpperCase()}${name.slice(1)} is back.`);
      }),

    reveal: (item) =>
      attempt(async () => {
        if (item.clip) await client.call("library.reveal", { id: item.clip.id });
      }),

    copy: (text, what) =>
      attempt(async () => {
        await navigator.clipboard.writeText(text);
        say(`${what} copied.`);
      }),

    select: (selected) => set({ selected }),
    play: (playing) => set(playing === null ? { playing } : { playing, selected: playing }),
    showShortcuts: (showsShortcuts) => set({ showsShortcuts }),
    dismissNotice: () => set({ notice: null }),
    animations,
  };
}
