/**
 * Run as a process of its own: installs argv[2] at argv[3], with weights kept in argv[4], and prints the peak of resident memory in bytes,
 * the seconds that it took and what came of the weights.
 */
import { weightFormatSchema } from "../../core/contract/index.ts";
import { installCheckpoint } from "./install.ts";

const [, , file = "", destination = "", format = "fp32"] = process.argv;
const start = performance.now();
const { weights } = await installCheckpoint({
  file,
  destination,
  weights: weightFormatSchema.parse(format),
  threads: 2,
});
const seconds = (performance.now() - start) / 1000;
process.stdout.write(JSON.stringify({ peakRss: process.resourceUsage().maxRSS * 1024, seconds, weights }));
