import { type ChildProcess, spawn } from "node:child_process";
import { totalmem } from "node:os";
import type { Duplex, Readable } from "node:stream";
import { StudioError } from "../../core/contract/index.ts";
import { explainDeath } from "./exit.ts";
import { engineEnvironment } from "./environment.ts";
import { Channel, type Message } from "./framing.ts";
import { kernelMemoryKills } from "./memory-kills.ts";
import {
  type Heartbeat,
  heartbeatSchema,
  PROTOCOL_VERSION,
  type Report,
  reportSchema,
  type TaskCommand,
  type TaskReport,
} from "./protocol.ts";

export interface EngineProcessOptions {
  /** Path of the script that runs in the engine process. */
  readonly entry: string;
  /** Node executable. */
  readonly node: string;
  /** Its environment variables besides ours; absent: those of an engine that makes clips. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly times: EngineTimes;
  readonly log: (line: string) => void;
}

/** Milliseconds. */
export interface EngineTimes {
  /** From spawn to handshake. */
  readonly start: number;
  /** Without any heartbeat: the process is stopped or hopelessly swapped. */
  readonly silence: number;
  /** Main thread without a turn and no report: a model call that never returns. One step of a large clip may take many minutes. */
  readonly stall: number;
  /** At work, without a report and without computing anything: it waits for something that never comes. */
  readonly idle: number;
  /** Between asking to cancel and killing. */
  readonly cancelGrace: number;
}

export const DEFAULT_TIMES: EngineTimes = {
  start: 60_000,
  silence: 30_000,
  stall: 3_600_000,
  idle: 600_000,
  cancelGrace: 3000,
};

/** Processor time that shows an engine at work, ms: one that only waits takes less within the idle time, a starved one still more. */
const WORK_MS = 200;

/** Receives a task's progress, previews and frames in order; the engine waits while it works. */
export type OnReport = (report: TaskReport, body: Uint8Array) => Promise<void> | void;

interface Running {
  readonly id: string;
  readonly onReport: OnReport;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: StudioError) => void;
}

const OUTPUT_TAIL = 8192;
const CLOSE_GRACE_MS = 1000;

/** One engine process from its birth to its death. It is never restarted: the host makes a new one. */
export class EngineProcess {
  /** Settles when the process is gone, with the reason; never rejects. */
  readonly dead: Promise<StudioError>;
  private readonly options: EngineProcessOptions;
  private readonly child: ChildProcess;
  private readonly channel: Channel;
  private running: Running | null = null;
  private output = "";
  private lastBeat = performance.now();
  private lastReport = performance.now();
  private lastWatch = performance.now();
  private peak = 0;
  private beat: Heartbeat = { rss: 0, available: Number.POSITIVE_INFINITY, busyMs: 0, cpuMs: 0 };
  /** When the engine was last seen to do anything, and its processor time then. */
  private lastWork = { at: performance.now(), cpuMs: 0 };
  /** What it reported is being dealt with; it waits for that. */
  private isHeard = false;
  /** Set before we kill it ourselves: then the exit needs no guessing. */
  private verdict: StudioError | null = null;
  private readonly memoryKillsBefore = kernelMemoryKills();
  private alive = true;
  private ready: (() => void) | null = null;
  private version = "";
  private counter = 0;

