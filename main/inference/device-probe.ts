/**
 * A process that tries one of onnxruntime's devices and may die of it: a graphics driver that crashes, hangs or fills the screen with
 * noise takes nothing else along. Says what it found in one line on stdout.
 */
import { probeDevice } from "../../native-models/onnx/device-probe.ts";
import { beModest } from "./engine-entry.ts";

beModest();
const [provider = "cpu", threads = "1"] = process.argv.slice(2);
try {
  process.stdout.write(`\n${JSON.stringify({ probe: await probeDevice(provider, Number(threads)) })}\n`);
} catch (error) {
  process.stdout.write(`\n${JSON.stringify({ problem: error instanceof Error ? error.message : String(error) })}\n`);
}
// Drivers keep threads of their own.
process.exit(0);
