import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  contract,
  type Input,
  type Method,
  type ModelSummary,
  type Output,
  type Reply,
  StudioError,
  type StudioEvent,
} from "../../core/contract/index.ts";
import { EngineHost, type PackFacts, readPackFacts } from "../inference/index.ts";
import { locateFfmpeg, type MediaTools, sweepParts } from "../media/index.ts";
import { diagnose } from "./diagnose.ts";
import { chooseFolders, type Folders, makeDataFolders } from "./folders.ts";
import { JobService, type QueueLog } from "./jobs.ts";
import { Journal } from "./journal.ts";
import { checkDestination, Library } from "./library.ts";
import { type Lock, lockStudio } from "./lock.ts";
import { type BundledModel, ModelService } from "./models.ts";
import { produceClip } from "./produce.ts";
import { compact, type Queue, restore } from "./queue.ts";
import type { Studio, StudioOptions } from "./studio.ts";
import { revealInFileManager, systemInfo } from "./system.ts";

/** Parts that tests exchange for ones that misbehave; the shells never pass any. */
export interface StudioParts {
  /** Script to run as the engine. */
  readonly engineEntry?: string;
  readonly readPack?: (folder: string) => Promise<PackFacts>;
  readonly bundled?: BundledModel | null;
}

const STARTER = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));

/**
 * Opens the studio: makes its folders, takes the data folder's lock (`queue: "journal"`), sweeps what a killed studio left half
 * written, restores the queue and goes on with it. The engine starts on first need.
 * Errors: ALREADY_RUNNING, OUTPUT_UNWRITABLE, DISK_FULL.
 */
export async function createStudio(options: StudioOptions, parts: StudioParts = {}): Promise<Studio> {
  const log = options.log ?? (() => {});
  const folders = await chooseFolders(options);
  await makeDataFolders(folders);
  const lock = options.queue === "journal" ? await lockStudio(folders.home, log) : null;
  try {
    const { queue, queueLog } = await openQueue(options, folders, log);
    for (const folder of [folders.home, folders.output]) await sweepParts(folder);
    const studio = new StudioServices(options, parts, { folders, lock, queue, queueLog, log });
    await studio.start();
    return studio;
  } catch (error) {
    await lock?.release();
    throw StudioError.from(error);
  }
}

async function openQueue(
  options: StudioOptions,
  folders: Folders,
  log: (line: string) => void,
): Promise<{ queue: Queue; queueLog: QueueLog }> {
  if (options.queue === "memory") return { queue: [], queueLog: { append: async () => {}, close: async () => {} } };
  let queue: Queue = [];
  const queueLog = await Journal.open(
    folders.journal,
    (values) => {
      queue = restore(values, new Date().toISOString());
      return compact(queue);
    },
    log,
  );
  return { queue, queueLog };
}

interface Opened {
  readonly folders: Folders;
  readonly lock: Lock | null;
  readonly queue: Queue;
  readonly queueLog: QueueLog;
  readonly log: (line: string) => void;
}

type Handlers = { [M in Method]: (input: Input<M>) => Promise<Output<M>> };

class StudioServices implements Studio {
  readonly models: ModelService;
  private readonly options: StudioOptions;
  private readonly opened: Opened;
  private readonly engine: EngineHost;
  private readonly library: Library;
  private readonly jobs: JobService;
  private readonly handlers: Handlers;
  private readonly listeners = new Set<(event: StudioEvent) => void>();
  private knownModels: ModelSummary[] = [];
  private tools: MediaTools | null = null;
  private closed: Promise<void> | null = null;

  constructor(options: StudioOptions, parts: StudioParts, opened: Opened) {
    const { folders, log, queue, queueLog } = opened;
    this.options = options;
    this.opened = opened;
    this.engine = new EngineHost({
      entry: parts.engineEntry ?? options.engine?.entry,
      node: options.engine?.node,
      idleMs: options.idleUnloadMs,
      log,
    });
    this.library = new Library(folders.output, folders.trash);
    this.models = new ModelService({
      folder: folders.models,
      engine: this.engine,
      readPack: parts.readPack ?? readPackFacts,
      bundled: parts.bundled === undefined ? bundledModel() : parts.bundled,
      log,
      onChange: (models) => {
        this.knownModels = models;
        this.emit({ type: "models", models });
      },
    });
    const produceParts = {
      appVersion: options.appVersion,
      engine: this.engine,
      models: this.models,
      library: this.library,
      tools: () => this.findTools(),
    };
    this.jobs = new JobService({
      queue,
      queueLog,
      findModel: async (id) => (await this.models.find(id)).summary,
      produce: (request, destination, listener, signal) =>
        produceClip(request, destination, produceParts, listener, signal),
      emit: (event) => this.emit(event),
      onClip: () => this.tellLibrary(),
      log,
    });
    this.handlers = this.makeHandlers();
  }

