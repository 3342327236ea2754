import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { z } from "zod";
import { type Device, deviceSchema } from "../../../core/contract/index.ts";
import { appScript } from "../../app-files/app-files.ts";
import { engineThreads } from "../../inference/index.ts";
import { replaceFile } from "../files.ts";

type Id = Device["id"];

export const deviceNames: Readonly<Record<Id, string>> = {
  cpu: "Processor",
  webgpu: "Graphics, WebGPU",
  dml: "Graphics, DirectML",
  coreml: "Apple Neural Engine and graphics, Core ML",
  cuda: "Graphics, NVIDIA CUDA",
};

/** What onnxruntime-node is built with on each system; the rest need not be tried. */
const offered: Readonly<Partial<Record<NodeJS.Platform, readonly Id[]>>> = {
  win32: ["cpu", "webgpu", "dml"],
  darwin: ["cpu", "webgpu", "coreml"],
  linux: ["cpu", "webgpu", "cuda"],
};

/** Models run on the processor in this version; the others are tried so that it can be said what this computer has. */
const USED: ReadonlySet<Id> = new Set(["cpu"]);

const answerSchema = z.union([
  z.object({ probe: z.object({ flopsPerSecond: z.number().positive(), onnxruntime: z.string() }) }),
  z.object({ problem: z.string() }),
]);

const cacheSchema = z.object({ key: z.string(), devices: z.array(deviceSchema) });

export interface DevicesOptions {
  /** File of what was found. */
  readonly file: string;
  /** Node executable, and the script that tries a device. */
  readonly node: string;
  readonly entry?: string | undefined;
  readonly platform?: NodeJS.Platform;
  /** How long a device may take before it counts as hung, milliseconds. */
  readonly patience?: (id: Id) => number;
  readonly log: (line: string) => void;
}

/** Loading a graphics driver for the first time can take a minute. */
const PATIENCE_MS = 90_000;
/** What a probe prints is noise but for its answer; more than this of it is not kept. */
const MAX_OUTPUT = 1 << 16;

/**
 * What of this computer can compute. Each device is tried once, in a process that may die of it, and what was found is kept until
 * onnxruntime, the system or a driver changes.
 */
export class Devices {
  private readonly options: DevicesOptions;
  private known: Promise<Map<Id, Device>> | null = null;
  /** Tail of the probes: two that are measured together measure each other. */
  private tail: Promise<unknown> = Promise.resolve();

  constructor(options: DevicesOptions) {
    this.options = options;
  }

  /** @param again tries also what was tried before */
  async list(again = false): Promise<Device[]> {
    if (again) this.known = Promise.resolve(new Map());
    const devices: Device[] = [];
    for (const id of offered[this.options.platform ?? process.platform] ?? ["cpu"]) devices.push(await this.get(id));
    return devices;
  }

  /** One device, without waiting for the others. */
  get(id: Id): Promise<Device> {
    const turn = this.tail.then(() => this.find(id));
    this.tail = turn.catch(() => {});
    return turn;
  }

  private async find(id: Id): Promise<Device> {
    this.known ??= this.read();
    const known = await this.known;
    const device = known.get(id) ?? (await this.probe(id));
    if (!known.has(id)) {
      known.set(id, device);
      const text = JSON.stringify({ key: await machineKey(), devices: [...known.values()] });
      await replaceFile(this.options.file, text).catch((error: unknown) =>
        this.options.log(`devices: ${String(error)}`),
      );
    }
    return device;
  }

  /** What was found before, unless something has changed since. */
  private async read(): Promise<Map<Id, Device>> {
    try {
      const { key, devices } = cacheSchema.parse(JSON.parse(await readFile(this.options.file, "utf8")));
      return key === (await machineKey()) ? new Map(devices.map((device) => [device.id, device])) : new Map();
    } catch {
      return new Map(); // not tried yet, or an older version's
    }
  }

  private async probe(id: Id): Promise<Device> {
    const { reason, flops } = await this.ask(id);
    const gflops = flops === null ? null : flops / 1e9;
    return { id, name: deviceNames[id], works: reason === null, reason, gflops, used: USED.has(id) };
  }

  private ask(id: Id): Promise<{ reason: string | null; flops: number | null }> {
    const {
      node,
      entry = appScript("main/inference/device-probe.ts"),
      patience = () => PATIENCE_MS,
      log,
    } = this.options;
    return new Promise((resolve) => {
      const child = spawn(node, [entry, id, String(engineThreads())], {
        stdio: ["ignore", "pipe", "pipe"],
        windowsHide: true,
        env: { ...process.env, NODE_OPTIONS: "" },
      });
      let [output, isLate] = ["", false];
      const late = setTimeout(() => {
        isLate = true;
        child.kill("SIGKILL");
      }, patience(id));
      child.stdout.on("data", (chunk: Buffer) => (output = (output + chunk.toString("utf8")).slice(-MAX_OUTPUT)));
      child.stderr.resume();
      const end = (how: string): void => {
        clearTimeout(late);
        const answer = answerOf(output);
        if (answer !== null && "probe" in answer) return resolve({ reason: null, flops: answer.probe.flopsPerSecond });
        log(`device ${id}: ${how} ${answer?.problem ?? output.slice(-500)}`);
        const what = deviceNames[id];
        const reason =
          answer !== null
            ? `${what}: not to be used here (${firstLine(answer.problem)}).`
            : isLate
              ? `${what}: its driver gave no answer and was ended; a newer driver may help.`
              : `${what}: its driver ended the process that tried it (${how}); a newer driver may help.`;
        resolve({ reason, flops: null });
      };
      child.once("error", (error) => end(error.message));
      child.once("close", (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }
}

/** The last line that is an answer. */
function answerOf(output: string): z.infer<typeof answerSchema> | null {
  for (const line of output.split("\n").reverse()) {
    if (!line.startsWith("{")) continue;
    try {
      const answer = answerSchema.safeParse(JSON.parse(line));
      if (answer.success) return answer.data;
    } catch {
      // noise that begins like an answer
    }
  }
  return null;
}

const firstLine = (text: string): string => (text.split("\n")[0] ?? "").trim().replace(/\.$/, "").slice(0, 160);

/** Everything after whose change a device may work that did not, or the other way round. */
async function machineKey(): Promise<string> {
  const drivers = ["/proc/driver/nvidia/version", "/sys/module/amdgpu/version", "/sys/module/i915/version"];
  const versions = await Promise.all(drivers.map((file) => readFile(file, "utf8").catch(() => "")));
  const { onnxruntime } = await runtimeVersion();
  return JSON.stringify([onnxruntime, process.platform, process.arch, release(), cpus()[0]?.model ?? "", ...versions]);
}

/** The version of onnxruntime that is installed, without loading it. */
async function runtimeVersion(): Promise<{ readonly onnxruntime: string }> {
  try {
    const file = new URL(import.meta.resolve("onnxruntime-node/package.json"));
    return { onnxruntime: (JSON.parse(await readFile(file, "utf8")) as { version: string }).version };
  } catch {
    return { onnxruntime: "bundled" };
  }
}
