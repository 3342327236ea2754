import { createHash, randomFillSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { basename, join } from "node:path";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type ResolvedRequest, StudioError } from "../../../core/contract/index.ts";
import type { GenerateHooks, GenerateResult, OpenOptions } from "../../../native-models/types.ts";
import type { EngineBackend } from "../backend.ts";
import { beModest, CHANNEL_FD, startHeartbeat } from "../engine-entry.ts";
import { Channel } from "../framing.ts";
import { serveEngine } from "../serve.ts";
import { fakeAnimation } from "./fake-animation.ts";
import { fakeVision } from "./fake-vision.ts";
import { fakeSummary } from "./fake-summary.ts";

/*
 * An engine for tests that speaks the real protocol through the real server, but misbehaves on demand: the words of the prompt say
 * how. Its pictures are plain gradients from the seed; only tests ever run this file.
 *
 *   device-abort, device-throw (only where it is not the processor) · noise (pictures that do not compress) · refuse · abort · exit9 · hang (ignores cancel) · block (never gives its thread back) · freeze (no heartbeats) · slow · slow-frames · garbage · nonsense · flood · dribble · oom · lie
 */
let dribbling = false;
let opened = 0;

async function generate(
  device: OpenOptions["device"],
  request: ResolvedRequest,
  hooks: GenerateHooks,
  resume?: Uint8Array,
): Promise<GenerateResult> {
  const { prompt, steps, frames, width, height, seed } = request;
  const has = (word: string): boolean => prompt.split(" ").includes(word);
  const total = steps + frames;
  await hooks.progress("text", 1, 1, 0.01);
  if (has("refuse")) throw new StudioError("MODEL_DAMAGED", "The fake model is damaged: install it again.");
  if (has("flood")) for (let i = 0; i < 2000; i += 1) process.stderr.write(`noise ${i} ${"x".repeat(500)}\n`);
  if (has("garbage")) process.stdout.write(Buffer.from([0, 255, 254, 10, 13, 0, 1, 2]));
  dribbling = has("dribble");
  const resumed = resume?.[0] ?? 0;
  for (let step = resumed + 1; step <= steps; step += 1) {
    if (has("slow")) await sleep(60);
    if (has("hang") && step === 2) await sleep(3_600_000);
    hooks.signal.throwIfAborted();
    if (step === 2) misbehave(has);
    if (has("device-abort") && step === 2 && device !== "cpu") process.abort();
    if (has("device-throw") && step === 2 && device !== "cpu") throw new Error("the device is lost");
    const preview = { step, width: 8, height: 8, frames: 2, rgba: new Uint8Array(8 * 8 * 4 * 2).fill(step) };
    await hooks.preview(preview);
    await hooks.progress("denoise", step, steps, step / total);
    await hooks.saved?.(Uint8Array.of(step), step);
  }
  const hash = createHash("sha256");
  for (let index = 0; index < frames; index += 1) {
    hooks.signal.throwIfAborted();
    if (has("slow-frames")) await sleep(200);
    if (has("block") && index === 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    const rgb = new Uint8Array(width * height * 3);
    if (has("noise")) randomFillSync(rgb);
    else for (let i = 0; i < rgb.length; i += 1) rgb[i] = (seed * 31 + index * 9 + (i % (width * 3))) & 255;
    hash.update(rgb);
    await hooks.frame(index, rgb);
    await hooks.progress("decode", index + 1, frames, (steps + index + 1) / total);
  }
  return { framesSha256: has("lie") ? "0".repeat(64) : hash.digest("hex"), seconds: { denoise: 0.1, opened }, resumed };
}

function misbehave(has: (word: string) => boolean): void {
  if (has("abort")) process.abort();
  if (has("exit9")) process.exit(9);
  if (has("kill")) process.kill(process.pid, "SIGKILL");
  if (has("freeze")) process.kill(process.pid, "SIGSTOP");
  if (has("throw-oom")) throw new Error("std::bad_alloc");
  if (has("oom")) {
    process.stderr.write("terminate called after throwing an instance of 'std::bad_alloc'\n");
    process.abort();
  }
  if (has("nonsense")) wire.write("this is not a message at all, it is far too long to be one");
}

const backend: EngineBackend = {
  onnxruntime: "0.0.0-fake",
  async open(pack, { device }) {
    opened += 1;
    if (basename(pack).startsWith("motion")) return fakeAnimation(misbehave);
    if (basename(pack).startsWith("eyes")) return fakeVision(misbehave);
    return {
      kind: "text-to-video",
      summary: fakeSummary,
      generate: generate.bind(null, device),
      close: async () => {},
    };
  },
  async install(task, report, signal) {
    for (let i = 1; i <= 4; i += 1) {
      await report("converting", i / 4);
      if (task.file.includes("slow")) await sleep(50, undefined, { signal });
    }
    if (task.file.includes("broken"))
      throw new StudioError("CHECKPOINT_UNREADABLE", "This file is not a checkpoint: choose another one.");
    await mkdir(task.pack, { recursive: true });
    await writeFile(
      join(task.pack, "source.txt"),
      createHash("sha256")
        .update(await readFile(task.file))
        .digest("hex"),
    );
    return { ...fakeSummary, id: task.id, name: task.name ?? task.id };
  },
  async prepare(pack, _threads, report, signal) {
    await report("measuring", 0.25);
    if (pack.includes("unhurried")) {
      await writeFile(join(pack, "measuring.txt"), "int8");
      await sleep(120_000, undefined, { signal });
    }
    for (let i = 2; i <= 4; i += 1) await report("measuring", i / 4);
    if (pack.includes("unprepared")) throw new Error("std::bad_alloc");
    await writeFile(join(pack, "prepared.txt"), "int8");
  },
  async verify(_pack, report) {
    await report("hashing", 1);
    return { dropped: [] };
  },
};

const socket = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });

/** Sends what is written in pieces of one byte while `dribbling`. */
const wire = new Duplex({
  read() {},
  write(chunk: Buffer, _encoding, done) {
    if (!dribbling) socket.write(chunk, done);
    else {
      for (let i = 0; i < chunk.length - 1; i += 1) socket.write(chunk.subarray(i, i + 1));
      socket.write(chunk.subarray(chunk.length - 1), done);
    }
  },
});
socket.on("data", (chunk) => wire.push(chunk));
socket.on("end", () => wire.push(null));

beModest();
startHeartbeat();
await serveEngine(new Channel(wire), backend);
process.exit(0);
