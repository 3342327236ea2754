/** Contract values, whole and valid, for the tests of every room: one model, one computer, a job, a clip. */
import type {
  Clip,
  Computer,
  GenerateJob,
  AnalysisJob,
  MediaJob,
  ProxyJob,
  ModelSummary,
  QueueState,
  ResolvedRequest,
  SystemInfo,
} from "../contract/index.ts";

export const model: ModelSummary = {
  id: "plume-starter",
  name: "Plume Starter",
  family: "hummingbird",
  variant: "starter",
  bundled: true,
  licence: "MIT",
  about:
    "Knows two-second motion backgrounds in nine colours: stripes, waves, bubbles, fire and pulses. It does not know people, animals, places or objects.",
  examplePrompts: [
    "blue bubbles rising slowly",
    "red rain",
    "a golden star spinning clockwise",
    "gentle teal waves moving left on black",
    "soft green bokeh on a dark background",
  ],
  parameters: 8_400_000,
  bytesOnDisk: 27_000_000,
  guidanceKind: "classifier-free",
  precisions: ["fp32", "int8"],
  defaults: { width: 128, height: 128, frames: 16, fps: 8, steps: 8, guidance: 3, precision: "fp32" },
  sizes: [
    { width: 128, height: 128, label: "Square" },
    { width: 192, height: 128, label: "Wide" },
    { width: 128, height: 192, label: "Tall" },
  ],
  maxSteps: 20,
};

export const system: SystemInfo = {
  appVersion: "0.1.0",
  platform: "linux",
  cpu: "Sample CPU",
  cores: 2,
  totalMemoryBytes: 16 * 2 ** 30,
  freeMemoryBytes: 8 * 2 ** 30,
  ffmpegVersion: "5.1",
  ffmpegProblem: null,
  outputFolderName: "Videos/Plume Studio",
};

export const request: ResolvedRequest = {
  model: model.id,
  prompt: "blue bubbles",
  negativePrompt: "",
  seed: 7,
  ...model.defaults,
};

export function clip(id: string, change: Partial<ResolvedRequest> = {}, createdAt = "2026-01-01T10:00:00.000Z"): Clip {
  const full = { ...request, ...change };
  return {
    id,
    fileName: `${id}.mp4`,
    bytes: 1000,
    width: full.width,
    height: full.height,
    frames: full.frames,
    fps: full.fps,
    record: {
      schema: "plume.generation/1",
      request: full,
      model: { id: model.id, name: model.name, family: model.family, weightsSha256: "a", sourceSha256: "b" },
      runtime: { app: "0.1.0", onnxruntime: "1", executionProvider: "cpu", threads: 2 },
      framesSha256: "c",
      seconds: { text: 1, denoise: 7 },
      createdAt,
    },
  };
}

export function job(id: string, change: Partial<GenerateJob> = {}): GenerateJob {
  return {
    id,
    kind: "generate",
    state: "queued",
    priority: "normal",
    waitsFor: null,
    after: [],
    batch: null,
    interruptions: 0,
    request,
    progress: { phase: "queue", done: 0, total: 0, fraction: 0, etaMs: null },
    preview: null,
    clip: null,
    error: null,
    createdAt: "2026-01-01T10:00:00.000Z",
    startedAt: null,
    finishedAt: null,
    ...change,
  };
}

export function mediaJob(
  kind: "proxy" | "analysis",
  id: string,
  change: Partial<ProxyJob | AnalysisJob> = {},
): MediaJob {
  const { request: _, ...common } = job(id);
  return {
    ...common,
    title: `${id}.mov`,
    request: { media: id, version: id.padStart(20, "0") },
    ...change,
    kind,
  };
}

/** A computer with a processor alone. */
export const quietComputer: Computer = {
  settings: { device: "auto", memoryBytes: null },
  devices: [{ id: "cpu", name: "Processor", works: true, reason: null, gflops: 100, used: true }],
  memory: { total: 16e9, limit: 12.8e9, usual: 12.8e9, available: 8e9, held: 0 },
};

export const quietQueue: QueueState = { order: [], hold: null };
