import type {
  Clip,
  JobSnapshot,
  ModelSummary,
  ResolvedRequest,
  StudioEvent,
  SystemInfo,
} from "../../core/contract/index.ts";
import type { WindowClient } from "../client/client.ts";

/** Values for tests of the window. */
export const model: ModelSummary = {
  id: "sample",
  name: "Sample",
  family: "hummingbird",
  variant: "test",
  bundled: true,
  licence: "MIT",
  about: "Knows bubbles.",
  examplePrompts: ["blue bubbles rising slowly", "red rain"],
  parameters: 8_400_000,
  bytesOnDisk: 27_000_000,
  guidanceKind: "classifier-free",
  precisions: ["fp32", "int8"],
  defaults: { width: 128, height: 128, frames: 16, fps: 8, steps: 8, guidance: 3, precision: "fp32" },
  sizes: [{ width: 128, height: 128, label: "Square" }],
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
  model: "sample",
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
      model: { id: "sample", name: "Sample", family: "hummingbird", weightsSha256: "a", sourceSha256: "b" },
      runtime: { app: "0.1.0", onnxruntime: "1", executionProvider: "cpu", threads: 2 },
      framesSha256: "c",
      seconds: { text: 1, denoise: 7 },
      createdAt,
    },
  };
}

export function job(id: string, change: Partial<JobSnapshot> = {}): JobSnapshot {
  return {
    id,
    kind: "generate",
    state: "queued",
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

type Answers = Readonly<Record<string, (input: never) => unknown>>;

/** A client that answers as told, writes down what it was asked, and lets the test tell events. */
export function fakeClient(answers: Answers = {}) {
  const calls: { method: string; input: unknown }[] = [];
  const listeners = new Set<(event: StudioEvent) => void>();
  const defaults: Answers = { "library.list": () => [], "system.info": () => system };
  const client: WindowClient = {
    async call(method, input) {
      calls.push({ method, input });
      const answer = answers[method] ?? defaults[method];
      return (answer ? answer(input as never) : {}) as never;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    clipUrl: (id) => `/media/${id}`,
    previewUrl: (id, step) => `/preview/${id}/${step}`,
  };
  const tell = (event: StudioEvent) => {
    for (const listener of listeners) listener(event);
  };
  return { client, calls, tell };
}

/** Storage in memory. */
export function fakeStorage(content: Record<string, string> = {}) {
  const values = new Map(Object.entries(content));
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  };
}