  /** Reads the models and goes on with the queue. A studio with a queue installs the bundled model without being asked. */
  async start(): Promise<void> {
    this.knownModels = await this.models.list();
    if (this.options.queue !== "journal") return;
    this.models.ensureBundled().catch((error: unknown) => this.opened.log(`bundled model: ${String(error)}`));
    this.jobs.resume();
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
    this.listeners.add(listener);
    this.deliver(listener, { type: "hello", jobs: this.jobs.list(), models: this.knownModels });
    return () => void this.listeners.delete(listener);
  }

  clipFile(clipId: string): ReturnType<Library["file"]> {
    return this.library.file(clipId);
  }

  async preview(jobId: string, step: number): Promise<Uint8Array> {
    return this.jobs.preview(jobId, step);
  }

  async generateTo(...[request, destination]: Parameters<Studio["generateTo"]>): ReturnType<Studio["generateTo"]> {
    // Checked through the same schema as every front's request.
    const input = parseInput("jobs.generate", { request, variations: 1 });
    await checkDestination(destination);
    const [job] = await this.jobs.enqueue(input.request, 1, destination);
    return job!;
  }

  ended(jobId: string): ReturnType<Studio["ended"]> {
    return this.jobs.ended(jobId);
  }

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
    await this.jobs.close();
    await this.engine.close();
    this.listeners.clear();
    await this.opened.lock?.release();
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

  private makeHandlers(): Handlers {
    return {
      "system.info": () => systemInfo(this.options.appVersion, this.opened.folders, () => this.findTools()),
      "models.list": async () => {
        await this.models.ensureBundled().catch((error: unknown) => this.opened.log(`bundled model: ${String(error)}`));
        return this.models.list();
      },
      "jobs.generate": ({ request, variations }) => this.jobs.enqueue(request, variations),
      "jobs.list": async () => this.jobs.list(),
      "jobs.cancel": ({ id }) => this.jobs.cancel(id),
      "jobs.retry": ({ id }) => this.jobs.retry(id),
      "jobs.dismiss": async ({ id }) => {
        await this.jobs.dismiss(id);
        return {};
      },
      "library.list": () => this.library.list(),
      "library.reveal": async ({ id }) => {
        const { path } = await this.library.file(id);
        await (this.options.reveal ?? revealInFileManager)(path);
        return {};
      },
      "library.trash": async ({ id }) => {
        await this.library.trash(id);
        this.tellLibrary();
        return {};
      },
      "library.restore": async ({ id }) => {
        const clip = await this.library.restore(id);
        this.tellLibrary();
        return clip;
      },
    };
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
    for (const listener of this.listeners) this.deliver(listener, event);
  }

  private deliver(listener: (event: StudioEvent) => void, event: StudioEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.opened.log(`a listener failed: ${String(error)}`);
    }
  }
}

/** Errors: BAD_REQUEST with the first sentence that the schema has to say. */
function parseInput<M extends Method>(method: M, input: unknown): Input<M> {
  const parsed = contract[method].input.safeParse(input);
  if (parsed.success) return parsed.data as Input<M>;
  const first = parsed.error.issues[0]?.message ?? "";
  throw new StudioError(
    "BAD_REQUEST",
    // The schemas' own sentences say what to do; the validator's ("Invalid input: …", "Unrecognized key …") only what is wrong.
    /^(Invalid|Unrecognized|Too|Expected)\b/.test(first) ? "The request does not make sense: check its fields." : first,
    parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"),
  );
}

function bundledModel(): BundledModel | null {
  return existsSync(STARTER) ? { id: "starter", file: STARTER } : null;
}
