import {
  applyEdit,
  clipsOf,
  type EditName,
  edits,
  labelOf,
  type MediaReference,
  ok,
  refuse,
  type Result,
  type Timeline,
} from "../timeline/index.ts";
import { applyPatch, diff, type Patch } from "./patch.ts";

/** One step that a person can undo. */
export interface Entry {
  /** “Trim ‘rain’” */
  readonly label: string;
  readonly forward: Patch;
  readonly backward: Patch;
}

/** What the machine found out (media, how jobs ended). True whatever is undone, so it is kept beside the steps and never in them. */
interface Facts {
  readonly media: Readonly<Record<string, MediaReference>>;
  readonly jobs: Readonly<Record<string, { readonly media: string | null; readonly problem: string | null }>>;
}

/** A document with its past and its undone future: a value, as the document is. */
export interface History {
  readonly present: Timeline;
  /**
   * The present without what the machine found out since the last step: what the patches of the steps lead from and to. So a patch
   * always meets exactly the document that it was made for, and the facts are told to the result anew.
   */
  readonly ground: Timeline;
  readonly past: readonly Entry[];
  /** The step that would be redone first comes last. */
  readonly future: readonly Entry[];
  readonly gesture: Gesture | null;
  readonly facts: Facts;
}

/** A gesture that goes on (a drag), and how everything was before it. */
interface Gesture {
  readonly id: string;
  readonly base: Timeline;
  readonly ground: Timeline;
  readonly past: readonly Entry[];
  readonly future: readonly Entry[];
}

/** Older steps are forgotten. */
const MAX_ENTRIES = 1000;

export const newHistory = (document: Timeline): History => ({
  present: document,
  ground: document,
  past: [],
  future: [],
  gesture: null,
  facts: { media: {}, jobs: {} },
});

/** An edit as data. */
interface Call {
  readonly name: string;
  readonly arguments: unknown;
}

export interface EditOptions {
  /** Edits of one gesture become one step. */
  readonly gesture?: string | undefined;
  /** True: the edit is made to the document as it was before the gesture, so that a drag sends its whole way each time. */
  readonly fromStart?: boolean | undefined;
}

/** Makes an edit. Errors: those of the edit; the history is then as it was. */
export function perform(history: History, call: Call, options: EditOptions = {}): Result<History> {
  if (Object.hasOwn(edits, call.name) && edits[call.name as EditName].machine) return learn(history, call);
  const { gesture } = history;
  const from = gesture?.id === options.gesture && options.fromStart === true ? gesture!.base : history.present;
  const result = applyEdit(from, call);
  if (!result.ok) return result;
  return ok(commit(history, result.value, labelOf(from, call), options.gesture));
}

/** Takes a new document over as one step. */
export function commit(history: History, next: Timeline, label: string, gestureId?: string): History {
  const { present: base, ground, past, future } = history;
  const goesOn = gestureId !== undefined && history.gesture?.id === gestureId;
  const before = goesOn ? history.gesture : { id: gestureId ?? "", base, ground, past, future };
  const gesture = gestureId === undefined ? null : before;
  // A gesture that comes back to where it began has changed nothing, and costs no future.
  if (diff(before.base, next).length === 0)
    return {
      ...history,
      present: before.base,
      ground: before.ground,
      past: before.past,
      future: before.future,
      gesture,
    };
  const entry = { label, forward: diff(before.ground, next), backward: diff(next, before.ground) };
  const media = Object.values(history.facts.media).filter(({ id }) => next.media[id] !== undefined);
  return {
    present: next,
    ground: next,
    past: [...before.past, entry].slice(-MAX_ENTRIES),
    future: [],
    gesture,
    // Media that was removed on purpose is not told anew.
    facts: { ...history.facts, media: Object.fromEntries(media.map((each) => [each.id, each])) },
  };
}

/** Ends a gesture: what follows is a new step. */
export const endGesture = (history: History): History =>
  history.gesture === null ? history : { ...history, gesture: null };

/** Goes back to before the gesture, as if it had never been (Esc during a drag). */
export function cancelGesture(history: History, id: string): History {
  if (history.gesture?.id !== id) return history;
  const { base, ground, past, future } = history.gesture;
  return { ...history, present: base, ground, past, future, gesture: null };
}

/** Takes the last step back. Errors: NOT_FOUND where there is none. */
export function undo(history: History): Result<History> {
  const entry = history.past.at(-1);
  if (entry === undefined) return refuse("NOT_FOUND", "There is nothing to undo.");
  const ground = applyPatch(history.ground, entry.backward);
  const past = history.past.slice(0, -1);
  return ok(stepTo(history, ground, past, [...history.future, entry]));
}

/** Makes the last undone step again. Errors: NOT_FOUND where there is none. */
export function redo(history: History): Result<History> {
  const entry = history.future.at(-1);
  if (entry === undefined) return refuse("NOT_FOUND", "There is nothing to redo.");
  const ground = applyPatch(history.ground, entry.forward);
  return ok(stepTo(history, ground, [...history.past, entry], history.future.slice(0, -1)));
}

const stepTo = ({ facts }: History, ground: Timeline, past: readonly Entry[], future: readonly Entry[]): History => ({
  present: reconcile(ground, facts),
  ground,
  past,
  future,
  gesture: null,
  facts,
});

/** A place in the history to come back to. */
export const mark = (history: History): number => history.past.length;

/** Takes everything since the mark back, without a way to redo it. */
export function cancelTo(history: History, place: number): History {
  let current = history;
  while (current.past.length > place) {
    const back = undo(current);
    if (!back.ok) break;
    current = { ...back.value, future: [] };
  }
  return current;
}

function learn(history: History, call: Call): Result<History> {
  const result = applyEdit(history.present, call);
  if (!result.ok) return result;
  const { gesture } = history;
  return ok({
    ...history,
    facts: withFact(history.facts, call),
    present: result.value,
    gesture: gesture && { ...gesture, base: tell(gesture.base, call) },
  });
}

function withFact(facts: Facts, call: Call): Facts {
  if (call.name === "addMedia") {
    const { media } = edits.addMedia.arguments.parse(call.arguments);
    return { ...facts, media: { ...facts.media, ...Object.fromEntries(media.map((each) => [each.id, each])) } };
  }
  const { job, ...end } = edits.settleJob.arguments.parse(call.arguments);
  return { ...facts, jobs: { ...facts.jobs, [job]: end } };
}

/** The document with all that is known: an undone step may bring back a clip that waits for a job long ended. */
function reconcile(document: Timeline, facts: Facts): Timeline {
  const media = Object.values(facts.media).filter((each) => document.media[each.id] !== each);
  let current = media.length === 0 ? document : tell(document, { name: "addMedia", arguments: { media } });
  const waiting = new Set<string>();
  for (const { content } of clipsOf(document))
    if (content.type === "media")
      for (const { job, media: made, problem } of content.takes)
        if (job !== null && made === null && problem === null) waiting.add(job);
  for (const job of waiting)
    if (Object.hasOwn(facts.jobs, job))
      current = tell(current, { name: "settleJob", arguments: { job, ...facts.jobs[job]! } });
  return current;
}

/** A fact that does not fit any more is passed over. */
function tell(document: Timeline, call: Call): Timeline {
  const result = applyEdit(document, call);
  return result.ok ? result.value : document;
}
