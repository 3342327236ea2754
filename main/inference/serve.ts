import { StudioError } from "../../core/contract/index.ts";
import type { AnimateHooks, GenerateResult, Pipeline } from "../../native-models/types.ts";
import type { EngineBackend, StepReport } from "./backend.ts";
import type { Channel } from "./framing.ts";
import { look, type LookCommand } from "./serve-vision.ts";
import { type AnimateCommand, interpolate, keyframes, localise } from "./serve-animation.ts";
import { readSavedState } from "./work-files.ts";
import {
  type Command,
  commandSchema,
  type GenerateOutcome,
  PROTOCOL_VERSION,
  type Report,
  type TaskCommand,
} from "./protocol.ts";

/**
 * The engine's side of the protocol: one task at a time, the last model kept open for the next task, cancel between steps.
 * Resolves when the studio closes the channel.
 */
export async function serveEngine(channel: Channel, backend: EngineBackend): Promise<void> {
  const engine = new Engine(channel, backend);
  for await (const { head } of channel.messages()) engine.receive(commandSchema.parse(head));
}

class Engine {
  private readonly channel: Channel;
  private readonly backend: EngineBackend;
  private warm: { key: string; pipeline: Pipeline } | null = null;
  private current: { task: string; abort: AbortController } | null = null;

  constructor(channel: Channel, backend: EngineBackend) {
    this.channel = channel;
    this.backend = backend;
  }

  receive(command: Command): void {
    if (command.type === "hello")
      void this.report({
        type: "ready",
        protocol: PROTOCOL_VERSION,
        pid: process.pid,
        onnxruntime: this.backend.onnxruntime,
      });
    else if (command.type === "cancel") {
      if (this.current?.task === command.task) this.current.abort.abort();
    } else void this.run(command);
  }

  private async run(command: TaskCommand): Promise<void> {
    const { task } = command;
    if (this.current !== null) {
      const error = new StudioError("INTERNAL", "The engine was given two jobs at once.").toData();
      await this.report({ type: "failed", task, error });
      return;
    }
    const abort = new AbortController();
    this.current = { task, abort };
    try {
      const result = await this.perform(command, abort.signal);
      abort.signal.throwIfAborted();
      this.current = null;
      await this.report({ type: "done", task, result });
    } catch (error) {
      this.current = null;
      await this.report({ type: "failed", task, error: explain(error, abort.signal).toData() });
    }
  }

  private perform(command: TaskCommand, signal: AbortSignal): Promise<unknown> {
    const { task } = command;
    const stepReport =
      (phase: "install" | "prepare" | "verify") =>
      async (step: string, fraction: number): Promise<void> => {
        signal.throwIfAborted();
        await this.report({ type: "progress", task, phase, step, done: 0, total: 0, fraction: clamp(fraction) });
      };
    if (command.type === "install") return this.install(command, stepReport("install"), signal);
    if (command.type === "prepare") return this.prepare(command, stepReport("prepare"), signal);
    if (command.type === "verify") return this.backend.verify(command.pack, stepReport("verify"), signal);
    if (command.type === "look") return this.look(command, signal);
    return command.type === "generate" ? this.generate(command, signal) : this.animate(command, signal);
  }

  private async install(
    command: Extract<TaskCommand, { type: "install" }>,
    report: StepReport,
    signal: AbortSignal,
  ): Promise<unknown> {
    // Converting wants memory of its own; a model that waits for nobody makes room.
    await this.unload();
    return this.backend.install(command, report, signal);
  }

  private async prepare(
    command: Extract<TaskCommand, { type: "prepare" }>,
    report: StepReport,
    signal: AbortSignal,
  ): Promise<void> {
    await this.unload();
    await this.backend.prepare(command.pack, command.threads, report, signal);
  }

  private async generate(command: Extract<TaskCommand, { type: "generate" }>, signal: AbortSignal): Promise<unknown> {
    const { pipeline, load } = await this.open(command, signal);
    if (pipeline.kind !== "text-to-video") throw wrongKind(pipeline, "makes clips from words");
    const state = await readSavedState(command.resume);
    const result = await pipeline.generate(command.request, this.hooks(command.task, signal), state);
    return this.outcome(result, load, command);
  }

