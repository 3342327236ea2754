import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { content, storeBench } from "./testing/bench.ts";
import { sha256 } from "./testing/hub.ts";

const child = fileURLToPath(new URL("testing/store-child.ts", import.meta.url));

it("two programs that install and remove the same model at once leave a whole model and nothing else", {
  timeout: 180_000,
}, async () => {
  await using bench = await storeBench();
  const run = promisify(execFile);
  const env = { ...process.env, HF_HOME: "/nowhere", HF_HUB_CACHE: "/nowhere" };
  const start = () =>
    run(process.execPath, [child, bench.home, join(bench.home, "..", "catalogue.json"), "tiny", "3"], { env });
  const outcomes = await Promise.all([start(), start()]);
  const ends = outcomes.flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
  // Each either did it, found it done, or waited for files that the other had used up: never a wrong file, never a crash.
  const allowed = new Set(["done", "BAD_REQUEST", "NOT_FOUND", "CANCELLED"]);
  expect(ends.filter((end) => !allowed.has(end))).toEqual([]);
  expect(ends).toContain("done");
  const studio = await bench.open();
  const names = (await readdir(join(bench.home, "models"))).filter((name) => !name.startsWith("."));
  for (const name of names.filter((each) => each === "tiny"))
    expect(await readFile(join(bench.home, "models", name, "source.txt"), "utf8")).toBe(sha256(content));
  expect(
    (await readdir(join(bench.home, "models"))).filter((name) => /^\.(?:installing|removed|moving)-/.test(name)),
  ).toEqual([]);
  await studio.close();
});
