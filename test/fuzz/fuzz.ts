/**
 * Feeds damaged files to everything that reads a checkpoint (or, with `--of exchange`, a timeline or subtitles of another program):
 * `npm run fuzz -- [--of checkpoints|exchange] [--runs NUMBER] [--seed NUMBER]`. Whatever the bytes, the answer must be one or a sentence, soon and in bounded memory; anything else is printed with the seed that makes it again.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { damage, randomNumbers } from "../../native-models/checkpoint/mutate.testkit.ts";
import { exchangeOriginals } from "./exchange-targets.ts";
import { checkpointOriginals } from "./targets.ts";
import { StandstillWatch } from "./watch.ts";

/** CPU time that one damaged file may cost; the largest originals are some ten kilobytes. */
const MOST_MS = 2000;
const MOST_RSS = 1.2e9;
/** A file that has no answer after this long never gets one. */
const HANGS_MS = 120_000;

const { values } = parseArgs({
  options: { runs: { type: "string" }, seed: { type: "string" }, of: { type: "string" } },
});
const runs = Number(values.runs ?? 300_000);
const first = Number(values.seed ?? 1);
const folder = await mkdtemp(join(tmpdir(), "plume-fuzz-"));
const originals = values.of === "exchange" ? exchangeOriginals() : await checkpointOriginals();
const counts = { opened: 0, refused: 0 };
let failures = 0;
let slowest = 0;
const started = performance.now();
const watch = new StandstillWatch(HANGS_MS, folder);
try {
  for (let n = 0; n < runs; n++) {
    const seed = first + n;
    const random = randomNumbers(seed);
    const { name, bytes, read } = originals[Math.floor(random() * originals.length)]!;
    const changed = damage(bytes, random);
    const path = join(folder, `changed-${n % 4}`);
    const before = process.cpuUsage();
    watch.begin(seed, name);
    try {
      counts[await read(changed, path)]++;
    } catch (error) {
      failures++;
      process.stdout.write(
        `seed ${seed}, ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
    }
    const { user, system } = process.cpuUsage(before);
    slowest = Math.max(slowest, (user + system) / 1000);
    if ((user + system) / 1000 > MOST_MS) {
      failures++;
      process.stdout.write(`seed ${seed}, ${name}: took ${Math.round((user + system) / 1000)} ms\n`);
    }
    if (n % 10_000 === 9_999) {
      const rss = process.memoryUsage().rss;
      if (rss > MOST_RSS) {
        failures++;
        process.stdout.write(`after seed ${seed}: ${Math.round(rss / 1e6)} MB of memory\n`);
      }
      process.stdout.write(
        `${n + 1} of ${runs}: ${counts.opened} opened, ${counts.refused} refused, ${failures} failed\n`,
      );
    }
  }
} finally {
  await watch.close();
  await rm(folder, { recursive: true, force: true });
}
const seconds = Math.round((performance.now() - started) / 1000);
process.stdout.write(
  `${runs} damaged files in ${seconds} s: ${counts.opened} opened, ${counts.refused} refused with a sentence, ${failures} failed; slowest ${Math.round(slowest)} ms, ${Math.round(process.memoryUsage().rss / 1e6)} MB\n`,
);
process.exitCode = failures === 0 ? 0 : 1;
