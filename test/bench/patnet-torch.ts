/**
 * PATNet in PyTorch's eager mode, in a process of its own that waits for its turn (native-models/training/patnet/eager.py): with the
 * published modules, and with everything folded that we fold.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { z } from "zod";
import { eyesEnvironment } from "../../main/inference/environment.ts";
import type { SizeName } from "./patnet-model.ts";

const script = resolve(import.meta.dirname, "../../native-models/training/patnet/eager.py");
export type TorchForm = "published" | "folded";
export type TorchMemory = "its own" | "ours";
const headSchema = z.object({ torch: z.string() });
const timeSchema = z.object({ cpu: z.number(), wall: z.number() });

type Child = ChildProcessByStdio<Writable, Readable, null>;

export class TorchEager {
  readonly version: string;
  readonly #child: Child;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  private constructor(child: Child, reader: Interface, lines: AsyncIterator<string>, head: z.infer<typeof headSchema>) {
    this.version = head.torch;
    this.#child = child;
    this.#reader = reader;
    this.#lines = lines;
  }

  /**
   * @param python a Python that has torch. Throws with what it said when it does not start.
   * @param memory how it gets memory: as it comes, or with the settings of our own engine
   */
  static async start(python: string, size: SizeName, memory: TorchMemory): Promise<TorchEager> {
    const plain = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !Object.hasOwn(eyesEnvironment, name)),
    );
    const env = memory === "ours" ? { ...plain, ...eyesEnvironment } : plain;
    const child = spawn(python, [script, size], { stdio: ["pipe", "pipe", "inherit"], env });
    await once(child, "spawn");
    const reader = createInterface({ input: child.stdout });
    const lines = reader[Symbol.asyncIterator]();
    return new TorchEager(child, reader, lines, headSchema.parse(await nextOf(lines, python)));
  }

  /** Milliseconds of one forward pass of a batch. */
  async run(form: TorchForm, batch: number): Promise<{ cpu: number; wall: number }> {
    this.#child.stdin.write(`${form} ${batch}\n`);
    const { cpu, wall } = timeSchema.parse(await nextOf(this.#lines, "PyTorch"));
    return { cpu: cpu * 1000, wall: wall * 1000 };
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
    this.#reader.close();
  }
}

async function nextOf(lines: AsyncIterator<string>, who: string): Promise<unknown> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error(`${who} ended before it answered.`);
  return JSON.parse(value) as unknown;
}
