/** An installation waits for the memory that it takes, and says so. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { storeBench } from "./testing/bench.ts";

beforeEach(() => {
  // The hub cache and token of whoever runs the tests are none of theirs.
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "HF_TOKEN", "HF_ENDPOINT"])
    vi.stubEnv(name, "");
  vi.stubEnv("HF_HOME", "/nowhere");
});
afterEach(() => vi.unstubAllEnvs());

it("converts when there is the memory that it takes, and says so while there is not", {
  timeout: 300_000,
}, async () => {
  await using bench = await storeBench();
  const machine = { now: 0.1e9, total: () => 8e9, free: () => machine.now };
  const studio = await bench.open({}, { machine });
  await studio.call("models.accept", { id: "tiny", version: 1 });
  const [download, convert] = await studio.call("models.download", { id: "tiny" });
  expect(await studio.ended(download!.id)).toMatchObject({ state: "done" });
  await vi.waitFor(async () => {
    const job = (await studio.call("jobs.list", {})).find(({ id }) => id === convert!.id);
    // The process itself, and what arrived: 200 kB.
    expect(job?.waitsFor).toBe(
      "Waits for memory. Installing this model takes about 351 MB of memory, and 100 MB are free: close other programs.",
    );
  }, 60_000);
  machine.now = 2e9;
  expect(await studio.ended(convert!.id)).toMatchObject({ state: "done", waitsFor: null });
});
