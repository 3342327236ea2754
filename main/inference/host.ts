import {
  type DeviceId,
  type ModelSummary,
  modelSummarySchema,
  type Precision,
  type ResolvedRequest,
  StudioError,
} from "../../core/contract/index.ts";
import { appScript } from "../app-files/app-files.ts";
import type { InstallTask } from "./backend.ts";
import {
  cancelled,
  DEFAULT_TIMES,
  EngineProcess,
  type EngineTimes,
  type OnReport,
  type WithoutTask,
} from "./engine-process.ts";
import {
  type GenerateOutcome,
  generateResultSchema,
  localiseResultSchema,
  type SightHead,
  type TaskCommand,
  type TaskReport,
  type VerifyOutcome,
  verifyResultSchema,
} from "./protocol.ts";

/** `dead` lasts until the next task: then a new process is started, after a pause that grows with each crash in a row. */
export type EngineState = "absent" | "starting" | "ready" | "busy" | "draining" | "dead";

export interface EngineHostOptions {
  /** Script to run as the engine; default: the real one. */
  readonly entry?: string | undefined;
  /** Node executable; default: the one that runs this. */
  readonly node?: string | undefined;
  /** Environment variables of the process besides ours; absent: those of an engine that makes clips. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds without a task after which the process, and with it the model, is let go. */
  readonly idleMs?: number | undefined;
  /** Pause before a restart after the n-th crash in a row, milliseconds; the last one repeats. */
  readonly backOffMs?: readonly number[] | undefined;
  readonly times?: Partial<EngineTimes> | undefined;
  /** Before a process is started: somebody makes room for it. */
  readonly beforeStart?: (() => Promise<void>) | undefined;
  readonly log?: ((line: string) => void) | undefined;
  readonly onState?: ((state: EngineState) => void) | undefined;
}

export interface GenerateTask {
  /** Folder of the model pack. */
  readonly pack: string;
  readonly threads: number;
  readonly precision: Precision;
  readonly device: DeviceId;
  readonly request: ResolvedRequest;
  /** File of the state that an interrupted run of this very task left; null: it begins at the beginning. */
  readonly resume: string | null;
}

/** A task of one animation; see the protocol for what each field means. */
export type LocaliseTask = Omit<Extract<TaskCommand, { type: "localise" }>, "type" | "task">;
export type KeyframesTask = Omit<Extract<TaskCommand, { type: "keyframes" }>, "type" | "task">;
export type InterpolateTask = Omit<Extract<TaskCommand, { type: "interpolate" }>, "type" | "task">;

/** Pictures to look at; see the protocol for what each field means. */
export type LookTask = Omit<Extract<TaskCommand, { type: "look" }>, "type" | "task">;

/** Which pixels of a part of a picture are an object's: 1 or 0 a pixel; outside of the part none is. */
export interface ObjectMask {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What was seen in one picture, surest first; boxes and masks in its pixels. */
export interface Sight {
  readonly tags: SightHead["tags"];
  readonly objects: readonly (Omit<SightHead["objects"][number], "mask"> & { readonly mask: ObjectMask })[];
}

/** All are awaited before the engine goes on, so a slow consumer slows it down instead of filling memory. */
export interface GenerateListener {
  progress(report: Extract<TaskReport, { type: "progress" }>): void | Promise<void>;
  preview(report: Extract<TaskReport, { type: "preview" }>, rgba: Uint8Array): void | Promise<void>;
  /** RGB8, valid during the call only. */
  frame(index: number, rgb: Uint8Array): void | Promise<void>;
  /** State to go on from after an interruption, valid during the call only. */
  saved?(step: number, state: Uint8Array): void | Promise<void>;
}

export type StepListener = (step: string, fraction: number) => void;

const IDLE_MS = 5 * 60_000;
const BACK_OFF_MS = [0, 1000, 2000, 4000, 8000] as const;

/**
 * The studio's one engine: starts its process on first need, runs tasks one after another, survives its death, and lets it go when
 * it has been idle. One process holds one model; its end returns every byte to the system.
 */
export class EngineHost {
  private readonly options: EngineHostOptions;
  private engine: EngineProcess | null = null;
  private currentState: EngineState = "absent";
  /** Tail of the queue: each task waits for the one before it. */
  private tail: Promise<unknown> = Promise.resolve();
  private idleTimer: NodeJS.Timeout | undefined;
  private crashes = 0;
  private closed = false;

