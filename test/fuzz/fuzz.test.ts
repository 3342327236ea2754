/** The beginning of what `npm run fuzz` does for longer: see fuzz.ts. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { damage, randomNumbers } from "../../native-models/checkpoint/mutate.testkit.ts";
import { fuzzOriginals, readEverything, readPickleOf } from "./targets.ts";

it("damaged checkpoints are opened or refused with a sentence, and nothing else ever happens", async () => {
  const folder = await mkdtemp(join(tmpdir(), "plume-fuzz-"));
  try {
    const originals = await fuzzOriginals();
    const counts = { opened: 0, refused: 0 };
    for (let seed = 1; seed <= 1500; seed++) {
      const random = randomNumbers(seed);
      const { bytes, isPickle } = originals[Math.floor(random() * originals.length)]!;
      const changed = damage(bytes, random);
      const path = join(folder, "changed");
      if (!isPickle) await writeFile(path, changed);
      counts[isPickle ? readPickleOf(changed) : await readEverything(path)]++;
    }
    // Both happen, or the damage would be too much or too little to find anything.
    expect(counts.opened).toBeGreaterThan(20);
    expect(counts.refused).toBeGreaterThan(200);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
