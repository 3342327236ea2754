/**
 * Run as a process of its own: a studio on the data folder argv[2] with the catalogue argv[3] gets the model argv[4] as often as argv[5]
 * says, removing it in between. Prints how each job ended.
 */
import { StudioError } from "../../../../core/contract/index.ts";
import { createStudio } from "../../create-studio.ts";
import { fakeEntry, readFake } from "../../testing.ts";
import { get } from "./bench.ts";

const [, , home = "", catalogue = "", id = "", times = "1"] = process.argv;
const studio = await createStudio(
  { appVersion: "test", queue: "memory", home, output: `${home}-clips` },
  { engineEntry: fakeEntry, readPack: readFake, bundled: [], catalogue, pace: { pieceBytes: 20_000 } },
);
const ends: string[] = [];
for (let n = 0; n < Number(times); n++) {
  try {
    const jobs = await get(studio, id);
    ends.push(...jobs.map(({ state, error }) => (error === null ? state : error.code)));
  } catch (error) {
    ends.push(StudioError.from(error).code); // the other was quicker
  }
  if (n + 1 < Number(times)) await studio.models.remove(id).catch(() => undefined); // the other may have done it
}
await studio.close();
process.stdout.write(JSON.stringify(ends));
process.exit(0);