  private async animate(command: AnimateCommand, signal: AbortSignal): Promise<unknown> {
    const { pipeline, load } = await this.open(command, signal);
    if (pipeline.kind !== "animate") throw wrongKind(pipeline, "animates pictures");
    if (command.type === "localise") return localise(pipeline, command);
    const hooks = this.hooks(command.task, signal);
    const run =
      command.type === "keyframes" ? keyframes(pipeline, command, hooks) : interpolate(pipeline, command, hooks);
    return this.outcome(await run, load, command);
  }

  private async look(command: LookCommand, signal: AbortSignal): Promise<void> {
    const { pipeline } = await this.open(command, signal);
    if (pipeline.kind !== "vision") throw wrongKind(pipeline, "looks at pictures");
    await look(pipeline, command, signal, (index, sight, masks) =>
      this.report({ type: "seen", task: command.task, index, ...sight }, masks),
    );
  }

  private outcome(
    result: GenerateResult,
    load: number,
    { threads, device }: Pick<AnimateCommand, "threads" | "device">,
  ): GenerateOutcome {
    return {
      framesSha256: result.framesSha256,
      seconds: { load, ...result.seconds },
      resumed: result.resumed ?? 0,
      onnxruntime: this.backend.onnxruntime,
      executionProvider: device,
      threads,
    };
  }

  /** What a pipeline may say while it works, as reports. */
  private hooks(task: string, signal: AbortSignal): AnimateHooks {
    return {
      signal,
      progress: async (phase, done, total, fraction) => {
        await this.report({ type: "progress", task, phase, step: "", done, total, fraction: clamp(fraction) });
      },
      preview: async ({ rgba, step, width, height, frames }) => {
        await this.report({ type: "preview", task, step, width, height, frames }, rgba);
      },
      frame: async (index, rgb) => {
        await this.report({ type: "frame", task, index }, rgb);
      },
      saved: async (state, step) => {
        await this.report({ type: "saved", task, step }, state);
      },
    };
  }

  /** The task's model, opened unless it is the one of the last task, and the seconds that this took. */
  private async open(
    {
      task,
      pack,
      threads,
      precision,
      device,
    }: AnimateCommand | LookCommand | Extract<TaskCommand, { type: "generate" }>,
    signal: AbortSignal,
  ): Promise<{ pipeline: Pipeline; load: number }> {
    const started = performance.now();
    await this.report({ type: "progress", task, phase: "load", step: "", done: 0, total: 0, fraction: 0 });
    const key = JSON.stringify([pack, threads, precision, device]);
    if (this.warm?.key !== key) {
      await this.unload();
      this.warm = { key, pipeline: await this.backend.open(pack, { threads, precision, device }) };
    }
    const { pipeline } = this.warm;
    signal.throwIfAborted();
    return { pipeline, load: (performance.now() - started) / 1000 };
  }

  private async unload(): Promise<void> {
    const old = this.warm;
    this.warm = null;
    await old?.pipeline.close();
  }

  private async report(report: Report, body?: Uint8Array): Promise<void> {
    await this.channel.send(report, body);
  }
}

const DOES: Readonly<Record<Pipeline["kind"], string>> = {
  "text-to-video": "makes clips from words",
  animate: "animates pictures",
  vision: "looks at pictures",
};

const wrongKind = ({ kind }: Pipeline, wanted: string): StudioError =>
  new StudioError("MODEL_WRONG_KIND", `This model ${DOES[kind]}: choose one that ${wanted}.`);

const clamp = (fraction: number): number => Math.min(1, Math.max(0, fraction));

/** What onnxruntime and V8 say when an allocation is refused; such an exception is an honest "too big", not a defect. */
const OUT_OF_MEMORY =
  /bad_alloc|bad allocation|failed to allocate memory|out of memory|array buffer allocation failed/i;

/** The sentence for every way of running out of memory; also used by the host when the engine was killed for it. */
export function outOfMemory(detail: string): StudioError {
  return new StudioError(
    "MODEL_OUT_OF_MEMORY",
    "The computer ran out of memory: choose a smaller size or fewer frames, or close other programs, and try again.",
    detail,
  );
}

function explain(error: unknown, signal: AbortSignal): StudioError {
  if (signal.aborted) return new StudioError("CANCELLED", "The work was cancelled.");
  if (error instanceof StudioError) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return OUT_OF_MEMORY.test(text) ? outOfMemory(text) : StudioError.from(error);
}
