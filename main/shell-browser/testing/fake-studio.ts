/**
 * A studio in memory for tests of the shells and of the window: the same contract, checked on both sides, with a queue that runs
 * on timers and real little MP4 files. It draws bubbles instead of asking a model. Never part of the product.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Clip,
  contract,
  type ErrorData,
  type GenerationRequest,
  type GenerateJob,
  type ImportPurpose,
  type Media,
  type Method,
  type Reply,
  type ResolvedRequest,
  type Plan,
  type PlanWish,
  StudioError,
  type StudioEvent,
} from "../../../core/contract/index.ts";
import { presets } from "../../../core/export/index.ts";
import {
  clip as sampleClip,
  job as sampleJob,
  model as starter,
  system,
  quietComputer,
  quietQueue,
} from "../../../core/testing/samples.ts";
import type { ShellStudio } from "../../shell-common/content.ts";
import { lookIntoFile } from "../../studio/export/disk-projects.ts";
import { TimelineDesk } from "../../studio/export/timeline-desk.ts";
import { ProjectService } from "../../studio/projects/service.ts";
import { openMedia } from "./fake-media.ts";
import { fakeModels } from "./fake-models.ts";
import { drawBubbles, encode, toLatentPreview } from "./draw.ts";

export interface FakeStudioOptions {
  /** Milliseconds per denoising step. Default 150. */
  readonly stepMs?: number;
  /** While a file of this name exists, a running job stands still at half its steps: what is then seen does not depend on speed. */
  readonly holdFile?: string;
  /** Where projects lie. Default: a folder that goes with the studio. */
  readonly projects?: string;
}

export interface FakeStudio extends ShellStudio {
  /** Makes the running or next job fail with this error at its next step, as a dying engine would. */
  failNext(error: ErrorData): void;
  /** Methods called so far, in order. */
  readonly calls: string[];
}

type Input = { id: string };
const ended = (job: GenerateJob) => job.state !== "queued" && job.state !== "running";

