/**
 * sha256 of a large file on a thread of its own, while the main thread reads or writes that very file: the bytes are still in the
 * system's cache, so hashing costs neither the converter's time nor a second pass over the disk.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { StudioError } from "../../core/contract/errors.ts";

/** Below this, starting a thread costs more than it saves. */
export const WORTH_A_THREAD = 64 * 2 ** 20;

/** Positions in the memory that both threads see. */
const AVAILABLE = 0;
const SIZE = 1;
const HASHED = 2;

/**
 * What the thread runs. A string, because an installed app has its modules in one bundle: a file of its own would be one more entry that
 * every packaging has to know, for twenty lines of Node's own library.
 */
const PROGRAM = `
const { createHash } = require("node:crypto");
const { closeSync, openSync, readSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
const { path, state } = workerData;
const buffer = Buffer.allocUnsafe(4 * 2 ** 20);
const hash = createHash("sha256");
const file = openSync(path, "r");
let hashed = 0;
for (;;) {
  const size = Number(Atomics.load(state, ${SIZE}));
  const available = Number(Atomics.load(state, ${AVAILABLE}));
  if (hashed === size) break;
  if (hashed === available) {
    Atomics.wait(state, ${AVAILABLE}, BigInt(available), 1000);
    continue;
  }
  const got = readSync(file, buffer, 0, Math.min(buffer.length, available - hashed), hashed);
  if (got === 0) throw new Error("The file became shorter while it was read.");
  hash.update(buffer.subarray(0, got));
  hashed += got;
  Atomics.store(state, ${HASHED}, BigInt(hashed));
}
closeSync(file);
parentPort.postMessage(hash.digest("hex"));
`;

export class HashThread {
  readonly #state = new BigInt64Array(new SharedArrayBuffer(24));
  readonly #worker: Worker;
  readonly #digest: Promise<string>;

  /** @param available bytes of the file that are there already */
  constructor(path: string, available = 0) {
    Atomics.store(this.#state, AVAILABLE, BigInt(available));
    Atomics.store(this.#state, SIZE, -1n);
    this.#worker = new Worker(PROGRAM, { eval: true, workerData: { path, state: this.#state } });
    this.#digest = new Promise((resolve, reject) => {
      this.#worker.once("message", resolve).once("error", reject);
      this.#worker.once("exit", () => reject(new Error("The hash was abandoned.")));
    });
    // Whoever asks for the digest hears of a failure; one that is abandoned has nobody to hear it.
    this.#digest.catch(() => undefined);
  }

  /** Bytes hashed so far. */
  get hashed(): number {
    return Number(Atomics.load(this.#state, HASHED));
  }

  /** The file has grown: its first `available` bytes are there. */
  advance(available: number): void {
    Atomics.store(this.#state, AVAILABLE, BigInt(available));
    Atomics.notify(this.#state, AVAILABLE);
  }

  /** Resolves with the sha256 of the first `size` bytes, hex, once they were available. Errors: those of reading the file. */
  digest(size: number): Promise<string> {
    Atomics.store(this.#state, SIZE, BigInt(size));
    Atomics.notify(this.#state, AVAILABLE);
    return this.#digest;
  }

  /** Ends the thread, whatever it does; safe after `digest` too. */
  async abandon(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** How often a hash that others wait for is looked at. */
const POLL_MS = 100;

/**
 * How far a hash may be ahead of who reads the files for something else: far enough to fetch what comes next from the disk, not so far
 * that it is gone from the system's cache again when its turn comes.
 */
const AHEAD = 2 ** 30;

/** Hashes of files that others read meanwhile, one file at a time. Begins at once, and keeps pace with them. */
export class FileHashes {
  readonly #signal: AbortSignal | undefined;
  readonly #digests: Promise<string[]>;
  readonly #total: number;
  #allowed: number = AHEAD;
  #done = 0;
  #thread: { readonly hash: HashThread; readonly size: number } | null = null;
  #isAbandoned = false;

  constructor(files: readonly { readonly path: string; readonly bytes: number }[], signal?: AbortSignal) {
    this.#signal = signal;
    this.#total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#digests = this.#run(files);
    // Told to whoever asks for the digests.
    this.#digests.catch(() => undefined);
  }

  /** Bytes hashed so far, of all files. */
  get hashed(): number {
    return this.#done + (this.#thread?.hash.hashed ?? 0);
  }

  /** The reader has done this share of its work, 0 to 1. */
  pace(fraction: number): void {
    this.#allowed = fraction * this.#total + AHEAD;
    this.#thread?.hash.advance(this.#share(this.#thread.size));
  }

  /** Bytes of the file at hand that may be hashed now. */
  #share(size: number): number {
    return Math.min(size, Math.max(0, Math.floor(this.#allowed - this.#done)));
  }

  /**
   * sha256 of each file, hex. @param onWait is told once in a while that it is not done yet
   * Errors: CANCELLED, those of reading the files.
   */
  async digests(onWait: () => void | Promise<void>): Promise<string[]> {
    this.pace(1);
    const ended = this.#digests.then(
      () => true,
      () => true,
    );
    do {
      if (this.#signal?.aborted) throw new StudioError("CANCELLED", "Stopped; nothing was changed.");
      await onWait();
    } while (!(await Promise.race([ended, sleep(POLL_MS, false)])));
    return this.#digests;
  }

  async abandon(): Promise<void> {
    this.#isAbandoned = true;
    await this.#thread?.hash.abandon();
  }

  async #run(files: readonly { readonly path: string; readonly bytes: number }[]): Promise<string[]> {
    const digests: string[] = [];
    for (const { path, bytes } of files) {
      if (this.#isAbandoned) break;
      const hash = new HashThread(path, this.#share(bytes));
      this.#thread = { hash, size: bytes };
      digests.push(await hash.digest(bytes));
      this.#done += bytes;
      this.#thread = null;
    }
    return digests;
  }
}
