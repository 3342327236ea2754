import { basename } from "node:path";
import {
  type ProjectChange,
  type ProjectState,
  type ProjectWritten,
  StudioError,
} from "../../../core/contract/index.ts";
import {
  cancelGesture,
  commit,
  diff,
  type EditOptions,
  endGesture,
  type History,
  newHistory,
  perform,
  redo,
  undo,
} from "../../../core/history/index.ts";
import type { EditError, Result, Timeline } from "../../../core/timeline/index.ts";
import type { LoadedProject } from "./load.ts";
import { publicPatch, publicTimeline } from "./media.ts";
import type { ProjectStore } from "./store.ts";

/** The file is written this long after the last change; until then the journal has it. */
const SAVE_AFTER_MS = 20_000;

/** An open project: its document with history, kept in step with the disk. */
export class Project {
  readonly id: string;
  private readonly store: ProjectStore;
  private readonly notice: string | null;
  private readonly tell: (change: ProjectChange) => void;
  private history: History;
  private revision: number;
  private durable: number;
  private problem: StudioError | null = null;
  private saveTimer: NodeJS.Timeout | undefined;

  constructor(
    id: string,
    store: ProjectStore,
    loaded: LoadedProject,
    tell: { changed(change: ProjectChange): void; written(written: ProjectWritten): void },
  ) {
    this.id = id;
    this.store = store;
    this.notice = noticeOf(loaded);
    this.history = newHistory(loaded.timeline);
    this.revision = loaded.revision;
    this.durable = loaded.revision;
    this.tell = (change) => tell.changed(change);
    store.onWritten = (durable, problem) => {
      this.durable = durable;
      this.problem = problem;
      tell.written(this.written());
    };
  }

  get folder(): string {
    return this.store.place.folder;
  }

  /** False where it can only be looked at. */
  get isWritable(): boolean {
    return this.store.readOnly === null;
  }

  get document(): Timeline {
    return this.history.present;
  }

  state(): ProjectState {
    return {
      id: this.id,
      name: basename(this.folder),
      readOnly: this.store.readOnly,
      notice: this.notice,
      revision: this.revision,
      durable: this.durable,
      document: publicTimeline(this.history.present),
      steps: this.steps(),
    };
  }

  written(): ProjectWritten {
    return { id: this.id, durable: this.durable, problem: this.problem?.toData() ?? null };
  }

  labels(): { past: string[]; future: string[] } {
    return { past: labels(this.history.past), future: labels(this.history.future).reverse() };
  }

  /** Errors: EDIT_REFUSED, PROJECT_READ_ONLY. */
  edit(call: { readonly name: string; readonly arguments: unknown }, options: EditOptions = {}): ProjectChange {
    return this.take(perform(this.history, call, options));
  }

  /** An edit that has no name of its own: several as one. Errors: as `edit`. */
  change(label: string, edit: (document: Timeline) => Result<Timeline>, gesture?: string): ProjectChange {
    const result = edit(this.history.present);
    return this.take(result.ok ? { ok: true, value: commit(this.history, result.value, label, gesture) } : result);
  }

  undo(): ProjectChange {
    return this.take(undo(this.history));
  }

  redo(): ProjectChange {
    return this.take(redo(this.history));
  }

  /** Ends a gesture. One that is not going on (any more) changes nothing. */
  endGesture(gesture: string, end: "keep" | "cancel"): ProjectChange {
    const goesOn = this.history.gesture?.id === gesture;
    const next = !goesOn
      ? this.history
      : end === "keep"
        ? endGesture(this.history)
        : cancelGesture(this.history, gesture);
    return this.take({ ok: true, value: next });
  }

  async save(): Promise<ProjectWritten> {
    clearTimeout(this.saveTimer);
    await this.store.save();
    return this.written();
  }

  async close(): Promise<void> {
    clearTimeout(this.saveTimer);
    await this.store.close();
  }

  private take(result: Result<History>): ProjectChange {
    if (this.store.readOnly !== null) throw new StudioError("PROJECT_READ_ONLY", this.store.readOnly);
    if (!result.ok) throw refusal(result.error);
    const [before, from] = [this.history.present, this.revision];
    this.history = result.value;
    this.revision = this.store.accept(result.value.present, result.value.past.at(-1)?.label ?? "");
    const patch = publicPatch(diff(before, result.value.present));
    const change: ProjectChange = {
      id: this.id,
      from,
      revision: this.revision,
      patch: [...patch] as ProjectChange["patch"],
      steps: this.steps(),
    };
    this.tell(change);
    if (this.revision !== from) this.saveSoon();
    return change;
  }

  private steps(): ProjectState["steps"] {
    const { past, future } = this.history;
    return { undo: past.at(-1)?.label ?? null, redo: future.at(-1)?.label ?? null };
  }

  private saveSoon(): void {
    clearTimeout(this.saveTimer);
    // What goes wrong is told by onWritten when it concerns the journal; the next change tries again.
    this.saveTimer = setTimeout(() => {
      this.save().catch((error: unknown) => {
        this.problem = StudioError.from(error);
        this.store.onWritten(this.durable, this.problem);
      });
    }, SAVE_AFTER_MS).unref();
  }
}

const labels = (entries: History["past"]): string[] => entries.map(({ label }) => label);

const refusal = ({ code, message }: EditError): StudioError =>
  new StudioError(
    code === "NOT_FOUND" ? "NOT_FOUND" : code === "BAD_ARGUMENT" ? "BAD_REQUEST" : "EDIT_REFUSED",
    message,
    code,
  );

function noticeOf({ backup, recovered, newer }: LoadedProject): string | null {
  if (newer) return null;
  const count = recovered.length;
  const edits = `${count} ${count === 1 ? "change" : "changes"}`;
  if (backup !== null)
    return count === 0
      ? "The project file was damaged: an earlier save was opened, and the damaged file kept beside it."
      : `The project file was damaged: an earlier save was opened with the ${edits} made since.`;
  return count === 0
    ? null
    : `The studio ended before the last save: ${edits} made since ${count === 1 ? "was" : "were"} recovered.`;
}
