import { rm } from "node:fs/promises";
import {
  contract,
  type ImportPurpose,
  isMediaJob,
  type Input,
  type Method,
  type ModelSummary,
  type Output,
  type Reply,
  StudioError,
  type StudioEvent,
} from "../../core/contract/index.ts";
import { type EngineHost, readPackFacts } from "../inference/index.ts";
import { locateFfmpeg, type MediaTools, sweepParts } from "../media/index.ts";
import { AnalyzeDesk } from "./analyze/analyze-desk.ts";
import { AnimateRunner } from "./animate/animate-runner.ts";
import { AnimationService } from "./animate/animation-service.ts";
import { sweepWork } from "./animate/sweep-work.ts";
import { bundledModels } from "./bundled-models.ts";
import { type Control, openControl } from "./control.ts";
import { diagnose } from "./diagnose.ts";
import { ExportRunner } from "./export/export-runner.ts";
import { ExportService } from "./export/export-service.ts";
import { exportEntry } from "./export/export-process.ts";
import { type DiskProjects, diskProjects } from "./export/disk-projects.ts";
import { bySources } from "./export/gates.ts";
import { chooseFolders, makeDataFolders, scratchFolders, sweepScratch } from "./folders.ts";
import { generateJobs, generateRunner } from "./generate-jobs.ts";
import { type Handlers, makeHandlers } from "./handlers.ts";
import { JobService } from "./jobs/job-service.ts";
import { MediaLine } from "./jobs/media-line.ts";
import { openQueue } from "./jobs/open-queue.ts";
import { QueueDesk } from "./jobs/queue-desk.ts";
import { checkDestination, Library } from "./library.ts";
import { Listeners } from "./listeners.ts";
import { lockStudio } from "./lock.ts";
import { MediaDesk } from "./media/desk.ts";
import { ModelService } from "./models/model-service.ts";
import { openStore } from "./models/open-store.ts";
import { StoreDesk } from "./models/store-desk.ts";
import { StoreRunner } from "./models/store-runners.ts";
import { openEngines } from "./open-engines.ts";
import { parseInput } from "./parse-input.ts";
import { openPlanner, type Planning } from "./planner/open-planner.ts";
import type { MadeClip } from "./planner/planner.ts";
import { inspectProject } from "./projects/inspect.ts";
import { ProjectService } from "./projects/service.ts";
import type { Studio, StudioOptions } from "./studio.ts";
import type { Opened, StudioParts } from "./studio-parts.ts";
import { openInBrowser, revealInFileManager, systemInfo } from "./system.ts";

/**
 * Opens the studio: makes its folders, takes the data folder's lock (`queue: "journal"`), sweeps what a killed studio left half
 * written, restores the queue and goes on with it. The engine starts on first need.
 * Errors: ALREADY_RUNNING, OUTPUT_UNWRITABLE, DISK_FULL.
 */
export async function createStudio(options: StudioOptions, parts: StudioParts = {}): Promise<Studio> {
  const log = options.log ?? (() => {});
  const chosen = await chooseFolders(options);
  const { scratch, ...folders } = options.queue === "journal" ? { ...chosen, scratch: null } : scratchFolders(chosen);
  await makeDataFolders(folders);
  const lock = options.queue === "journal" ? await lockStudio(folders.home, log) : null;
  try {
    const opened = await openQueue(options.queue, folders.journal, log);
    for (const folder of [folders.home, folders.output]) await sweepParts(folder);
    await sweepScratch(folders);
    const studio = new StudioServices(options, parts, { folders, scratch, lock, ...opened, log });
    await studio.start();
    return Object.assign(studio, studio.onDisk);
  } catch (error) {
    await lock?.release();
    throw StudioError.from(error);
  }
}

