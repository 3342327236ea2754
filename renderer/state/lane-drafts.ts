import { z } from "zod";
import {
  type AnimateJob,
  animationLimits,
  focusSchema,
  followSchema,
  limits,
  type PictureMedia,
  presetSchema,
  type SoundMedia,
} from "../../core/contract/index.ts";
import { isWhole } from "../motion-lane/keyframes.ts";
import type { Lane } from "./lane.ts";
import type { Store } from "./store.ts";

const whole = z.number().int().min(0);

/** What of a lane is the user's work. It is kept in the browser's storage, where anything may have happened to it. */
const laneDraftSchema = z
  .object({
    picture: z.string(),
    sound: z.string(),
    /** Of the sound that the keyframes were placed to. */
    version: z.string(),
    range: z.object({ from: whole, frames: whole.min(animationLimits.frames.min).max(animationLimits.frames.max) }),
    follow: followSchema,
    curve: z.array(z.number()).nullable(),
    starts: z.array(whole),
    keyframes: z.array(z.object({ frame: whole, segment: whole, isFixed: z.boolean() })),
    snaps: z.boolean(),
    prompt: z.string().max(limits.promptCharacters),
    seed: z.number().int().min(limits.seed.min).max(limits.seed.max),
    preset: presetSchema.nullable(),
    size: z.object({ width: whole, height: whole }).nullable(),
    focus: focusSchema,
    straight: z.boolean(),
    job: z.string().nullable(),
  })
  .refine(({ keyframes, starts }) => isWhole(keyframes, starts));
type LaneDraft = z.infer<typeof laneDraftSchema>;

const storedSchema = z.object({
  /** The pair whose lane was open. */
  open: z.object({ picture: z.string(), sound: z.string() }).nullable().catch(null),
  /** Last changed first; a damaged one costs itself only. */
  lanes: z.array(z.unknown()).catch([]),
});

const KEY = "plume.lanes/1";
/** Pairs that are remembered. */
const REMEMBERED = 24;
/** A drag changes the lane with every movement; it is written down when it rests. */
const REST_MS = 250;

export type TextStore = Pick<Storage, "getItem" | "setItem">;
type Pair = Pick<Lane, "picture" | "sound">;
const isPair = (a: Pair, b: Pair): boolean => a.picture === b.picture && a.sound === b.sound;

/** What the user did to each picture and sound, kept over a reload. */
export class LaneDrafts {
  readonly #storage: TextStore;

  constructor(storage: TextStore) {
    this.#storage = storage;
  }

  /** The pair whose lane was open when the window closed. */
  get open(): Pair | null {
    return this.#read().open;
  }

  /** The lane of a pair as it was left, put onto a new one; null where there is none, or the sound is another now. */
  restore(fresh: Lane, media: { picture: PictureMedia; sound: SoundMedia }, jobs: readonly AnimateJob[]): Lane | null {
    const found = this.#drafts().find((draft) => isPair(draft, fresh));
    if (!found || found.version !== media.sound.version) return null;
    const { version: _, job, ...draft } = found;
    return { ...fresh, ...draft, job: jobs.some(({ id }) => id === job) ? job : null };
  }

  /** Writes a lane down; null: none is open. */
  save(lane: Lane | null, version: string): void {
    const drafts = this.#drafts();
    // A lane that has no keyframes yet is no work to lose.
    if (!lane || lane.keyframes.length === 0) return this.#write(lane, drafts);
    const { analysis: _, busy: _busy, turn: _turn, problem: _problem, ...own } = lane;
    const draft = laneDraftSchema.safeParse({ ...own, version });
    if (draft.success) this.#write(lane, [draft.data, ...drafts.filter((each) => !isPair(each, lane))]);
  }

  #drafts(): LaneDraft[] {
    return this.#read().lanes.flatMap((each) => laneDraftSchema.safeParse(each).data ?? []);
  }

  #read(): z.infer<typeof storedSchema> {
    try {
      return storedSchema.parse(JSON.parse(this.#storage.getItem(KEY) ?? "{}"));
    } catch {
      // Storage that is blocked or damaged costs the drafts, nothing else.
      return { open: null, lanes: [] };
    }
  }

  #write(lane: Lane | null, lanes: readonly LaneDraft[]): void {
    const open = lane ? { picture: lane.picture, sound: lane.sound } : null;
    try {
      this.#storage.setItem(KEY, JSON.stringify({ open, lanes: lanes.slice(0, REMEMBERED) }));
    } catch {
      // See #read.
    }
  }
}

/** Writes the open lane down whenever it has changed and rests, and at once when it closes. Returns a function that stops it. */
export function keepLanes(store: Store, drafts: LaneDrafts): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pending: (() => void) | null = null;
  const flush = () => {
    clearTimeout(timer);
    pending?.();
    pending = null;
  };
  const stop = store.subscribe(({ lane, media }, before) => {
    if (lane === before.lane) return;
    const version = media.find(({ id }) => id === lane?.sound)?.version ?? "";
    pending = () => drafts.save(lane, version);
    clearTimeout(timer);
    if (lane === null) flush();
    else timer = setTimeout(flush, REST_MS);
  });
  globalThis.addEventListener?.("pagehide", flush);
  return () => {
    flush();
    stop();
    globalThis.removeEventListener?.("pagehide", flush);
  };
}
