import { readFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { z } from "zod";
import { type DeviceId, deviceIdSchema, deviceSchema } from "../../../core/contract/index.ts";
import { appScript } from "../../app-files/app-files.ts";
import { engineThreads } from "../../inference/index.ts";
import { replaceFile } from "../files.ts";
import { type Answer, askProbe } from "./ask-probe.ts";

export const deviceNames: Readonly<Record<DeviceId, string>> = {
  cpu: "Processor",
  webgpu: "Graphics, WebGPU",
  dml: "Graphics, DirectML",
  coreml: "Apple Neural Engine and graphics, Core ML",
  cuda: "Graphics, NVIDIA CUDA",
};

/** What was found of a device; whether it is used is not its own affair. */
const foundSchema = deviceSchema.omit({ used: true });
type Found = z.infer<typeof foundSchema>;

const offerSchema = z.object({ id: deviceIdSchema, bundled: z.boolean() });
const trialSchema = z.object({ device: deviceIdSchema, weights: z.string(), difference: z.number() });
const cacheSchema = z.object({
  schema: z.literal("plume.devices/2"),
  key: z.string(),
  offered: z.array(offerSchema).nullable(),
  devices: z.array(foundSchema),
  trials: z.array(trialSchema),
});
type Cache = z.infer<typeof cacheSchema>;

/** How a device computed with a model: the difference from the processor, or how the trial ended. */
export type Trial = { readonly difference: number } | { readonly problem: string };

export interface DevicesOptions {
  /** File of what was found. */
  readonly file: string;
  /** Node executable, and the script that tries a device. */
  readonly node: string;
  readonly entry?: string | undefined;
  /** How long a device may take before it counts as hung, milliseconds. */
  readonly patience?: (id: DeviceId | "list", what: "probe" | "trial") => number;
  readonly log: (line: string) => void;
}

/** Loading a graphics driver for the first time can take a minute; a trial opens a model of gigabytes twice. */
const PATIENCE_MS = { probe: 90_000, trial: 600_000 } as const;

/**
 * What of this computer can compute. onnxruntime itself says what it was built with; each device is tried once, in a process that may die
 * of it, and again with each model that is to run there. What was found is kept until onnxruntime, the system or a driver changes.
 */
export class Devices {
  private readonly options: DevicesOptions;
  private cache: Promise<Cache> | null = null;
  /** Tail of the probes: two that are measured together measure each other. */
  private tail: Promise<unknown> = Promise.resolve();
  private readonly closing = new AbortController();

  constructor(options: DevicesOptions) {
    this.options = options;
  }

  /** Ends what is being tried; nothing of it is kept. */
  close(): void {
    this.closing.abort();
  }

  /** All that onnxruntime offers here. @param again tries also what was tried before */
  async list(again = false): Promise<Found[]> {
    if (again) this.cache = machineKey().then(empty);
    const devices: Found[] = [];
    for (const { id } of await this.offered()) devices.push(await this.get(id));
    return devices;
  }

  /** Those that were tried already. */
  async known(): Promise<readonly Found[]> {
    return (await this.read()).devices;
  }

  /** One device, without waiting for the others. */
  get(id: DeviceId): Promise<Found> {
    return this.inLine(async () => {
      const cache = await this.read();
      const known = cache.devices.find((device) => device.id === id);
      if (known !== undefined) return known;
      const isMissing = cache.offered?.find((offer) => offer.id === id)?.bundled === false;
      return this.keep(await this.probe(id, isMissing));
    });
  }

  /** Tries the devices that come with onnxruntime, unless they were. */
  async tryBundled(): Promise<void> {
    for (const { id, bundled } of await this.offered()) if (bundled) await this.get(id);
  }

  /** Compares a device with the processor on the model in this folder; once for each of its weights. */
  trial(id: DeviceId, folder: string, weights: string): Promise<Trial> {
    return this.inLine(async () => {
      const cache = await this.read();
      const known = cache.trials.find((trial) => trial.device === id && trial.weights === weights);
      if (known !== undefined) return known;
      const answer = await this.ask([id, String(engineThreads()), folder], id, "trial");
      if (!("difference" in answer)) return { problem: problemOf(answer, "tried with a model") };
      // JSON knows no infinity.
      const trial = { device: id, weights, difference: answer.difference ?? Number.MAX_VALUE };
      await this.write({ ...cache, trials: [...cache.trials, trial] });
      return trial;
    });
  }

  /** From now on this device does not work, for this reason, until it is tried again. */
  async putOff(id: DeviceId, reason: string): Promise<void> {
    this.options.log(`device ${id}: put off: ${reason}`);
    await this.inLine(async () => {
      const known = (await this.read()).devices.find((device) => device.id === id);
      await this.keep({ id, name: deviceNames[id], gflops: known?.gflops ?? null, works: false, reason });
    });
  }

  private inLine<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.tail.then(work);
    this.tail = turn.catch(() => {});
    return turn;
  }

  /** What onnxruntime says that it was built with; at least the processor. */
  private offered(): Promise<NonNullable<Cache["offered"]>> {
    return this.inLine(async () => {
      const cache = await this.read();
      if (cache.offered !== null) return cache.offered;
      const answer = await this.ask(["list"], "list", "probe");
      if (!("offered" in answer)) return [{ id: "cpu", bundled: true }]; // asked again next time
      const offered = answer.offered.flatMap((each) => offerSchema.safeParse(each).data ?? []);
      await this.write({ ...cache, offered });
      return offered;
    });
  }

  /** @param isMissing its libraries do not come with onnxruntime: the user may have put them there */
  private async probe(id: DeviceId, isMissing: boolean): Promise<Found> {
    const answer = await this.ask([id, String(engineThreads())], id, "probe");
    const what = { id, name: deviceNames[id] };
    if ("probe" in answer) return { ...what, works: true, reason: null, gflops: answer.probe.flopsPerSecond / 1e9 };
    const problem =
      isMissing && "problem" in answer ? "its libraries are not part of this installation" : problemOf(answer, "tried");
    const reason = `${what.name}: ${problem}.`;
    return { ...what, works: false, reason, gflops: null };
  }

  private ask(args: readonly string[], id: DeviceId | "list", what: "probe" | "trial"): Promise<Answer> {
    const { signal } = this.closing;
    const { node, entry = appScript("main/inference/device-probe.ts"), patience, log } = this.options;
    return askProbe({ node, entry, args, patience: patience?.(id, what) ?? PATIENCE_MS[what], signal, log });
  }

  private async keep(device: Found): Promise<Found> {
    const cache = await this.read();
    await this.write({ ...cache, devices: [...cache.devices.filter(({ id }) => id !== device.id), device] });
    return device;
  }

  private async write(cache: Cache): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.cache = Promise.resolve(cache);
    await replaceFile(this.options.file, JSON.stringify(cache)).catch((error: unknown) =>
      this.options.log(`devices: ${String(error)}`),
    );
  }

  /** What was found before, unless something has changed since. */
  private read(): Promise<Cache> {
    this.cache ??= this.load();
    return this.cache;
  }

  private async load(): Promise<Cache> {
    const key = await machineKey();
    try {
      const cache = cacheSchema.parse(JSON.parse(await readFile(this.options.file, "utf8")));
      return cache.key === key ? cache : empty(key);
    } catch {
      return empty(key); // not tried yet, or an older version's
    }
  }
}