class StudioServices implements Omit<Studio, keyof DiskProjects> {
  readonly models: ModelService;
  readonly onDisk: DiskProjects;
  private readonly options: StudioOptions;
  private readonly opened: Opened;
  private readonly engine: EngineHost;
  private readonly eyes: EngineHost;
  private readonly analyses: AnalyzeDesk;
  private readonly library: Library;
  private readonly jobs: JobService;
  private readonly mediaLine: MediaLine;
  private readonly queueDesk: QueueDesk;
  private readonly storeDesk: StoreDesk;
  private readonly planning: Planning;
  private readonly desk: MediaDesk;
  private readonly animations: AnimationService;
  private readonly exportRunner: ExportRunner;
  private readonly exports: ExportService;
  private readonly projects: ProjectService;
  private readonly handlers: Handlers;
  private readonly listeners: Listeners;
  private knownModels: ModelSummary[] = [];
  private tools: MediaTools | null = null;
  private control: Control | null = null;
  private closed: Promise<void> | null = null;

  constructor(options: StudioOptions, exchanged: StudioParts, opened: Opened) {
    const { folders, log, book, queueLog } = opened;
    this.options = options;
    this.opened = opened;
    this.listeners = new Listeners(log);
    const { engine, eyes } = openEngines(options, exchanged, () => this.planning.memory.makeRoomForEyes());
    this.engine = engine;
    this.eyes = eyes;
    this.library = new Library(folders.output, folders.trash);
    this.models = new ModelService({
      folder: folders.models,
      engine: this.engine,
      release: () => this.eyes.release(),
      readPack: exchanged.readPack ?? readPackFacts,
      bundled: exchanged.bundled ?? bundledModels(),
      log,
      onChange: (models) => {
        this.knownModels = models;
        this.emit({ type: "models", models });
      },
    });
    this.mediaLine = new MediaLine({ jobs: () => this.jobs, used: () => this.projects.usedMedia, log });
    this.desk = new MediaDesk({
      folder: folders.media,
      prepared: folders.prepared,
      preparedBytes: options.preparedBytes,
      proxies: this.mediaLine.of("proxy"),
      onIdle: () => this.jobs.pump(),
      onGone: (version) => this.mediaLine.drop(version),
      tools: () => this.findTools(),
      library: this.library,
      emit: (event) => this.emit(event),
      log,
    });
    const { models } = this;
    const store = openStore(folders.home, models, options, exchanged);
    const storeRunner = new StoreRunner(store);
    this.planning = openPlanner({
      folders,
      models,
      engine,
      eyes,
      exchanged,
      conversion: (job) => storeRunner.memoryOf(job),
      node: options.engine?.node,
      onSettings: () => this.jobs.pump(),
      log,
    });
    const { planner, placement, admission } = this.planning;
    const parts = {
      appVersion: options.appVersion,
      engine: this.engine,
      models: this.models,
      library: this.library,
      media: this.desk.media,
      workRoot: folders.work,
      tools: () => this.findTools(),
      placement,
      planned: admission.planned.bind(admission),
      onMade: (made: MadeClip) => void planner.learn(made),
    };
    const animateRunner = new AnimateRunner(parts);
    this.exportRunner = new ExportRunner({
      tools: () => this.findTools(),
      workRoot: folders.work,
      folder: folders.exports,
      identity: folders.identity,
      entry: exportEntry(options.engine),
      masks: (wants, files, signal) => this.analyses.masksOf(wants, files, signal),
    });
    this.analyses = new AnalyzeDesk({
      ...parts,
      eyes: this.eyes,
      factsFolder: folders.facts,
      masksFolder: folders.masks,
      desk: this.desk,
      queue: this.mediaLine.of("analysis").want,
      follows: { line: this.mediaLine, ended: (id) => this.jobs.ended(id), hold: () => this.jobs.state.hold },
      onFacts: (known) => this.emit({ type: "media-facts", known }),
      onMasks: (status) => this.emit({ type: "masks", status }),
      document: (id) => this.projects.find(id).document,
      edit: (input) => this.projects.handlers["projects.edit"](input),
      log,
    });
    this.jobs = new JobService({
      book,
      queueLog,
      runners: {
        generate: placement.over(generateRunner(parts)),
        animate: placement.over(animateRunner),
        export: this.exportRunner,
        download: storeRunner,
        convert: storeRunner,
        proxy: this.desk.shows.proxyRunner,
        analysis: this.analyses.runner,
        follow: this.analyses.followRunner,
      },
      emit: (event) => this.emit(event),
      mayBegin: (lane) => this.mediaLine.mayBegin(lane, this.desk.shows.isQuiet),
      admit: (job) => admission.admit(job),
      makeRoom: (job) => admission.makeRoom(job),
      onQueue: () => this.queueDesk.tell(),
      onClip: () => this.tellLibrary(),
      log,
    });
    this.storeDesk = new StoreDesk(store, this.jobs, options.openPage ?? openInBrowser);
    this.queueDesk = new QueueDesk({ jobs: this.jobs, models: this.models, emit: (event) => this.emit(event) });
    this.projects = new ProjectService({
      folder: folders.projects,
      recent: folders.recent,
      sources: this.desk.sources,
      endings: options.queue === "journal" ? folders.endings : null,
      queue: {
        prepare: async (request, variations) => {
          const { summary } = await this.models.find(request.model, undefined, undefined, "text-to-video");
          return generateJobs(request, variations, summary);
        },
        again: (id) => this.jobs.again(id),
        add: (jobs) => this.jobs.add(jobs),
        list: () => this.jobs.list(),
      },
      emit: (event) => this.emit(event),
      log,
    });
    this.animations = new AnimationService(parts, animateRunner, this.jobs);
    this.exports = new ExportService({
      tool: `Plume Studio ${options.appVersion}`,
      source: (id) => this.desk.sources.get(id),
      runner: this.exportRunner,
      jobs: this.jobs,
      tools: () => this.findTools(),
      project: (id) => {
        const { folder, document } = this.projects.find(id);
        return { folder, document, gate: bySources(this.desk.sources) };
      },
      folder: folders.exports,
      reveal: options.reveal ?? revealInFileManager,
    });
    this.onDisk = diskProjects(this.exports, this.desk, this.projects, folders.media);
    this.handlers = makeHandlers({
      models: this.models,
      jobs: this.jobs,
      queueDesk: this.queueDesk,
      storeDesk: this.storeDesk,
      planner,
      animations: this.animations,
      desk: this.desk,
      analyses: this.analyses,
      library: this.library,
      systemInfo: () => systemInfo(options.appVersion, folders, () => this.findTools()),
      reveal: options.reveal ?? revealInFileManager,
      tellLibrary: () => this.tellLibrary(),
      projects: this.projects,
      exports: this.exports,
      log,
    });
  }

