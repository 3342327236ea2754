/** Run as a process of its own: installs argv[2] at argv[3] and prints the peak of resident memory in bytes. */
import { installCheckpoint } from "./install.ts";

const [, , file = "", destination = ""] = process.argv;
const start = performance.now();
await installCheckpoint({ file, destination });
const seconds = (performance.now() - start) / 1000;
process.stdout.write(JSON.stringify({ peakRss: process.resourceUsage().maxRSS * 1024, seconds }));
