/**
 * Ends a program that stands still, and tells why it does: a promise that nobody settles, a disk or a thread pool that does not answer, or a
 * loop that never ends. The first are seen from the program's own thread; the last only from another, since nothing else runs then.
 */
import { stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";

/** What the program may take in all, in limits, before the thread beside it ends it: its own last words take some seconds. */
const PATIENCE = 5;

export class StandstillWatch {
  readonly #limit: number;
  /** When the input was begun, its seed, and whether everything else was said. */
  readonly #since = new Float64Array(new SharedArrayBuffer(24));
  readonly #timer: NodeJS.Timeout;
  readonly #thread: Worker;
  #what = "";
  #turn = 0;
  #ending = false;

  /** @param limit milliseconds that one input may take. @param folder something to ask the file system for */
  constructor(limit: number, folder: string) {
    this.#limit = limit;
    this.begin(0, "nothing yet");
    this.#timer = setInterval(() => void this.#look(folder), Math.min(5000, limit / 4));
    this.#thread = new Worker(new URL("watch-thread.ts", import.meta.url), {
      workerData: { since: this.#since, limit: limit * PATIENCE },
    });
    this.#thread.unref();
  }

  /** From now on this input is worked on. */
  begin(seed: number, what: string): void {
    this.#what = what;
    this.#turn++;
    this.#since[1] = seed;
    this.#since[0] = Date.now();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#thread.terminate();
  }

  async #look(folder: string): Promise<void> {
    if (this.#ending || Date.now() - this.#since[0]! < this.#limit) return;
    this.#ending = true;
    const turn = this.#turn;
    const held = process.getActiveResourcesInfo().join() || "nothing";
    process.stdout.write(`seed ${this.#since[1]}, ${this.#what}: no answer; the program waits for ${held}\n`);
    // A thread pool that was only not heard of answers to the next request, and the old one's answer comes with it.
    const wait = Math.min(5000, this.#limit);
    const answer = await Promise.race([stat(folder).then(() => "answers"), pause(wait, "does not answer")]);
    await pause(wait / 5);
    const moved = this.#turn === turn ? "still no answer" : "the answer came with it";
    process.stdout.write(`the thread pool ${answer} to another request; ${moved}\n`);
    this.#since[2] = 1; // the thread prints the rest, and ends the process
  }
}