  /** Reads the models and goes on with the queue. A studio with a queue installs the bundled model without being asked. */
  async start(): Promise<void> {
    this.knownModels = await this.models.list();
    if (this.options.queue !== "journal") return this.jobs.begin();
    const { folders, log } = this.opened;
    this.control = await openControl(folders.home, (method, input) => this.handle(method, input), log);
    if (this.options.works === false) return;
    this.models.ensureBundled().catch((error: unknown) => this.opened.log(`bundled model: ${String(error)}`));
    await this.desk.start(this.projects);
    await sweepWork(this.opened.folders.work, this.jobs.list());
    await this.mediaLine.start();
    this.jobs.begin();
  }

  async handle(method: string, input: unknown): Promise<Reply> {
    try {
      return { ok: true, value: await this.dispatch(method, input) };
    } catch (error) {
      return { ok: false, error: StudioError.from(error).toData() };
    }
  }

  async call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
    return (await this.dispatch(method, input)) as Output<M>;
  }

  subscribe(listener: (event: StudioEvent) => void): () => void {
    const [jobs, queue] = [this.jobs.list(), this.queueDesk.state];
    return this.listeners.add(listener, { type: "hello", jobs, models: this.knownModels, queue });
  }

  readonly installStyle: Studio["installStyle"] = (path, wish) => this.storeDesk.installStyle(path, wish);
  readonly downloadModel: Studio["downloadModel"] = (id, wish) => this.storeDesk.download(id, wish);

  readonly clipFile: Studio["clipFile"] = (clipId) => this.library.file(clipId);
  readonly preview: Studio["preview"] = async (jobId, step) => this.jobs.preview(jobId, step);

  async generateTo(...[request, destination]: Parameters<Studio["generateTo"]>): ReturnType<Studio["generateTo"]> {
    // Checked through the same schema as every front's request.
    const input = parseInput("jobs.generate", { request, variations: 1 });
    await checkDestination(destination);
    const { summary } = await this.models.find(input.request.model, undefined, undefined, "text-to-video");
    const [job] = await this.jobs.add(generateJobs(input.request, 1, summary), destination);
    return job!;
  }

  async animateTo(...[request, destination]: Parameters<Studio["animateTo"]>): ReturnType<Studio["animateTo"]> {
    const input = parseInput("jobs.animate", { request });
    await checkDestination(destination);
    return this.animations.enqueue(input.request, destination);
  }

  readonly importMedia = ((path: string, purpose: ImportPurpose = {}) =>
    this.storeDesk.take(path, purpose) ?? this.desk.importFile(path, purpose)) as Studio["importMedia"];
  readonly uploadMedia = ((...it: Parameters<StoreDesk["receive"]>) =>
    this.storeDesk.receive(...it) ?? this.desk.upload(it[0], it[1], it[2])) as Studio["uploadMedia"];

  readonly mediaFile: Studio["mediaFile"] = (id, version, part) => this.desk.shows.file(id, version, part);

  maskFile(...[id, key]: Parameters<Studio["maskFile"]>): ReturnType<Studio["maskFile"]> {
    return this.analyses.masks.file(id, key);
  }

  readonly pictureFile: Studio["pictureFile"] = (mediaId) => this.desk.media.pictureFile(mediaId);

  readonly soundFile: Studio["soundFile"] = async (id, range) =>
    this.desk.media.soundFile(id, parseInput("sound.analyze", { id, range }).range);

  readonly keyframe: Studio["keyframe"] = (jobId, place) => this.animations.keyframe(jobId, place);

  readonly analyze: Studio["analyze"] = (...args) => this.analyses.analyze(...args);

  readonly knowProject = (path: string): Promise<string> => this.projects.know(path);
  readonly projectFile = (id: string): string | null => this.projects.fileOf(id);

  readonly inspectProject: Studio["inspectProject"] = inspectProject;
  readonly ended: Studio["ended"] = (jobId) => this.jobs.ended(jobId);

  diagnose(): ReturnType<Studio["diagnose"]> {
    const { engine, models } = this;
    return diagnose({ folders: this.opened.folders, engine, models, tools: () => this.findTools() });
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    // The running job stops between steps, or its engine is killed after the usual grace; then nothing needs the engine any more.
    this.planning.close();
    await this.mediaLine.close();
    await this.jobs.close();
    await this.exportRunner.close();
    await this.projects.shutDown();
    this.analyses.close();
    await this.desk.close();
    await this.engine.close();
    await this.eyes.close();
    this.listeners.clear();
    await this.control?.close();
    const { scratch, lock } = this.opened;
    if (scratch !== null) await rm(scratch, { recursive: true, force: true });
    await lock?.release();
  }

  private async dispatch(method: string, input: unknown): Promise<unknown> {
    if (!Object.hasOwn(contract, method))
      throw new StudioError("BAD_REQUEST", "The studio has no such function.", method.slice(0, 100));
    const known = method as Method;
    const handler = this.handlers[known] as (input: unknown) => Promise<unknown>;
    const output = contract[known].output.safeParse(await handler(parseInput(known, input)));
    // Our own answer does not keep our own promise: a defect, which must not reach the other side as if it were data.
    if (!output.success) throw output.error;
    return output.data;
  }

  /** Looked for again after a failure: the user may have installed it meanwhile. */
  private async findTools(): Promise<MediaTools> {
    this.tools ??= await locateFfmpeg({ setting: this.options.ffmpeg });
    return this.tools;
  }

  private tellLibrary(): void {
    this.library.list().then(
      (clips) => this.emit({ type: "library", clips }),
      (error: unknown) => this.opened.log(`library: ${String(error)}`),
    );
  }

  private emit(event: StudioEvent): void {
    if (event.type === "job") this.desk.shows.hear(event.job);
    this.mediaLine.hear(event);
    if (event.type === "job" && event.job.finishedAt !== null && !isMediaJob(event.job))
      this.projects.jobEnded(event.job).catch((error: unknown) => this.opened.log(`projects: ${String(error)}`));
    this.analyses.follow(event);
    if (this.options.queue === "journal") this.analyses.hear(event);
    this.listeners.tell(event);
  }
}
