import { spawn } from "node:child_process";
import { z } from "zod";

const saidSchema = z.union([
  z.object({ probe: z.object({ flopsPerSecond: z.number().positive(), onnxruntime: z.string() }) }),
  z.object({ offered: z.array(z.object({ id: z.string(), bundled: z.boolean() })) }),
  /** Null: no number came of it. */
  z.object({ difference: z.number().nullable() }),
  z.object({ problem: z.string() }),
]);

/** What a probe said, or how it ended without a word. */
export type Answer = z.infer<typeof saidSchema> | { readonly late: true } | { readonly died: string };

export interface ProbeCall {
  /** Node executable and the script that it runs. */
  readonly node: string;
  readonly entry: string;
  readonly args: readonly string[];
  /** Milliseconds after which it counts as hung and is ended. */
  readonly patience: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** What a probe prints is noise but for its answer; more than this of it is not kept. */
const MAX_OUTPUT = 1 << 16;

/** Runs a probe in a process of its own, which may crash, hang or print what it likes. Never rejects. */
export function askProbe({ node, entry, args, patience, signal, log }: ProbeCall): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(node, [entry, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    let [output, isLate] = ["", false];
    const late = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, patience);
    const kill = (): void => void child.kill("SIGKILL");
    if (signal.aborted) kill();
    signal.addEventListener("abort", kill, { once: true });
    child.stdout.on("data", (chunk: Buffer) => (output = (output + chunk.toString("utf8")).slice(-MAX_OUTPUT)));
    child.stderr.resume();
    const end = (how: string): void => {
      clearTimeout(late);
      signal.removeEventListener("abort", kill);
      const answer = answerOf(output);
      if (answer === null || "problem" in answer)
        log(`probe ${args.join(" ")}: ${how} ${answer?.problem ?? output.slice(-500)}`);
      resolve(answer ?? (isLate ? { late: true } : { died: how }));
    };
    child.once("error", (error) => end(error.message));
    child.once("close", (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

/** The last line that is an answer. */
function answerOf(output: string): z.infer<typeof saidSchema> | null {
  for (const line of output.split("\n").reverse()) {
    if (!line.startsWith("{")) continue;
    try {
      const answer = saidSchema.safeParse(JSON.parse(line));
      if (answer.success) return answer.data;
    } catch {
      // noise that begins like an answer
    }
  }
  return null;
}