export async function createFakeStudio(options: FakeStudioOptions = {}): Promise<FakeStudio> {
  const stepMs = options.stepMs ?? 150;
  const folder = await mkdtemp(join(tmpdir(), "plume-fake-"));
  const listeners = new Set<(event: StudioEvent) => void>();
  const jobs = new Map<string, GenerateJob>();
  const clips = new Map<string, Clip>();
  const trash = new Map<string, Clip>();
  const previews = new Map<string, Uint8Array>();
  const calls: string[] = [];
  let failure: ErrorData | null = null;
  let working: Promise<void> | null = null;
  let closed = false;

  const publish = (event: StudioEvent) => {
    if (event.type === "job" && event.job.finishedAt !== null) void projects.jobEnded(event.job);
    for (const listener of listeners) listener(event);
  };
  const library = () => [...clips.values()].sort((a, b) => b.record.createdAt.localeCompare(a.record.createdAt));
  const publishLibrary = () => publish({ type: "library", clips: library() });
  const update = (id: string, change: Partial<GenerateJob>): GenerateJob => {
    const job = { ...found(jobs, id), ...change };
    jobs.set(id, job);
    publish({ type: "job", job });
    return job;
  };
  const pause = () => new Promise((done) => setTimeout(done, stepMs));

  const enqueue = (request: ResolvedRequest): GenerateJob =>
    start(sampleJob(randomUUID(), { request, createdAt: new Date().toISOString() }));

  function start(job: GenerateJob): GenerateJob {
    jobs.set(job.id, job);
    publish({ type: "job", job });
    working ??= work().finally(() => {
      working = null;
    });
    return job;
  }

  async function work(): Promise<void> {
    await pause();
    for (;;) {
      const next = [...jobs.values()].find((job) => job.state === "queued");
      if (!next || closed) return;
      await runJob(next);
    }
  }

  async function runJob(job: GenerateJob): Promise<void> {
    const { id, request } = job;
    const started = Date.now();
    const alive = () => !closed && jobs.get(id)?.state === "running";
    update(id, {
      state: "running",
      startedAt: new Date().toISOString(),
      progress: { phase: "load", done: 0, total: 0, fraction: 0, etaMs: null },
    });
    await pause();
    const frames = drawBubbles(request);
    for (let step = 1; step <= request.steps; step++) {
      const held = () => step > request.steps / 2 && existsSync(options.holdFile ?? "") && alive() && !failure;
      while (held()) await pause();
      if (!alive()) return;
      if (failure) {
        update(id, { state: "failed", error: failure, finishedAt: new Date().toISOString() });
        failure = null;
        return;
      }
      const preview = toLatentPreview(frames, request, step / request.steps);
      previews.set(`${id}/${step}`, preview.rgba);
      update(id, {
        preview: { step, width: preview.width, height: preview.height, frames: request.frames },
        progress: {
          phase: "denoise",
          done: step,
          total: request.steps,
          fraction: (0.85 * step) / request.steps,
          etaMs: step < 2 ? null : (request.steps - step + 1) * stepMs,
        },
      });
      await pause();
    }
    if (!alive()) return;
    update(id, { progress: { phase: "encode", done: 0, total: 1, fraction: 0.95, etaMs: stepMs } });
    const clipId = randomUUID();
    const file = join(folder, `${clipId}.mp4`);
    await encode(file, frames, request);
    if (!alive()) return;
    const sample = sampleClip(clipId, request, new Date().toISOString());
    const clip: Clip = {
      ...sample,
      fileName: `${request.prompt.slice(0, 40).replaceAll(/[^\p{L}\p{N}]+/gu, "-")}-${request.seed}.mp4`,
      bytes: (await stat(file)).size,
      record: {
        ...sample.record,
        framesSha256: createHash("sha256").update(Buffer.concat(frames)).digest("hex"),
        seconds: { load: 0.4, text: 0.1, denoise: (Date.now() - started) / 1000, decode: 0.6, encode: 0.2 },
      },
    };
    clips.set(clipId, clip);
    publishLibrary();
    update(id, {
      state: "done",
      clip,
      finishedAt: new Date().toISOString(),
      progress: { phase: "encode", done: 1, total: 1, fraction: 1, etaMs: 0 },
    });
  }

  // The real ones: media and projects need no model.
  const libraryFiles = {
    list: async () => library(),
    file: async (id: string) => ({ path: join(folder, `${found(clips, id).id}.mp4`), size: found(clips, id).bytes }),
  };
  const { desk, close: closeMedia } = openMedia({
    folder,
    library: libraryFiles,
    publish: (event) => publish(event),
    used: () => projects.usedMedia,
  });
  const projects = new ProjectService({
    folder: options.projects ?? join(folder, "projects"),
    recent: join(folder, "recent.json"),
    endings: join(folder, "ended.json"),
    sources: desk.sources,
    queue: {
      prepare: async (request, variations) => {
        const full = resolve(request);
        return Array.from({ length: variations }, (_, n) =>
          sampleJob(randomUUID(), {
            request: { ...full, seed: (full.seed + n) >>> 0 },
            createdAt: new Date().toISOString(),
          }),
        );
      },
      again: async (id) =>
        sampleJob(randomUUID(), { request: found(jobs, id).request, createdAt: new Date().toISOString() }),
      add: async (added) => added.map((job) => start(job as GenerateJob)),
      list: () => [...jobs.values()],
    },
    emit: publish,
    log: () => {},
  });
  const timelines = new TimelineDesk(projects, lookIntoFile(desk), join(folder, "media"));
  const methods: Record<Method, (input: never) => unknown> = {
    ...projects.handlers,
    ...desk.handlers,
    "analysis.facts": ({ ids }: { ids: string[] }) => ids.map((id) => ({ id, facts: null })),
    "analysis.masks": ({ wants }: { wants: { id: string }[] }) =>
      wants.map(({ id }) => ({
        id,
        stretches: [],
        kinds: [],
        making: null,
        problem: "No model that sees is installed.",
      })),
    "analysis.reframe": () => {
      throw new StudioError("MODEL_NOT_FOUND", "No model that looks at pictures is installed.");
    },
    "exports.presets": () => [...presets],
    "exports.forecast": () => {
      throw new StudioError(
        "BAD_REQUEST",
        "There is nothing to export in this range: add a clip, or choose another range.",
      );
    },
    "exports.start": () => {
      throw new StudioError(
        "BAD_REQUEST",
        "There is nothing to export in this range: add a clip, or choose another range.",
      );
    },
    "exports.records": () => [],
    "exports.reveal": () => ({}),
    "exports.exchange": () => ({ fileName: "Film.otio", notes: [] }),
    "system.info": () => system,
    "models.list": () => [starter],
    ...fakeModels,
    "jobs.generate": ({ request, variations }: { request: GenerationRequest; variations: number }) => {
      const full = resolve(request);
      return Array.from({ length: variations }, (_, index) => enqueue({ ...full, seed: (full.seed + index) >>> 0 }));
    },
    "jobs.list": () => [...jobs.values()],
    "jobs.cancel": ({ id }: Input) => {
      const job = found(jobs, id);
      return ended(job) ? job : update(id, { state: "cancelled", finishedAt: new Date().toISOString() });
    },
    "jobs.retry": ({ id }: Input) => enqueue(found(jobs, id).request),
    "jobs.dismiss": ({ id }: Input) => {
      found(jobs, id);
      jobs.delete(id);
      publish({ type: "job-dismissed", id });
      return {};
    },
    // Nothing here animates: the window's tests of animations run over the real studio with a fake engine.
    "jobs.animate": unknown,
    "jobs.approve": unknown,
    "jobs.reroll": unknown,
    "jobs.pause": unknown,
    "jobs.resume": unknown,
    // Nor is its queue more than a line of clips.
    "jobs.batch": unknown,
    "jobs.duplicate": unknown,
    "jobs.together": unknown,
    "jobs.move": unknown,
    "jobs.prioritize": unknown,
    "queue.state": () => quietQueue,
    "queue.hold": unknown,
    "queue.release": unknown,
    "planner.plan": ({ wishes }: { wishes: PlanWish[] }) => wishes.map(planOf),
    "planner.computer": () => quietComputer,
    "planner.configure": () => quietComputer,
    "animation.plan": unknown,
    "library.list": library,
    "library.reveal": ({ id }: Input) => {
      found(clips, id);
      return {};
    },
    "library.trash": ({ id }: Input) => {
      trash.set(id, found(clips, id));
      clips.delete(id);
      publishLibrary();
      return {};
    },
    "library.restore": ({ id }: Input) => {
      const clip = found(trash, id);
      trash.delete(id);
      clips.set(id, clip);
      publishLibrary();
      return clip;
    },
  };

  await desk.start(projects);
  return {
    calls,
    failNext: (error) => {
      failure = error;
    },
    async handle(name: string, input: unknown): Promise<Reply> {
      calls.push(name);
      try {
        if (!Object.hasOwn(contract, name)) throw new StudioError("NOT_FOUND", `The studio has no method "${name}".`);
        const method = name as Method;
        const parsed = contract[method].input.safeParse(input);
        if (!parsed.success) {
          throw new StudioError("BAD_REQUEST", parsed.error.issues[0]?.message ?? "The request is not understood.");
        }
        return { ok: true, value: contract[method].output.parse(await methods[method](parsed.data as never)) };
      } catch (cause) {
        return { ok: false, error: StudioError.from(cause).toData() };
      }
    },
    subscribe(listener) {
      listener({ type: "hello", jobs: [...jobs.values()], models: [starter], queue: quietQueue });
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async clipFile(id) {
      found(clips, id);
      const path = join(folder, `${id}.mp4`);
      return { path, size: (await stat(path)).size };
    },
    preview: async (id, step) => found(previews, `${id}/${step}`),
    keyframe: async () => unknown(),
    maskFile: async () => unknown(),
    pictureFile: (id) => desk.media.pictureFile(id),
    soundFile: (id, range) => desk.media.soundFile(id, range),
    mediaFile: (id, version, part) => desk.shows.file(id, version, part),
    importMedia: (path: string, purpose?: ImportPurpose) => desk.importFile(path, purpose) as Promise<Media>,
    uploadMedia: (name: string, bytes: AsyncIterable<Uint8Array>, purpose?: ImportPurpose) =>
      desk.upload(name, bytes, purpose) as Promise<Media>,
    openTimeline: (path) => timelines.open(path),
    uploadTimeline: (name, bytes) => timelines.upload(name, bytes),
    async close() {
      closed = true;
      await working;
      await projects.shutDown();
      await closeMedia();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Everything fits, and takes two seconds. */
function planOf({ request: { width, height, frames } }: PlanWish): Plan {
  const { defaults } = starter;
  return {
    model: starter.id,
    width: width ?? defaults.width,
    height: height ?? defaults.height,
    frames: frames ?? defaults.frames,
    device: "cpu",
    deviceNote: null,
    fits: true,
    memoryBytes: 400e6,
    availableBytes: 8e9,
    seconds: 2,
    basis: "measured",
    reason: null,
    advice: [],
  };
}

function unknown(): never {
  throw new StudioError("NOT_FOUND", "That is not here.");
}

function found<T>(map: ReadonlyMap<string, T>, id: string): T {
  const value = map.get(id);
  if (value === undefined) throw new StudioError("NOT_FOUND", "That is not here any more.");
  return value;
}

function resolve(request: GenerationRequest): ResolvedRequest {
  const { defaults } = starter;
  return {
    prompt: request.prompt,
    negativePrompt: request.negativePrompt ?? "",
    model: request.model ?? starter.id,
    seed: request.seed ?? Math.floor(Math.random() * 2 ** 32),
    width: request.width ?? defaults.width,
    height: request.height ?? defaults.height,
    frames: request.frames ?? defaults.frames,
    fps: request.fps ?? defaults.fps,
    steps: request.steps ?? defaults.steps,
    guidance: request.guidance ?? defaults.guidance,
    precision: request.precision ?? defaults.precision,
  };
}
