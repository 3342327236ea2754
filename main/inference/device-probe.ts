/**
 * A process that tries one of onnxruntime's devices and may die of it: a graphics driver that crashes, hangs or fills the screen with
 * noise takes nothing else along. Says what it found in one line on stdout.
 * `list`: what onnxruntime was built with · `DEVICE THREADS`: a matrix product · `DEVICE THREADS FOLDER`: the model in a folder, compared
 * with the processor.
 */
import { writeSync } from "node:fs";
import { deviceIdSchema } from "../../core/contract/index.ts";
import { listDevices, probeDevice } from "../../native-models/onnx/device-probe.ts";
import { beModest } from "./engine-entry.ts";

beModest();
const [device = "cpu", threads = "1", folder] = process.argv.slice(2);

async function answer(): Promise<unknown> {
  if (device === "list") return { offered: listDevices() };
  if (folder === undefined) return { probe: await probeDevice(device, Number(threads)) };
  const { tryDevice } = await import("../../native-models/trial.ts");
  return { difference: await tryDevice(folder, deviceIdSchema.parse(device), Number(threads)) };
}

const said = await answer().catch((error: unknown) => ({
  problem: error instanceof Error ? error.message : String(error),
}));
writeSync(1, `\n${JSON.stringify(said)}\n`);
// Drivers keep threads of their own.
process.exit(0);