  private constructor(options: EngineProcessOptions) {
    this.options = options;
    // Two pipes beside stdio: messages and heartbeats. stdin is closed; stdout and stderr belong to whatever libraries print.
    this.child = spawn(options.node, [options.entry], {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      windowsHide: true,
      env: { ...process.env, ...(options.environment ?? engineEnvironment), NODE_OPTIONS: "" },
    });
    this.channel = new Channel(this.child.stdio[3] as Duplex);
    this.dead = new Promise((resolve) => {
      const over = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (!this.alive) return;
        this.alive = false;
        const reason = this.verdict ?? this.explain(code, signal);
        this.running?.reject(reason);
        this.running = null;
        resolve(reason);
      };
      this.child.once("error", (cause) => {
        this.note(cause.message);
        over(null, null);
      });
      // "close" comes after the pipes' last bytes, so the last words and the last report have been read by then. It would never
      // come while a listener holds the message pipe back, hence the second way.
      this.child.once("close", over);
      this.child.once("exit", (code, signal) => void setTimeout(over, CLOSE_GRACE_MS, code, signal));
    });
    this.listen();
  }

  /** Starts a process and waits for its handshake. Errors: ENGINE_CRASHED, ENGINE_UNRESPONSIVE, MODEL_OUT_OF_MEMORY. */
  static async start(options: EngineProcessOptions): Promise<EngineProcess> {
    const engine = new EngineProcess(options);
    const ready = new Promise<void>((resolve) => (engine.ready = resolve));
    const late = setTimeout(() => {
      engine.kill(unresponsive("The engine did not start in time: restart the studio and try again."));
    }, options.times.start);
    await engine.channel.send({ type: "hello", protocol: PROTOCOL_VERSION });
    const death = await Promise.race([ready, engine.dead]).finally(() => clearTimeout(late));
    if (death instanceof StudioError) throw death;
    return engine;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Resident memory at its last heartbeat, bytes; 0 once it is gone. */
  get residentBytes(): number {
    return this.alive ? this.beat.rss : 0;
  }

  /** The most that its heartbeats told since the last task began. */
  get peakBytes(): number {
    return this.peak;
  }

  /** Version of the onnxruntime that it loaded. */
  get onnxruntime(): string {
    return this.version;
  }

  get isAlive(): boolean {
    return this.alive;
  }

  /** A kill was sent and its exit has not been seen yet. */
  get isDying(): boolean {
    return this.alive && this.verdict !== null;
  }

  /**
   * Runs one task to its end. Errors: what the engine refused with, what killed it, or CANCELLED. After a cancel that the engine did
   * not heed in time the process is dead.
   */
  async run(command: WithoutTask, onReport: OnReport, signal: AbortSignal): Promise<unknown> {
    if (!this.alive) throw await this.dead;
    if (signal.aborted) throw cancelled();
    if (this.running !== null) throw new StudioError("INTERNAL", "The engine was given two jobs at once.");
    this.counter += 1;
    const id = String(this.counter);
    let killTimer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      void this.channel.send({ type: "cancel", task: id });
      killTimer = setTimeout(() => this.kill(cancelled()), this.options.times.cancelGrace);
    };
    this.lastReport = performance.now();
    this.peak = 0;
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.running = { id, onReport, resolve, reject };
        signal.addEventListener("abort", onAbort, { once: true });
        void this.channel.send({ ...command, task: id });
      });
    } finally {
      clearTimeout(killTimer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends the process now, for this reason. */
  kill(reason: StudioError): void {
    if (!this.alive) return;
    this.verdict ??= reason;
    this.child.kill("SIGKILL");
  }

  /** Lets the process end by itself (its channel closes), or kills it when it does not. Resolves when it is gone. */
  async end(): Promise<void> {
    this.verdict ??= cancelled();
    this.channel.close();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), this.options.times.cancelGrace);
    await this.dead;
    clearTimeout(timer);
  }

  private listen(): void {
    const take = (chunk: Buffer): void => this.note(chunk.toString("utf8"));
    this.child.stdout?.on("data", take);
    this.child.stderr?.on("data", take);
    this.readHeartbeats(this.child.stdio[4] as Readable);
    this.readReports().catch((error: unknown) => {
      this.note(String(error));
      this.kill(
        new StudioError(
          "ENGINE_CRASHED",
          "The engine sent something that the studio does not understand: reinstall Plume Studio if it happens again.",
          error instanceof Error ? error.message : String(error),
        ),
      );
    });
    const watch = setInterval(() => this.watch(), Math.min(1000, this.options.times.silence / 4));
    void this.dead.then(() => clearInterval(watch));
  }

  private async readReports(): Promise<void> {
    for await (const message of this.channel.messages()) await this.receive(message);
  }

  private async receive({ head, body }: Message): Promise<void> {
    this.lastReport = performance.now();
    const report: Report = reportSchema.parse(head);
    if (report.type === "ready") {
      if (report.protocol !== PROTOCOL_VERSION)
        throw new Error(`protocol ${report.protocol}, expected ${PROTOCOL_VERSION}`);
      this.version = report.onnxruntime;
      this.ready?.();
      return;
    }
    const running = this.running;
    // Late words about a task that was given up are of no interest.
    if (running?.id !== report.task) return;
    if (report.type === "done" || report.type === "failed") {
      this.running = null;
      if (report.type === "done") running.resolve(report.result);
      else running.reject(StudioError.fromData(report.error));
      return;
    }
    this.isHeard = true;
    try {
      await running.onReport(report, body);
    } catch (error) {
      // The receiver failed (disk full, ffmpeg died): the clip cannot be finished, so the engine may stop computing it.
      // Killing is certain; asking would leave the rest of its frames in the pipe in front of the next task's.
      this.running = null;
      this.kill(cancelled());
      running.reject(StudioError.from(error));
    } finally {
      this.isHeard = false;
      this.lastReport = performance.now();
    }
  }

  private readHeartbeats(pipe: Readable): void {
    let line = "";
    pipe.on("error", () => {});
    pipe.on("data", (chunk: Buffer) => {
      const lines = (line + chunk.toString("utf8")).split("\n");
      line = lines.pop()!.slice(-1000);
      for (const text of lines) {
        const parsed = heartbeatSchema.safeParse(parseJson(text));
        if (!parsed.success) continue;
        this.lastBeat = performance.now();
        this.beat = parsed.data;
        this.peak = Math.max(this.peak, this.beat.rss);
      }
    });
  }

  private watch(): void {
    const now = performance.now();
    // This process itself slept (a closed laptop lid): its clock says nothing about the engine.
    const slept = now - this.lastWatch > this.options.times.silence / 2;
    this.lastWatch = now;
    // Until the handshake another, longer limit holds: a busy computer may take its time to start a process.
    if (slept || this.version === "") this.lastBeat = this.lastReport = now;
    const { cpuMs } = this.beat;
    const isAtWork = cpuMs - this.lastWork.cpuMs > WORK_MS || this.lastReport > this.lastWork.at;
    if (slept || this.running === null || this.isHeard || isAtWork) this.lastWork = { at: now, cpuMs };
    if (now - this.lastBeat > this.options.times.silence)
      this.kill(unresponsive("The engine gave no sign of life, so it was ended: try the clip again."));
    else if (this.running !== null && Math.min(this.beat.busyMs, now - this.lastReport) > this.options.times.stall)
      this.kill(unresponsive("The engine was stuck in one step for too long, so it was ended: try a smaller clip."));
    else if (now - this.lastWork.at > this.options.times.idle)
      this.kill(
        unresponsive(
          "The engine waited for something that never came, so it was ended: check that the disks are connected, then try again.",
        ),
      );
  }

  private note(text: string): void {
    this.output = (this.output + text).slice(-OUTPUT_TAIL);
    for (const line of text.split("\n")) if (line.trim() !== "") this.options.log(`engine: ${line.trim()}`);
  }

  private explain(code: number | null, signal: NodeJS.Signals | null): StudioError {
    const limit = process.constrainedMemory();
    const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
    return explainDeath({
      code,
      signal,
      output: this.output,
      rss: this.beat.rss,
      available: this.beat.available,
      total,
      memoryKills: kernelMemoryKills() - this.memoryKillsBefore,
    });
  }
}

export type WithoutTask = TaskCommand extends infer C ? (C extends TaskCommand ? Omit<C, "task"> : never) : never;

export function cancelled(): StudioError {
  return new StudioError("CANCELLED", "The work was cancelled.");
}

function unresponsive(sentence: string): StudioError {
  return new StudioError("ENGINE_UNRESPONSIVE", sentence);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // noise on the pipe
  }
}
