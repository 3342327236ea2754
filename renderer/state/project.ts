import { createStore, type StoreApi } from "zustand/vanilla";
import {
  type ErrorData,
  type ProjectChange,
  type ProjectState,
  type ProjectSummary,
  StudioError,
  type StudioEvent,
} from "../../core/contract/index.ts";
import { applyPatch, diff, type Patch, PatchError } from "../../core/history/index.ts";
import {
  type EditArguments,
  type EditName,
  newTimeline,
  ok,
  refuse,
  type Result,
  type Timeline,
} from "../../core/timeline/index.ts";
import type { WindowClient } from "../client/client.ts";
import { afterPaint, paints } from "../ui/after-paint.ts";
import { applyCall, type Call, enqueue, type Gesture, replay, withFacts } from "./project-calls.ts";

const UNTITLED = "Untitled";
/** How long a change may come later than the one that follows on it. */
const GAP_MS = 300;

/** The open project as the window shows it. */
export interface ProjectView {
  /** As the studio has confirmed it; null while none is open. */
  readonly state: ProjectState | null;
  /** The confirmed document with the edits on their way made on it. Empty while no project is open: the first edit makes one. */
  readonly document: Timeline;
  /** What undo and redo would do next. */
  readonly steps: ProjectState["steps"];
  /** How far the project is safe on disk. `at`: when that was told, milliseconds of Date.now. */
  readonly written: { readonly durable: number; readonly at: number | null; readonly problem: ErrorData | null };
  /** True while a project is being opened or made. */
  readonly opening: boolean;
  /** Why no project could be opened. */
  readonly problem: ErrorData | null;
}

export interface EditOptions {
  /** Edits of one gesture become one step of the history. */
  readonly gesture?: string;
  /** The edit is made to the document as it was before the gesture: a drag sends its whole way each time. */
  readonly fromStart?: boolean;
  /** A refusal is only returned, not told: while something is dragged, the pointer's place says enough. */
  readonly quiet?: boolean;
}

export interface ProjectSession {
  readonly store: StoreApi<ProjectView>;
  /** Makes an edit, in the window at once and in the studio after that. A refused edit changes nothing, and its sentence is told. */
  perform<N extends EditName>(name: N, args: EditArguments<N>, options?: EditOptions): Result<Timeline>;
  /** Ends a gesture, or takes all of it back as if it had never been. */
  endGesture(gesture: string, end: "keep" | "cancel"): void;
  undo(): void;
  redo(): void;
  /** Writes the project's file now. */
  save(): Promise<void>;
  /** The last used project where there is one; else an empty timeline stands ready for the first edit. Opens once. */
  openLast(): Promise<void>;
  open(id: string): Promise<void>;
  create(name: string): Promise<void>;
  /** Id of the open project; makes “Untitled” where none is open. Rejects with StudioError. */
  ensure(): Promise<string>;
  list(): Promise<ProjectSummary[]>;
  /** Labels of the steps, the oldest first; `future` begins with the one that would be redone first. */
  history(): Promise<{ readonly past: string[]; readonly future: string[] }>;
  /** Notes media in the project, so that edits can use them; makes a project where none is open. Rejects with StudioError. */
  useMedia(media: readonly string[]): Promise<void>;
  /** Takes in a change that a call of another kind has made (a clip was generated on the timeline). */
  take(change: ProjectChange): void;
  /** Resolves when the studio has answered every edit. */
  settled(): Promise<void>;
  /** Takes in what the studio tells. */
  receive(event: StudioEvent): void;
}

const closed = (): ProjectView => ({
  state: null,
  document: newTimeline(UNTITLED),
  steps: { undo: null, redo: null },
  written: { durable: 0, at: null, problem: null },
  opening: false,
  problem: null,
});

/**
 * The window's side of a project: shows edits before the studio has confirmed them, and follows the studio wherever it differs.
 * @param tell shows a sentence to the user
 */
