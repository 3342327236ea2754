import { copyFile, link, mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import { diff } from "../../../core/history/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { partPath, sweepParts } from "../../media/index.ts";
import { replaceFile } from "../files.ts";
import { Journal } from "../journal.ts";
import { type Lock, lockProject } from "../lock.ts";
import { type JournalLine, PROJECT_VERSION, writeProjectFile } from "./format.ts";
import { type LoadedProject, loadProject } from "./load.ts";
import { backupNames, newNameIn, OLD_NAME, type ProjectPlace, revisionOf } from "./place.ts";

/** How many earlier saves are kept. */
const BACKUPS = 5;
/** How long after a failed write (a full disk, a network folder that is away) it is tried again. */
const RETRY_MS = 1000;

interface StoreParts {
  readonly readOnly: string | null;
  readonly journal: Journal | null;
  readonly lock: Lock | null;
  readonly lines: readonly JournalLine[];
  readonly log: (line: string) => void;
}

/**
 * One open project on disk. Every accepted change goes to the journal at once (the next write takes all that has come meanwhile, so that
 * a slow disk delays nothing for long); `save` writes the whole file. What is on disk at any moment opens as the last change that
 * reached the journal.
 *
 * The journal keeps what came after the newest *backup*, not only after the file: should the file be damaged, the backup and the journal
 * still lead to the same place.
 */
export class ProjectStore {
  readonly place: ProjectPlace;
  /** Null when the project can be changed; otherwise one sentence that says why not. */
  readonly readOnly: string | null;
  private readonly journal: Journal | null;
  private readonly lock: Lock | null;
  private readonly log: (line: string) => void;
  /** Lines since the backup; the last ones are not in the file yet. */
  private lines: JournalLine[];
  private timeline: Timeline;
  private revision: number;
  private fileRevision: number;
  private durable: number;
  private waiting: JournalLine[] = [];
  private flushing: Promise<void> | null = null;
  private retry: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();
  /** Told after each attempt to write: up to which change all is on disk, and what went wrong if something did. */
  onWritten: (durable: number, problem: StudioError | null) => void = () => {};

  private constructor(place: ProjectPlace, loaded: LoadedProject, parts: StoreParts) {
    this.place = place;
    this.readOnly = parts.readOnly;
    this.journal = parts.journal;
    this.lock = parts.lock;
    this.log = parts.log;
    this.timeline = loaded.timeline;
    this.revision = loaded.revision;
    this.durable = loaded.revision;
    this.fileRevision = loaded.fileRevision;
    this.lines = [...parts.lines];
  }

  /** Makes the folder of a new project. Errors: FileExistsError, the file system's. */
  static async create(place: ProjectPlace, timeline: Timeline): Promise<void> {
    await mkdir(place.backups, { recursive: true });
    await replaceFile(place.file, writeProjectFile(timeline, 0, new Date().toISOString()));
  }

  /** Opens for changing where that is possible, else for looking. Errors: those of `loadProject`. */
  static async open(
    place: ProjectPlace,
    log: (line: string) => void,
  ): Promise<{ store: ProjectStore; loaded: LoadedProject }> {
    // Looked at first: a folder without a project gets no hidden folder, and a project of a newer studio is left untouched.
    const seen = await loadProject(place);
    if (seen.newer) {
      const readOnly =
        "This project was made by a newer Plume Studio: it can be looked at, and changed after an update.";
      return {
        store: new ProjectStore(place, seen, { readOnly, journal: null, lock: null, lines: [], log }),
        loaded: seen,
      };
    }
    const lock = await takeLock(place, log);
    if (typeof lock === "string")
      return {
        store: new ProjectStore(place, seen, { readOnly: lock, journal: null, lock: null, lines: [], log }),
        loaded: seen,
      };
    const named = await withNewName(place, log);
    try {
      await sweepParts(named.folder);
      await sweepParts(named.hidden);
      // Read again: whoever held the lock until now may have written.
      const loaded = await loadProject(named);
      const oldest = revisionOf((await backupNames(named.backups))[0] ?? "project-0.json");
      const lines = loaded.lines.filter(({ revision }) => revision > oldest);
      if (loaded.lost > 0) await copyFile(named.journal, `${named.journal}.lost-${Date.now()}`);
      const journal = await Journal.open(named.journal, () => lines, log);
      const store = new ProjectStore(named, loaded, { readOnly: null, journal, lock, lines, log });
      // Kept for whoever wants to look into it; it is no backup.
      if (loaded.backup !== null)
        await copyFile(named.file, join(named.hidden, `damaged-${Date.now()}.json`)).catch(() => {});
      // Written anew at once, so that what follows fits to it.
      if (loaded.migrated || loaded.backup !== null) await store.write({ force: true, keep: loaded.backup === null });
      return { store, loaded };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get savedRevision(): number {
    return this.fileRevision;
  }

  /** Takes a change over; returns its revision. The document is now `timeline`. */
  accept(timeline: Timeline, label: string): number {
    if (this.readOnly !== null) throw new StudioError("PROJECT_READ_ONLY", this.readOnly);
    const patch = diff(this.timeline, timeline);
    if (patch.length === 0) return this.revision;
    this.revision++;
    this.timeline = timeline;
    const line = { version: PROJECT_VERSION, revision: this.revision, label, patch };
    this.lines.push(line);
    this.waiting.push(line);
    this.startFlush();
    return this.revision;
  }

  /** Resolves when every change so far has reached the journal, or could not. */
  async written(): Promise<void> {
    await this.flushing;
  }

  private startFlush(): void {
    if (this.flushing === null && this.waiting.length > 0) this.flushing = this.flush();
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const lines = this.waiting;
      this.waiting = [];
      try {
        await this.journal!.appendEach(lines);
        this.durable = lines.at(-1)!.revision;
        this.onWritten(this.durable, null);
      } catch (error) {
        // Kept for the next attempt, in order: the next change, or a save, which holds them all.
        this.waiting = [...lines, ...this.waiting];
        this.log(`project journal: ${String(error)}`);
        this.onWritten(this.durable, StudioError.from(error));
        this.retry = setTimeout(() => this.startFlush(), RETRY_MS).unref();
        break;
      }
    }
    this.flushing = null;
  }

  /** Writes the file, and keeps the one before as a backup. Errors: DISK_FULL, OUTPUT_UNWRITABLE; the journal is then as it was. */
  save(): Promise<void> {
    const saved = this.saving.then(() => this.write({ force: false, keep: true }));
    this.saving = saved.catch(() => {});
    return saved;
  }

  /** @param keep the file that is there becomes a backup */
  private async write({ force, keep }: { force: boolean; keep: boolean }): Promise<void> {
    if (this.readOnly !== null) throw new StudioError("PROJECT_READ_ONLY", this.readOnly);
    await this.flushing;
    const { timeline, revision, fileRevision } = this;
    if (revision === fileRevision && !force) return;
    try {
      if (keep) await this.rotate(fileRevision);
      await replaceFile(this.place.file, writeProjectFile(timeline, revision, new Date().toISOString()));
    } catch (error) {
      throw StudioError.from(error);
    }
    this.fileRevision = revision;
    this.durable = Math.max(this.durable, revision);
    this.waiting = this.waiting.filter((line) => line.revision > revision);
    if (keep) this.lines = this.lines.filter((line) => line.revision > fileRevision);
    // Whatever is written meanwhile comes behind. Should this fail, the lines that the file holds already are passed over.
    const unwritten = new Set(this.waiting);
    await this.journal!.rewrite(this.lines.filter((line) => !unwritten.has(line))).catch((error: unknown) =>
      this.log(`project journal: ${String(error)}`),
    );
    this.onWritten(this.durable, null);
  }

  /** Keeps the present file under its revision. A hard link where possible: no bytes are copied, and the rename that follows parts the two. */
  private async rotate(revision: number): Promise<void> {
    await mkdir(this.place.backups, { recursive: true });
    const target = join(this.place.backups, `project-${revision}.json`);
    await rm(target, { force: true });
    try {
      await link(this.place.file, target);
    } catch {
      const part = partPath(this.place.backups);
      await copyFile(this.place.file, part);
      await rename(part, target);
    }
    for (const name of (await backupNames(this.place.backups)).slice(BACKUPS))
      await rm(join(this.place.backups, name), { force: true });
  }

  /** Saves what is not saved, and lets go of the project. Never rejects: the journal has every change that a save could not write. */
  async close(): Promise<void> {
    clearTimeout(this.retry);
    if (this.readOnly === null) {
      await this.save().catch((error: unknown) => this.log(`project: ${String(error)}`));
      await this.written();
      await this.journal!.close();
    }
    await this.lock?.release();
  }
}

/** Gives the file of an older studio its new name: one step on the disk, so that there is always one file. */
async function withNewName(place: ProjectPlace, log: (line: string) => void): Promise<ProjectPlace> {
  if (basename(place.file) !== OLD_NAME) return place;
  const file = join(place.folder, newNameIn(place.folder));
  try {
    await rename(place.file, file);
    return { ...place, file };
  } catch (error) {
    log(`project file: ${String(error)}`);
    return place;
  }
}

/** The lock, or a sentence that says why there is none. */
async function takeLock(place: ProjectPlace, log: (line: string) => void): Promise<Lock | string> {
  try {
    await mkdir(place.backups, { recursive: true });
    const lock = await lockProject(place.hidden, log);
    return lock ?? "This project is open in another Plume Studio: it can be looked at here, and changed there.";
  } catch (cause) {
    const error = StudioError.from(cause);
    if (error.code === "DISK_FULL") throw error;
    log(`project lock: ${error.detail ?? error.message}`);
    return "This project's folder cannot be written to: it can be looked at; copy it elsewhere to change it.";
  }
}
