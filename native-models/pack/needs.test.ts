/** What converting takes is told beforehand, and asked for before the work begins. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { installCheckpoint } from "./install.ts";
import { conversionMemory, demandMemory } from "./needs.ts";

const eyes = fileURLToPath(new URL("../../assets/models/patnet/eyes.ckpt", import.meta.url));

describe("the memory of a conversion", () => {
  it("grows with small models and is bounded for large ones, below what is promised", () => {
    const sizes = [0, 26e6, 100e6, 4.65e9, 20e9];
    for (const isMeasured of [false, true]) {
      const needs = sizes.map((bytes) => conversionMemory(bytes, isMeasured));
      expect(needs).toEqual(needs.toSorted((a, b) => a - b));
      expect(needs.at(-1)).toBe(needs.at(-2));
      expect(needs.at(-1)).toBeLessThan(1.5e9);
    }
    for (const bytes of sizes)
      expect(conversionMemory(bytes, true)).toBeGreaterThanOrEqual(conversionMemory(bytes, false));
    // The starter took 364 MB, the official 0.7B 874 MB, KeyVID 1.1 GB.
    expect(conversionMemory(26e6, true)).toBeGreaterThan(364e6);
    expect(conversionMemory(4.65e9, true)).toBeGreaterThan(874e6);
    expect(conversionMemory(16.8e9, true)).toBeGreaterThan(1.1e9);
  });

  it("is said in one sentence where it is not there", () => {
    expect(() => demandMemory(1.2e9, 1.2e9)).not.toThrow();
    expect(() => demandMemory(1.2e9, 0.7e9)).toThrow(
      expect.objectContaining({
        code: "MODEL_OUT_OF_MEMORY",
        message:
          "Measuring what smaller weights cost takes about 1.2 GB of memory and 700 MB are free: close other programs and try again, or install it in fp32.",
      }),
    );
  });

  it("is asked for before anything is written, and only where something is measured", {
    timeout: 120_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "plume-needs-"));
    try {
      const asked = { file: eyes, memory: () => 100e6 };
      const refusal = { code: "MODEL_OUT_OF_MEMORY" };
      await expect(
        installCheckpoint({ ...asked, destination: join(folder, "a"), weights: "int8" }),
      ).rejects.toMatchObject(refusal);
      expect(await readdir(folder)).toEqual([]);
      await installCheckpoint({ ...asked, destination: join(folder, "whole") });
      // An installed model once more, in smaller weights.
      const again = { file: join(folder, "whole"), memory: () => 100e6, weights: "4bit" } as const;
      await expect(installCheckpoint({ ...again, destination: join(folder, "b") })).rejects.toMatchObject(refusal);
      expect(await readdir(folder)).toEqual(["whole"]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
