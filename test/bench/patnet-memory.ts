/** Run as a process of its own: opens one model of the PATNet benchmark, looks at one picture, and prints its memory as JSON. */
import { memory } from "./machine.ts";
import { batchInput, benchConfig, benchWeights, type Family, openBench, type SizeName } from "./patnet-model.ts";

const [work, family, size] = process.argv.slice(2) as [string, Family, SizeName];
const before = memory();
const session = await openBench(benchConfig(family, size), await benchWeights(work, family, size), {
  batch: 1,
  threads: 1,
});
await session.run({ picture: batchInput(1) });
const after = memory();
process.stdout.write(JSON.stringify({ before, after }));
