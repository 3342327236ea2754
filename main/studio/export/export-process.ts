import { type ChildProcess, fork } from "node:child_process";
import { StudioError } from "../../../core/contract/index.ts";
import { appScript } from "../../app-files/app-files.ts";
import type { MediaTools } from "../../media/index.ts";
import type { ExportCommand, ExportReport } from "./messages.ts";
import type { ExportListener, ExportOutcome, ExportPlaces, ExportTask } from "./task.ts";

/** The Node that runs it, and its script. */
export interface ExportEntry {
  readonly node: string;
  readonly entry: string;
}

/** Runs with the engine's Node, where it has one of its own. */
export function exportEntry(engine: { readonly node: string } | undefined): ExportEntry {
  return { node: engine?.node ?? process.execPath, entry: appScript("main/studio/export/worker.ts") };
}

const TAIL = 4000;
/**
 * What keeps its memory flat. Left to itself V8 collects the garbage of old objects only when much has come together, and makes room for ever
 * more of it, and more for young ones: an hour's film took 130 MB more than a minute's, of which nothing was needed. The first look at the
 * old ones comes at 48 MB (sooner cost an export of seconds a tenth of its time, for frames pass as buffers of megabytes); from then on
 * when there is half more than what was in use. And glibc gives each thread a heap of its own, none of which shrinks: one is enough.
 */
const NODE = ["--max-semi-space-size=8", "--initial-old-space-size=48", "--heap-growing-percent=50"];
const ENVIRONMENT = { MALLOC_ARENA_MAX: "1" };

type Listener = Pick<ExportListener, "progress" | "picture">;

/** An export that is going on in a process of its own. */
export class ExportProcess {
  /** Settles when it is over. Errors: those of `renderExport`; INTERNAL when the process died. */
  readonly over: Promise<ExportOutcome>;
  /** Who is told; may change, because a paused export is taken up again. */
  listener: Listener;
  private readonly child: ChildProcess;

  constructor(
    { tools, task, places }: { readonly tools: MediaTools; readonly task: ExportTask; readonly places: ExportPlaces },
    listener: Listener,
    { node, entry }: ExportEntry = exportEntry(undefined),
  ) {
    this.listener = listener;
    this.child = fork(entry, [], {
      execPath: node,
      execArgv: NODE,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, ...ENVIRONMENT, NODE_OPTIONS: "", ELECTRON_RUN_AS_NODE: "1" },
    });
    let words = "";
    this.child.stderr!.on("data", (chunk: Buffer) => (words = (words + chunk.toString("utf8")).slice(-TAIL)));
    this.over = new Promise((resolve, reject) => {
      const died = (why: string): void =>
        reject(
          new StudioError(
            "INTERNAL",
            "The export ended unexpectedly, and nothing was written: try again.",
            `${why}\n${words}`,
          ),
        );
      this.child.on("message", (report: ExportReport) => {
        if (report.type === "progress") this.listener.progress(report.phase, report.done, report.total);
        else if (report.type === "picture")
          this.listener.picture(report.width, report.height, new Uint8ClampedArray(report.rgba));
        else if (report.type === "done") resolve(report.outcome);
        else reject(StudioError.fromData(report.error));
      });
      this.child.once("error", (cause) => died(cause.message));
      this.child.once("close", (code, signal) => died(signal ?? `exit code ${code}`));
    });
    this.over.catch(() => {});
    this.tell({ type: "start", tools, task, places });
  }

  pause(): void {
    this.tell({ type: "pause" });
  }

  resume(): void {
    this.tell({ type: "resume" });
  }

  /** Ends it at once; its ffmpegs notice that nobody feeds or reads them any more. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGKILL");
    await gone;
  }

  private tell(command: ExportCommand): void {
    if (this.child.connected) this.child.send(command);
  }
}
