/** Run as a process of its own: opens one model of the PATNet benchmark, looks at one picture, and prints its memory as JSON. */
import { memory } from "./machine.ts";
import { batchInput, benchConfig, benchInt8, benchWeights, openBench } from "./patnet-model.ts";
import type { Family, SizeName } from "./patnet-model.ts";

const [work, family, size, precision] = process.argv.slice(2) as [string, Family, SizeName, "float32" | "int8"];
const config = benchConfig(family, size);
const weights = await benchWeights(work, family, size);
const int8 = precision === "int8" ? await benchInt8(config, weights) : undefined;
const before = memory();
const session = await openBench(config, weights, { batch: 1, threads: 1, ...(int8 ? { int8 } : {}) });
await session.run({ picture: batchInput(1) });
const after = memory();
process.stdout.write(JSON.stringify({ before, after }));