  constructor(options: EngineHostOptions = {}) {
    this.options = options;
  }

  get state(): EngineState {
    return this.currentState;
  }

  /** Process id while there is one. */
  get pid(): number | undefined {
    return this.engine?.pid;
  }

  /** Memory that the process holds, as it last told; 0 where there is none. */
  get residentBytes(): number {
    return this.engine?.residentBytes ?? 0;
  }

  /** The most memory that the process held during its last task, as it told twice a second; 0 where there is none. */
  get peakBytes(): number {
    return this.engine?.peakBytes ?? 0;
  }

  /** Makes one clip. Errors: ENGINE_CRASHED, ENGINE_UNRESPONSIVE, MODEL_*, CANCELLED, and whatever the listener throws. */
  async generate(task: GenerateTask, listener: GenerateListener, signal: AbortSignal): Promise<GenerateOutcome> {
    return generateResultSchema.parse(await this.run({ type: "generate", ...task }, hear(listener), signal));
  }

  /** Predicts the motion of two seconds of sound: 48 scores. Errors: as `generate`. */
  async localise(task: LocaliseTask, signal: AbortSignal): Promise<Float32Array> {
    const result = await this.run({ type: "localise", ...task }, () => {}, signal);
    return Float32Array.from(localiseResultSchema.parse(result).scores);
  }

  /** Makes the twelve keyframes of a segment. Errors: as `generate`. */
  async keyframes(task: KeyframesTask, listener: GenerateListener, signal: AbortSignal): Promise<GenerateOutcome> {
    return generateResultSchema.parse(await this.run({ type: "keyframes", ...task }, hear(listener), signal));
  }

  /** Makes the 48 frames of a segment. Errors: as `generate`. */
  async interpolate(task: InterpolateTask, listener: GenerateListener, signal: AbortSignal): Promise<GenerateOutcome> {
    return generateResultSchema.parse(await this.run({ type: "interpolate", ...task }, hear(listener), signal));
  }

  /** Looks at pictures; `onSeen` gets them in order and is awaited. Errors: as `generate`. */
  async look(
    task: LookTask,
    onSeen: (index: number, sight: Sight) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const onReport: OnReport = async (report, body) => {
      if (report.type === "seen") await onSeen(report.index, sightOf(report, body));
    };
    await this.run({ type: "look", ...task }, onReport, signal);
  }

  /** Converts a checkpoint to a pack. Errors: CHECKPOINT_*, DISK_FULL, CANCELLED. */
  async install(task: InstallTask, onStep: StepListener, signal: AbortSignal): Promise<ModelSummary> {
    const result = await this.run({ type: "install", ...task, loras: [...task.loras] }, forward(onStep), signal);
    return modelSummarySchema.parse(result);
  }

  /** Makes what a pack keeps beside its weights. Errors: as `generate`. */
  async prepare(pack: string, threads: number, onStep: StepListener, signal: AbortSignal): Promise<void> {
    await this.run({ type: "prepare", pack, threads }, forward(onStep), signal);
  }

  /** Compares a pack with its manifest. Errors: MODEL_DAMAGED, CANCELLED. */
  async verify(pack: string, onStep: StepListener, signal: AbortSignal): Promise<VerifyOutcome> {
    return verifyResultSchema.parse(await this.run({ type: "verify", pack }, forward(onStep), signal));
  }

  /** Starts the engine if need be and tells the version of onnxruntime that loads in it. Errors: as `generate`. */
  async check(): Promise<string> {
    const turn = this.tail.then(async () => {
      const engine = await this.ensure(new AbortController().signal);
      await this.settle(engine);
      return engine.onnxruntime;
    });
    this.tail = turn.catch(() => {});
    return turn;
  }

  /** Lets an idle process go at once, and with it every file it holds open; waits for tasks in the queue. */
  async release(): Promise<void> {
    if (this.engine !== null) await this.letGo(this.engine);
  }