const empty = (key: string): Cache => ({ schema: "plume.devices/2", key, offered: null, devices: [], trials: [] });

/** Why it cannot be used, as the end of a sentence. */
function problemOf(answer: Answer, what: string): string {
  if ("problem" in answer) return `not to be used here (${complaintOf(answer.problem)})`;
  if ("late" in answer) return "its driver gave no answer and was ended; a newer driver may help";
  if ("died" in answer) return `its driver ended the process that ${what} it (${answer.died}); a newer driver may help`;
  return "not to be used here (it gave no answer)";
}

/** What onnxruntime complains of, without the place in its source that does. */
export function complaintOf(problem: string): string {
  const [line = ""] = problem
    .split("\n")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  return line
    .replace(/^.* was (?:true|false)\. /, "")
    .replace(/^\w+: /, "")
    .replace(/\.$/, "")
    .slice(0, 160);
}

/** Everything after whose change a device may work that did not, or the other way round. */
async function machineKey(): Promise<string> {
  const drivers = ["/proc/driver/nvidia/version", "/sys/module/amdgpu/version", "/sys/module/i915/version"];
  const versions = await Promise.all(drivers.map((file) => readFile(file, "utf8").catch(() => "")));
  const icds = [process.env["VK_DRIVER_FILES"], process.env["VK_ICD_FILENAMES"]].map((value) => value ?? "");
  const { onnxruntime } = await runtimeVersion();
  const cpu = cpus()[0]?.model ?? "";
  return JSON.stringify([onnxruntime, process.platform, process.arch, release(), cpu, ...versions, ...icds]);
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
