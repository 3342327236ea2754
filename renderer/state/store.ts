import { createStore, type StoreApi } from "zustand/vanilla";
import {
  asLaneMedia,
  type Clip,
  type ClipRecord,
  type ErrorData,
  isMediaJob,
  type JobSnapshot,
  type LaneMedia,
  type Media,
  type MediaJob,
  type ModelSummary,
  type QueueState,
  type StudioEvent,
  type SystemInfo,
} from "../../core/contract/index.ts";
import { nameOf } from "../ui/words.ts";
import type { Draft } from "./draft.ts";
import type { Lane } from "./lane.ts";

export type Connection = "connecting" | "open" | "lost" | "ended";

export interface Notice {
  readonly text: string;
  readonly kind: "plain" | "problem";
  /** What Ctrl+Z takes back of that which the notice tells of: a clip's removal, or that of a picture or sound; null: nothing. */
  readonly undo: "clip" | { readonly media: string } | null;
}

/** What files say of how they were made, and the user may take over. */
export interface Offer {
  /** Names of the files that say it. */
  readonly files: readonly string[];
  readonly records: readonly ClipRecord[];
}

export interface State {
  readonly connection: Connection;
  /** False until the first `hello` and the first list of clips are in: an empty studio must not be shown too early. */
  readonly ready: boolean;
  readonly system: SystemInfo | null;
  readonly models: readonly ModelSummary[];
  /** In the order in which the studio told of them. */
  readonly jobs: readonly Exclude<JobSnapshot, MediaJob>[];
  /** What the studio does for media by itself: apart, because these are many and nothing but the queue shows them. */
  readonly mediaJobs: readonly MediaJob[];
  /** Their order, and what holds them. */
  readonly queue: QueueState;
  readonly showsQueue: boolean;
  /** Counts changes of what clips are made with: what was planned before is planned anew. */
  readonly computerTurn: number;
  /** Newest first. */
  readonly clips: readonly Clip[];
  /** What animations are made from, newest first: pictures and sounds, of a film its sound. */
  readonly media: readonly LaneMedia[];
  /** Everything that the user gave to the studio, newest first. */
  readonly catalogue: readonly Media[];
  /** Files on their way into the list. */
  readonly adding: number;
  /** Pictures and sounds that are selected, at most one of each. */
  readonly picked: readonly string[];
  /** The open motion lane. */
  readonly lane: Lane | null;
  readonly draft: Draft;
  /** Why the studio refused the draft; cleared by the next keystroke. */
  readonly problem: ErrorData | null;
  /** Requests on their way to the studio. At the first start one waits there until the model is ready. */
  readonly sending: number;
  /** Key of the tile that the inspector shows. */
  readonly selected: string | null;
  /** Key of the tile in the player. */
  readonly playing: string | null;
  readonly showsShortcuts: boolean;
  readonly notice: Notice | null;
  readonly offer: Offer | null;
  /** Clips in the trash, last removed last. */
  readonly removed: readonly Clip[];
  /** What a screen reader is told next. */
  readonly announcement: string;
}

export type Store = StoreApi<State>;

export function createStudioStore(draft: Draft): Store {
  return createStore<State>(() => ({
    connection: "connecting",
    ready: false,
    system: null,
    models: [],
    jobs: [],
    mediaJobs: [],
    queue: { order: [], hold: null },
    showsQueue: false,
    computerTurn: 0,
    clips: [],
    media: [],
    catalogue: [],
    adding: 0,
    picked: [],
    lane: null,
    draft,
    problem: null,
    sending: 0,
    selected: null,
    playing: null,
    showsShortcuts: false,
    notice: null,
    offer: null,
    removed: [],
    announcement: "",
  }));
}

/** Every list of media, of one list of the studio's. */
export const mediaState = (catalogue: readonly Media[]): Pick<State, "media" | "catalogue"> => ({
  catalogue,
  media: catalogue.flatMap((each) => asLaneMedia(each) ?? []),
});

/** The state after one event of the studio. Pure: this is the only way in which jobs, models and clips change. */
export function reduce(state: State, event: StudioEvent): Partial<State> {
  if (event.type === "hello") {
    const { models, queue } = event;
    return { jobs: event.jobs.filter(isOwn), mediaJobs: event.jobs.filter(isMediaJob), models, queue };
  }
  if (event.type === "queue") return queueState(state, event.queue);
  if (event.type === "models") return { models: event.models };
  if (event.type === "library") return { clips: event.clips };
  if (event.type === "media") return mediaState(event.media);
  if (event.type === "job-dismissed") {
    const isOther = ({ id }: JobSnapshot): boolean => id !== event.id;
    return state.jobs.every(isOther)
      ? { mediaJobs: state.mediaJobs.filter(isOther) }
      : { jobs: state.jobs.filter(isOther) };
  }
  if (event.type !== "job") return {}; // projects are the editor's own business
  const { job } = event;
  if (isMediaJob(job)) return { mediaJobs: withJob(state.mediaJobs, job) };
  const at = state.jobs.findIndex(({ id }) => id === job.id);
  const jobs = withJob(state.jobs, job);
  const isNews = job.state !== "queued" && job.state !== state.jobs[at]?.state;
  return isNews ? { jobs, announcement: sentence(job) } : { jobs };
}

const isOwn = (job: JobSnapshot): job is State["jobs"][number] => !isMediaJob(job);

function withJob<J extends JobSnapshot>(jobs: readonly J[], job: J): readonly J[] {
  const at = jobs.findIndex(({ id }) => id === job.id);
  return at < 0 ? [...jobs, job] : jobs.with(at, job);
}

/** Jobs in the order that the studio told; one that it did not speak of is newer and stands at the end. */
function queueState(state: State, queue: QueueState): Partial<State> {
  const place = new Map(queue.order.map((id, i) => [id, i]));
  const at = ({ id }: JobSnapshot): number => place.get(id) ?? place.size;
  const jobs = state.jobs.toSorted((a, b) => at(a) - at(b));
  const mediaJobs = state.mediaJobs.toSorted((a, b) => at(a) - at(b));
  const { hold } = queue;
  if (hold === null && state.queue.hold !== null) return { queue, jobs, mediaJobs, announcement: "The queue goes on." };
  const isNews = hold !== null && state.queue.hold === null;
  return { queue, jobs, mediaJobs, ...(isNews ? { announcement: hold.message } : {}) };
}

/** What a screen reader says when a job changes its state; a queued one is announced by who queued it. */
function sentence(job: JobSnapshot): string {
  const name = nameOf(job);
  const sentences = {
    queued: "",
    running: `Making ${name}.`,
    waiting: `The keyframes of ${name} are ready to be looked at.`,
    paused: `Paused ${name}.`,
    done: `Finished ${name}.`,
    failed: `${name} failed: ${job.error?.message ?? ""}`,
    cancelled: `Stopped ${name}.`,
  };
  return sentences[job.state];
}