export function createProjectSession(
  client: WindowClient,
  tell: (sentence: string, kind: "plain" | "problem") => void,
): ProjectSession {
  const store = createStore<ProjectView>(closed);
  const set = (change: Partial<ProjectView>) => store.setState(change);
  /** Not yet answered, the first of them perhaps on its way. */
  let queue: readonly Call[] = [];
  let sending: Promise<void> | null = null;
  let isAway = false;
  let gesture: Gesture | null = null;
  /** Changes told while a call is on its way: which of them is the answer is known only with it. */
  let inbox: ProjectChange[] = [];
  let asked: Promise<void> | null = null;
  let making: Promise<string> | null = null;
  /** Another project is being opened. */
  let changing: Promise<void> | null = null;
  /** All that were asked for so far are opened. */
  let order: Promise<void> = Promise.resolve();
  let waiting: ReturnType<typeof setTimeout> | undefined;

  const idOf = (): string | null => store.getState().state?.id ?? null;

  /** Shows this state; `keeps`: with the edits on their way made on it. */
  function adopt(state: ProjectState, keeps: boolean): void {
    const { state: known } = store.getState();
    // An answer can be overtaken by the changes that came after it.
    if (keeps && known?.id === state.id && known.revision > state.revision) return;
    if (!keeps) [queue, gesture] = [[], null];
    if (gesture !== null) gesture = { ...gesture, base: withFacts(gesture.base, state.document) };
    set({
      state,
      document: replay(state.document, gesture, queue),
      steps: state.steps,
      written: { durable: state.durable, at: keeps ? store.getState().written.at : null, problem: null },
      opening: false,
      problem: null,
    });
    inbox = inbox.filter((change) => change.id === state.id && change.revision > state.revision);
    if (inbox.length > 0) digest(null);
    if (!keeps && state.notice !== null) tell(state.notice, "plain");
  }

  /** Takes over the changes that follow on what is known. `own`: the revision that this window's own call has made. */
  function digest(own: number | null): void {
    let foreign = false;
    for (;;) {
      const { state } = store.getState();
      if (state === null) break;
      const next = inbox.find(({ id, from }) => id === state.id && from === state.revision);
      inbox = inbox.filter((change) => change !== next && (change.id !== state.id || change.revision > state.revision));
      if (next === undefined) break;
      try {
        const document = applyPatch(state.document, next.patch as Patch);
        foreign ||= next.revision !== own && next.patch.length > 0;
        set({ state: { ...state, revision: next.revision, document, steps: next.steps }, steps: next.steps });
      } catch (cause) {
        if (!(cause instanceof PatchError)) throw cause;
        void reopen();
        return;
      }
    }
    const { state } = store.getState();
    if (state === null) return;
    if (inbox.some(({ id }) => id === state.id)) {
      // One in between has not come yet: the answers to calls and the events come on different ways.
      clearTimeout(waiting);
      waiting = setTimeout(() => void (inbox.length > 0 ? reopen() : undefined), GAP_MS);
    } else if (queue.length === 0 && gesture === null) settle(state);
    else if (foreign) {
      if (gesture !== null) gesture = { ...gesture, base: withFacts(gesture.base, state.document) };
      set({ document: replay(state.document, gesture, queue) });
    }
  }

  /**
   * Every edit is answered: what the studio has is what is shown. Where that says the same as what the window has made itself, the
   * objects that are shown already stay, so that nothing is drawn a second time for the answer.
   */
  function settle(state: ProjectState): void {
    const { document } = store.getState();
    if (document === state.document) return;
    if (diff(document, state.document).length === 0) set({ state: { ...state, document } });
    else set({ document: state.document });
  }

  /** What the studio tells does not follow on what is known: everything is asked anew. */
  async function reopen(): Promise<void> {
    const id = idOf();
    if (id === null) return;
    try {
      adopt(await client.call("projects.open", { id }), true);
    } catch (cause) {
      tell(StudioError.from(cause).message, "problem");
    }
  }

  function send(call: Call): void {
    const away = isAway ? queue.slice(0, 1) : [];
    queue = [...away, ...enqueue(queue.slice(away.length), call)];
    sending ??= pump().finally(() => {
      sending = null;
    });
  }

  async function pump(): Promise<void> {
    // An edit is shown before it is told: telling takes a part of the frame. What is shown only with the answer is told at once.
    if (queue[0]?.type === "edit" && paints()) await new Promise<void>(afterPaint);
    while (queue.length > 0) {
      const call = queue[0]!;
      isAway = true;
      try {
        const id = await ensure();
        // Another project may have been opened meanwhile, of which this call knows nothing.
        if (queue[0] !== call) continue;
        const change = await ask(id, call);
        isAway = false;
        if (queue[0] === call) queue = queue.slice(1);
        inbox = [...inbox, change];
        digest(change.revision);
      } catch (cause) {
        isAway = false;
        // What came after was made on something that never was: the studio's document is the one that counts.
        [queue, gesture] = [[], null];
        const { state } = store.getState();
        set({ document: state?.document ?? newTimeline(UNTITLED) });
        tell(StudioError.from(cause).message, "problem");
        if (state !== null) await reopen();
      }
    }
  }

  function ask(id: string, call: Call): Promise<ProjectChange> {
    if (call.type === "undo") return client.call("projects.undo", { id });
    if (call.type === "redo") return client.call("projects.redo", { id });
    if (call.type === "gesture") return client.call("projects.gesture", { id, gesture: call.gesture, end: call.end });
    const { name, arguments: args, gesture: ofGesture, fromStart } = call;
    return client.call("projects.edit", { id, name, arguments: args, gesture: ofGesture, fromStart });
  }

  async function ensure(): Promise<string> {
    // Making one while the last one is being opened would make one too many.
    await changing;
    const id = idOf();
    if (id !== null) return id;
    making ??= client
      .call("projects.create", { name: UNTITLED })
      .then((state) => {
        adopt(state, true);
        return state.id;
      })
      .finally(() => {
        making = null;
      });
    return making;
  }

  /** Shows another project; null: there is none to show. One after the other: what was asked for last is what stays. */
  function change(work: () => Promise<ProjectState | null>): Promise<void> {
    order = order.then(async () => {
      await sending;
      set({ opening: true, problem: null });
      changing = show(work);
      await changing;
      changing = null;
    });
    return order;
  }

  async function show(work: () => Promise<ProjectState | null>): Promise<void> {
    try {
      const state = await work();
      if (state !== null) adopt(state, false);
    } catch (cause) {
      const error = StudioError.from(cause);
      set({ problem: error.toData() });
      tell(error.message, "problem");
    } finally {
      set({ opening: false });
    }
  }

  function step(type: "undo" | "redo"): void {
    const { state, steps } = store.getState();
    gesture = null;
    if (state?.readOnly == null && (steps[type] !== null || queue.length > 0)) send({ type });
  }

  function take(change: ProjectChange): void {
    const isOwn = change.id === idOf();
    // Changes of a project that is being opened may come before it.
    if (!isOwn && making === null && !store.getState().opening) return;
    inbox = [...inbox, change];
    if (isOwn && !isAway) digest(null);
  }

  return {
    store,
    ensure,

    perform(name, args, options = {}) {
      const { state, document } = store.getState();
      const refused = (error: { readonly message: string }) => {
        if (options.quiet !== true) tell(error.message, "problem");
      };
      if (state !== null && state.readOnly !== null) {
        refused({ message: state.readOnly });
        return refuse("TRACK_LOCKED", state.readOnly);
      }
      const id = options.gesture;
      if (gesture !== null && gesture.id !== id) gesture = null;
      if (id !== undefined) gesture ??= { id, base: document };
      const call: Call = { type: "edit", name, arguments: args, gesture: id, fromStart: options.fromStart };
      const result = applyCall(document, gesture, call);
      if (!result.ok) {
        refused(result.error);
        return result;
      }
      set({ document: result.value });
      send(call);
      return ok(result.value);
    },

    endGesture(id, end) {
      const base = gesture?.id === id ? gesture.base : null;
      gesture = null;
      const isOf = (call: Call) => call.type === "edit" && call.gesture === id;
      if (end === "cancel") {
        const first = isAway ? 1 : 0;
        queue = [...queue.slice(0, first), ...queue.slice(first).filter((call) => !isOf(call))];
        if (base !== null) set({ document: base });
      }
      if (base !== null) send({ type: "gesture", gesture: id, end });
    },

    async save() {
      const id = idOf();
      if (id === null) return;
      await sending;
      try {
        const { durable, problem } = await client.call("projects.save", { id });
        const { at } = store.getState().written;
        set({ written: { durable, problem, at: problem === null ? Date.now() : at } });
      } catch (cause) {
        tell(StudioError.from(cause).message, "problem");
      }
    },
    undo: () => step("undo"),
    redo: () => step("redo"),

    openLast() {
      asked ??= change(async () => {
        const [last] = await client.call("projects.list", {});
        return last === undefined ? null : client.call("projects.open", { id: last.id });
      });
      return asked;
    },
    open: (id) => change(() => client.call("projects.open", { id })),
    create: (name) => change(() => client.call("projects.create", { name })),
    list: () => client.call("projects.list", {}),
    async history() {
      const id = idOf();
      return id === null ? { past: [], future: [] } : client.call("projects.history", { id });
    },
    async useMedia(media) {
      const known = store.getState().document.media;
      const missing = media.filter((id) => !Object.hasOwn(known, id));
      if (missing.length === 0) return;
      const id = await ensure();
      take(await client.call("projects.useMedia", { id, media: missing }));
      await sending;
      // A change before this one is still on its way: edits with these media would be refused.
      const { document } = store.getState();
      if (missing.some((each) => !Object.hasOwn(document.media, each))) await reopen();
    },
    take,
    async settled() {
      for (let work = sending; work !== null; work = sending) await work;
    },

    receive(event) {
      const id = idOf();
      if (event.type === "hello") void reopen();
      else if (event.type === "project-changed") take(event.change);
      else if (event.type === "project-written" && event.written.id === id) {
        const { durable, problem } = event.written;
        const { at } = store.getState().written;
        set({ written: { durable, problem, at: problem === null ? Date.now() : at } });
      } else if (event.type === "project-closed" && event.id === id) {
        [queue, gesture, inbox] = [[], null, []];
        set(closed());
      }
    },
  };
}
