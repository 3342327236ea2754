import { mkdir, open, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import {
  type Input,
  type JobSnapshot,
  type Method,
  type Output,
  type ProjectChange,
  type ProjectState,
  type ProjectSummary,
  StudioError,
  type StudioEvent,
} from "../../../core/contract/index.ts";
import { clipsOf, mediaOf, type MediaReference, newTimeline } from "../../../core/timeline/index.ts";
import { replaceFile } from "../files.ts";
import { makeFolder } from "../folders.ts";
import { isMissing, type MediaSource, type MediaSources } from "../media/sources.ts";
import { type Ending, endingOf, Endings } from "./endings.ts";
import { titleOf } from "./format.ts";
import { referenceOf } from "./media.ts";
import { folderName, placeOf, projectFolder, projectId } from "./place.ts";
import { Project } from "./project.ts";
import { generateInto, type PromiseQueue, retake, takeRequest, waitingJobs } from "./promises.ts";
import { ProjectStore } from "./store.ts";

type ProjectMethod = Extract<Method, `projects.${string}`>;
type Handlers = { [M in ProjectMethod]: (input: Input<M>) => Promise<Output<M>> };

export interface ProjectServiceParts {
  /** Where new projects are made. */
  readonly folder: string;
  /** Where the list of projects used lately is kept. */
  readonly recent: string;
  /** The only files that a project's media are ever taken from. */
  readonly sources: Pick<MediaSources, "resolve">;
  readonly queue: PromiseQueue;
  /** Where it is noted how jobs ended. */
  readonly endings: string | null;
  readonly emit: (event: StudioEvent) => void;
  readonly log: (line: string) => void;
}

const recentSchema = z.array(z.string()).max(1000);
const MAX_RECENT = 30;

/** Every project that is open in this studio, and the way to those that are not. */
export class ProjectService {
  private readonly parts: ProjectServiceParts;
  private readonly open = new Map<string, Project>();
  /** Openings and closings go one after the other: a page that asks twice gets one project. */
  private turn: Promise<unknown> = Promise.resolve();
  /** Folders of known projects by id; a page names a project by its id alone. */
  private readonly folders = new Map<string, string>();

  private readonly endings: Endings;

  constructor(parts: ProjectServiceParts) {
    this.parts = parts;
    this.endings = new Endings(parts.endings);
  }

  readonly handlers: Handlers = {
    "projects.list": () => this.list(),
    "projects.create": ({ name, settings }) => this.inTurn(() => this.create(name, settings)),
    "projects.open": ({ id }) =>
      this.inTurn(async () => (this.open.get(id) ?? (await this.openFolder(await this.folderOf(id)))).state()),
    "projects.close": ({ id }) => this.inTurn(() => this.close(id)),
    "projects.edit": async ({ id, name, arguments: args, gesture, fromStart }) => {
      // Media come from the studio alone: their paths decide which files are read.
      if (name === "addMedia" || name === "settleJob")
        throw new StudioError("BAD_REQUEST", "Only the studio itself can do that.");
      return this.heard(id, (project) => project.edit({ name, arguments: args }, { gesture, fromStart }));
    },
    "projects.gesture": async ({ id, gesture, end }) => this.heard(id, (project) => project.endGesture(gesture, end)),
    "projects.undo": async ({ id }) => this.heard(id, (project) => project.undo()),
    "projects.redo": async ({ id }) => this.heard(id, (project) => project.redo()),
    "projects.history": async ({ id }) => this.find(id).labels(),
    "projects.save": ({ id }) => this.find(id).save(),
    "projects.useClips": ({ id, clips }) => this.useMedia(this.find(id), clips),
    "projects.generate": async (input) => generateInto(this.find(input.id), this.parts.queue, input),
    "projects.retake": async (input) => retake(this.find(input.id), this.parts.queue, input),
    "projects.takeRequest": async (input) => takeRequest(this.find(input.id), this.parts.queue, input),
    "projects.useMedia": ({ id, media }) => this.useMedia(this.find(id), media),
  };

  /** A job has ended: clips that wait for it get what it made, or the reason why it made nothing; in closed projects once they are opened. */
  async jobEnded(job: JobSnapshot): Promise<void> {
    const ending = endingOf(job);
    await this.endings.note(ending).catch((error: unknown) => this.parts.log(`endings: ${String(error)}`));
    for (const project of this.open.values())
      if (waitingJobs(project.document).includes(job.id)) await this.settle(project, ending);
  }

  /** Never rejects. */
  private async settle(project: Project, { job, clip, problem }: Ending): Promise<void> {
    if (!project.isWritable) return;
    const tell = (media: string | null, reason: string | null): void =>
      void project.edit({ name: "settleJob", arguments: { job, media, problem: reason } });
    try {
      if (clip !== null) await this.useMedia(project, [clip]);
      tell(clip, problem);
    } catch (cause) {
      // The clip was thrown away meanwhile, or does not fit where it was to go.
      this.parts.log(`job ${job}: ${String(cause)}`);
      try {
        tell(null, StudioError.from(cause).message);
      } catch (error) {
        this.parts.log(`job ${job}: ${String(error)}`);
      }
    }
  }

  /**
   * Makes a change. One that names a job, or brings a clip back that waited for one, may come when that job has ended and nobody waited
   * any more: its end is told again, or the clip would wait for ever.
   */
  private heard(id: string, make: (project: Project) => ProjectChange): ProjectChange {
    const project = this.find(id);
    const change = make(project);
    this.settleEnded(project).catch((error: unknown) => this.parts.log(`ended jobs: ${String(error)}`));
    return change;
  }

  /** Tells clips how the jobs ended that they still wait for. @param forgotten what of one is told that nobody knows any more */
  private async settleEnded(project: Project, forgotten?: string): Promise<void> {
    const waiting = waitingJobs(project.document);
    if (waiting.length === 0) return;
    const jobs = new Map(this.parts.queue.list().map((job) => [job.id, job]));
    for (const id of waiting) {
      const job = jobs.get(id);
      if (job !== undefined && job.finishedAt === null) continue;
      const ending = job === undefined ? await this.endings.find(id) : endingOf(job);
      if (ending !== null) await this.settle(project, ending);
      else if (forgotten !== undefined) await this.settle(project, { job: id, clip: null, problem: forgotten });
    }
  }

  /** Saves and closes every project. Never rejects. */
  async shutDown(): Promise<void> {
    await this.endings.written();
    await this.inTurn(() => Promise.all([...this.open.keys()].map((id) => this.close(id))));
  }

  /** Ids of media on the timelines of open projects. */
  get usedMedia(): ReadonlySet<string> {
    const used = new Set<string>();
    for (const { document } of this.open.values())
      for (const clip of clipsOf(document)) {
        const media = mediaOf(document, clip);
        if (media !== null) used.add(media.id);
      }
    return used;
  }

  /** An open project. Errors: NOT_FOUND. */
  find(id: string): Project {
    const project = this.open.get(id);
    if (project === undefined) throw new StudioError("NOT_FOUND", "This project is not open: open it first.");
    return project;
  }

  private async list(): Promise<ProjectSummary[]> {
    const names = await readdir(this.parts.folder).catch(() => [] as string[]);
    const recent = await this.recent();
    const folders = [...recent, ...names.map((name) => join(this.parts.folder, name))];
    const found = new Map<string, ProjectSummary>();
    for (const folder of folders) {
      const { file } = placeOf(folder);
      const info = await stat(file).catch(() => null);
      if (info === null || !info.isFile()) continue;
      const id = await projectId(folder);
      this.folders.set(id, folder);
      if (!found.has(id))
        found.set(id, {
          id,
          name: this.open.get(id)?.document.name ?? (await titleIn(file)) ?? basename(folder),
          modifiedAt: info.mtime.toISOString(),
          open: this.open.has(id),
        });
    }
    return withPlaces([...found.values()], this.folders);
  }

  /**
   * Takes a project from anywhere on this computer into the list of those that can be opened; resolves with its id.
   * Errors: NOT_FOUND. @param path its folder, or the file in it
   */
  async know(path: string): Promise<string> {
    const folder = projectFolder(path);
    const info = await stat(placeOf(folder).file).catch(() => null);
    if (info === null || !info.isFile())
      throw new StudioError(
        "NOT_FOUND",
        `There is no project at ${basename(path)}: choose a .plume file or its folder.`,
      );
    const id = await projectId(folder);
    this.folders.set(id, folder);
    return id;
  }

  /** The file of a known project, for the desktop's list of recent documents; never for a page. Null: unknown. */
  fileOf(id: string): string | null {
    const folder = this.folders.get(id);
    return folder === undefined ? null : placeOf(folder).file;
  }

  private async folderOf(id: string): Promise<string> {
    if (!this.folders.has(id)) await this.list();
    const folder = this.folders.get(id);
    if (folder === undefined)
      throw new StudioError(
        "NOT_FOUND",
        "This project is no longer there: it was moved or deleted outside the studio.",
      );
    return folder;
  }

  private async create(name: string, settings: Input<"projects.create">["settings"]): Promise<ProjectState> {
    const { folder, title } = await this.newFolder(name);
    const given = Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined));
    await ProjectStore.create(placeOf(folder), newTimeline(title, given));
    return (await this.openFolder(folder)).state();
  }

  /** Makes an empty folder for a project of this name, with a number after it when that is taken. Errors: OUTPUT_UNWRITABLE, DISK_FULL. */
  async newFolder(name: string): Promise<{ readonly folder: string; readonly title: string }> {
    await makeFolder(
      this.parts.folder,
      "The folder for projects cannot be made: set PLUME_OUTPUT to a folder of yours.",
    );
    const base = folderName(name);
    for (let n = 1; ; n++) {
      const folder = join(this.parts.folder, n === 1 ? base : `${base} ${n}`);
      // Making the folder claims the name: of two studios only one succeeds.
      const made = await mkdir(folder).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Error && "code" in error && error.code === "EEXIST" && n < 1000) return false;
          throw StudioError.from(error);
        },
      );
      if (made) return { folder, title: n === 1 ? name.trim() : `${name.trim()} ${n}` };
    }
  }

  private async openFolder(folder: string): Promise<Project> {
    const id = await projectId(folder);
    const { store, loaded } = await ProjectStore.open(placeOf(folder), this.parts.log);
    const project = new Project(id, store, loaded, {
      changed: (change) => this.parts.emit({ type: "project-changed", change }),
      written: (written) => this.parts.emit({ type: "project-written", written }),
    });
    this.open.set(id, project);
    this.folders.set(id, folder);
    await this.settleEnded(project, FORGOTTEN);
    await this.remember(folder).catch((error: unknown) => this.parts.log(`recent projects: ${String(error)}`));
    return project;
  }

  private async close(id: string): Promise<Output<"projects.close">> {
    const project = this.find(id);
    this.open.delete(id);
    await project.close();
    this.parts.emit({ type: "project-closed", id });
    return {};
  }

  /** Notes media in a project, or takes up what has become of it. Errors: MEDIA_MISSING with the reason of the first that is offline. */
  private async useMedia(project: Project, ids: readonly string[]): Promise<ProjectChange> {
    const found = await this.parts.sources.resolve([...new Set(ids)]);
    const missing = found.find(isMissing);
    if (missing !== undefined) throw new StudioError("MEDIA_MISSING", missing.reason);
    const { media: known } = project.document;
    const media = (found as MediaSource[]).map((source) => {
      const reference = referenceOf(source, project.folder);
      const before = known[source.id];
      const isSame = before?.fingerprint.sha256 === reference.fingerprint.sha256;
      // What was found again under another name is called in the project as it always was, and was made as it was made.
      const record = reference.record ?? (isSame ? before.record : null);
      return { ...reference, name: before?.name ?? reference.name, record };
    });
    return project.edit({ name: "addMedia", arguments: { media } });
  }

  /** What open projects know media of this id by; null when none has any. */
  fingerprintOf(id: string): MediaReference["fingerprint"] | null {
    for (const { document } of this.open.values()) if (document.media[id]) return document.media[id].fingerprint;
    return null;
  }

  /** Media was found again: open projects that have it learn where it is now. */
  async mediaFound(id: string): Promise<void> {
    for (const project of this.open.values())
      if (project.document.media[id] !== undefined && project.isWritable) await this.useMedia(project, [id]);
  }

  private async recent(): Promise<string[]> {
    const text = await readFile(this.parts.recent, "utf8").catch(() => "[]");
    try {
      return recentSchema.parse(JSON.parse(text));
    } catch {
      return []; // a convenience, not worth a refusal
    }
  }

  private async remember(folder: string): Promise<void> {
    const others = (await this.recent()).filter((other) => other !== folder);
    await replaceFile(this.parts.recent, JSON.stringify([folder, ...others].slice(0, MAX_RECENT), null, 1));
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => {});
    return done;
  }
}

const FORGOTTEN = "The studio does not know any more what became of this clip: generate it anew.";

/** Projects of one name (a copied folder) are told apart by their folders. */
function withPlaces(projects: readonly ProjectSummary[], folders: ReadonlyMap<string, string>): ProjectSummary[] {
  return projects.map((project) => {
    const isAlone = projects.every(({ id, name }) => id === project.id || name !== project.name);
    const folder = basename(folders.get(project.id) ?? project.name);
    return isAlone || folder === project.name ? project : { ...project, name: `${project.name} (${folder})` };
  });
}

/** The name in a project file; null where the file cannot be read or does not begin as ours do. */
async function titleIn(file: string): Promise<string | null> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return null;
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(4096) });
    return titleOf(buffer.toString("utf8", 0, bytesRead));
  } catch {
    return null;
  } finally {
    await handle.close();
  }
}
