/**
 * The process that paints and mixes an export. It is one of its own so that hours of painting never hold up the studio's event loop, and
 * that what ends it ends nothing else. It does one export and goes.
 */
import { constants, setPriority } from "node:os";
import { StudioError } from "../../../core/contract/index.ts";
import type { ExportCommand, ExportReport } from "./messages.ts";
import { renderExport } from "./render.ts";
import type { ExportListener } from "./task.ts";

/** Reports more often than this are not worth a message. */
const REPORT_EVERY_MS = 50;

try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not allowed here: an ordinary priority works too.
}
// Ctrl-C in a terminal reaches every process; when to stop is the studio's decision. Without a studio there is nobody to work for.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));

let open: (() => void) | null = null;
let gate: Promise<void> | null = null;

const say = (report: ExportReport): Promise<void> =>
  new Promise((resolve) => {
    process.send!(report, () => resolve());
  });

let told = { phase: "", at: 0 };
const listener: ExportListener = {
  progress(phase, done, total) {
    const now = performance.now();
    if (phase === told.phase && done < total && now - told.at < REPORT_EVERY_MS) return;
    told = { phase, at: now };
    void say({ type: "progress", phase, done, total });
  },
  picture: (width, height, rgba) => void say({ type: "picture", width, height, rgba: new Uint8Array(rgba) }),
  go: () => gate ?? Promise.resolve(),
};

process.on("message", (command: ExportCommand) => {
  if (command.type === "pause") gate ??= new Promise((resolve) => (open = resolve));
  else if (command.type === "resume") {
    open?.();
    gate = open = null;
  } else void work(command);
});

async function work({ tools, task, places }: Extract<ExportCommand, { type: "start" }>): Promise<void> {
  const report = await renderExport(tools, task, places, listener).then(
    (outcome): ExportReport => ({ type: "done", outcome }),
    (error: unknown): ExportReport => ({ type: "failed", error: StudioError.from(error).toData() }),
  );
  await say(report);
  process.exit(0);
}
