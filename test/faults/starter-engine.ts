/**
 * The real engine with the real networks, for tests that kill it: it writes an animation's state down after every step that can be gone
 * on from, instead of every other second. The file that PLUME_TEST_MEMORY names, where it exists, says how many bytes of memory the
 * engine believes to have.
 */
import { readFileSync } from "node:fs";
import { runEngine } from "../../main/inference/engine-entry.ts";
import { nativeBackend } from "../../main/inference/native-backend.ts";
import { openPipeline } from "../../native-models/index.ts";

function memory(): number {
  try {
    return Number(readFileSync(process.env["PLUME_TEST_MEMORY"] ?? "", "utf8"));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

await runEngine({
  ...(await nativeBackend()),
  open: (pack, options) => openPipeline(pack, { ...options, saveSeconds: 0, memory }),
});
