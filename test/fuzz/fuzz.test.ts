/** The beginning of what `npm run fuzz` does for longer: see fuzz.ts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { damage, randomNumbers } from "../../native-models/checkpoint/mutate.testkit.ts";
import { exchangeOriginals } from "./exchange-targets.ts";
import { checkpointOriginals, type Original } from "./targets.ts";

it.each<[string, () => Original[] | Promise<Original[]>]>([
  ["checkpoints", checkpointOriginals],
  ["timelines and subtitles", exchangeOriginals],
])("damaged %s are opened or refused with a sentence, and nothing else ever happens", async (_, all) => {
  const folder = await mkdtemp(join(tmpdir(), "plume-fuzz-"));
  try {
    const originals = await all();
    const counts = { opened: 0, refused: 0 };
    for (let seed = 1; seed <= 1500; seed++) {
      const random = randomNumbers(seed);
      const { bytes, read } = originals[Math.floor(random() * originals.length)]!;
      counts[await read(damage(bytes, random), join(folder, "changed"))]++;
    }
    // Both happen, or the damage would be too much or too little to find anything.
    expect(counts.opened).toBeGreaterThan(20);
    expect(counts.refused).toBeGreaterThan(200);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