  /** Ends the process, cancelling what runs. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.idleTimer);
    const engine = this.engine;
    if (engine === null) return;
    this.setState("draining");
    await engine.end();
    this.engine = null;
    this.setState("absent");
  }

  private run(command: WithoutTask, onReport: OnReport, signal: AbortSignal): Promise<unknown> {
    const turn = this.tail.then(() => this.runNow(command, onReport, signal));
    this.tail = turn.catch(() => {});
    return turn;
  }

  private async runNow(command: WithoutTask, onReport: OnReport, signal: AbortSignal): Promise<unknown> {
    if (this.closed || signal.aborted) throw cancelled();
    clearTimeout(this.idleTimer);
    const engine = await this.ensure(signal);
    const drain = (): void => this.setState("draining");
    signal.addEventListener("abort", drain, { once: true });
    this.setState("busy");
    try {
      const result = await engine.run(command, onReport, signal);
      this.crashes = 0;
      return result;
    } catch (error) {
      // A refusal leaves the process as it was; a death is counted, and the next task waits a little longer for its new engine.
      if (error instanceof StudioError && isCrash(error)) this.crashes += 1;
      throw error;
    } finally {
      signal.removeEventListener("abort", drain);
      // A process that was just killed still counts as alive until its exit is seen; never hand it to the next task.
      await this.settle(engine);
    }
  }

  /** After a task: keep the engine warm, or note its death. */
  private async settle(engine: EngineProcess): Promise<void> {
    if (engine.isDying) await engine.dead;
    if (this.closed) return;
    if (!engine.isAlive) {
      this.engine = null;
      this.setState("dead");
      return;
    }
    this.setState("ready");
    this.idleTimer = setTimeout(() => void this.letGo(engine), this.options.idleMs ?? IDLE_MS);
    this.idleTimer.unref();
  }

  private async letGo(engine: EngineProcess): Promise<void> {
    // In the queue like a task, so that no task is given to a process on its way out.
    const turn = this.tail.then(async () => {
      if (this.engine !== engine || this.closed) return;
      this.setState("draining");
      this.engine = null;
      await engine.end();
      this.setState("absent");
    });
    this.tail = turn.catch(() => {});
    await turn;
  }

  private async ensure(signal: AbortSignal): Promise<EngineProcess> {
    if (this.engine?.isAlive === true) return this.engine;
    const pauses = this.options.backOffMs ?? BACK_OFF_MS;
    await pause(pauses[Math.min(this.crashes, pauses.length - 1)] ?? 0, signal);
    await this.options.beforeStart?.();
    this.setState("starting");
    try {
      const engine = await EngineProcess.start({
        entry: this.options.entry ?? appScript("main/inference/worker.ts"),
        node: this.options.node ?? process.execPath,
        environment: this.options.environment,
        times: { ...DEFAULT_TIMES, ...this.options.times },
        log: this.options.log ?? (() => {}),
      });
      this.engine = engine;
      // Between tasks nobody awaits the process: notice when it dies on its own.
      void engine.dead.then(() => {
        if (this.engine === engine && this.currentState === "ready") {
          this.engine = null;
          this.setState("dead");
        }
      });
      return engine;
    } catch (error) {
      this.crashes += 1;
      this.setState("dead");
      throw error;
    }
  }

  private setState(state: EngineState): void {
    if (state === this.currentState) return;
    this.currentState = state;
    this.options.onState?.(state);
  }
}

function isCrash(error: StudioError): boolean {
  return (
    error.code === "ENGINE_CRASHED" || error.code === "ENGINE_UNRESPONSIVE" || error.code === "MODEL_OUT_OF_MEMORY"
  );
}

function hear(listener: GenerateListener): OnReport {
  return async (report, body) => {
    if (report.type === "progress") await listener.progress(report);
    else if (report.type === "preview") await listener.preview(report, body);
    else if (report.type === "frame") await listener.frame(report.index, body);
    else if (report.type === "saved") await listener.saved?.(report.step, body);
  };
}

function sightOf({ tags, objects }: SightHead, masks: Uint8Array): Sight {
  let at = 0;
  return {
    tags,
    objects: objects.map((object) => {
      const { width, height } = object.mask;
      // A copy: the message's bytes are not ours to keep, and a Buffer's slice would be a view of them.
      const data = Uint8Array.from(masks.subarray(at, (at += width * height)));
      if (data.length < width * height) throw new Error("an object's mask was cut off");
      return { ...object, mask: { ...object.mask, data } };
    }),
  };
}

function forward(onStep: StepListener): OnReport {
  return (report) => {
    if (report.type === "progress") onStep(report.step, report.fraction);
  };
}

/** Waits, or throws CANCELLED when the signal fires first. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  if (signal.aborted) throw cancelled();
}
