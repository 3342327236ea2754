import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../media/testing.ts";
import { complaintOf, Devices } from "./devices.ts";

const fake = fileURLToPath(new URL("../../inference/testing/fake-probe.ts", import.meta.url));
const never = join(import.meta.dirname, "no-such-script.ts");

/** The one that hangs is given up soon; the others may take what a busy computer needs. */
const patience = (id: string): number => (id === "cuda" ? 1000 : 120_000);

function open(entry: string, file: string) {
  return new Devices({ file, node: process.execPath, entry, patience, log: () => {} });
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("devices", () => {
  it("are refused in onnxruntime's words, without its source's", () => {
    const webgpu =
      "/src/core/providers/webgpu/webgpu_context.cc:136 Initialize(const Config&)::<lambda()> result.status == Success was false. Failed to get a WebGPU adapter: No supported adapters\n";
    expect(complaintOf(webgpu)).toBe("Failed to get a WebGPU adapter: No supported adapters");
    expect(complaintOf("OrtAppend_Cuda: Failed to load shared library.")).toBe("Failed to load shared library");
  });

  it("that crash, hang, print garbage or refuse are told apart and take nothing along; what was found is kept", {
    timeout: 240_000,
  }, async () => {
    const bad = {
      cpu: { speed: "noise" },
      webgpu: { speed: "abort" },
      cuda: { speed: "hang" },
      dml: { speed: "garbage" },
    };
    vi.stubEnv("PLUME_FAKE_DEVICES", JSON.stringify({ ...bad, coreml: { speed: "refuse" } }));
    await using folder = await temporaryFolder();
    const file = join(folder.path, "devices.json");
    const found = await open(fake, file).list();
    expect(found.map(({ id, works }) => [id, works])).toEqual([
      ["cpu", true],
      ["webgpu", false],
      ["cuda", false],
      ["dml", false],
      ["coreml", false],
    ]);
    expect(found[0]!.gflops).toBe(50);
    expect(found[1]!.reason).toMatch(/ended the process/);
    expect(found[2]!.reason).toMatch(/no answer/);
    expect(found[3]!.reason).toMatch(/ended the process/);
    expect(found[4]!.reason).toMatch(/\(no such backend\)/);
    // Kept: nothing is tried, so a script that is not there does not matter.
    expect(await open(never, file).list()).toEqual(found);
    await writeFile(file, "{ torn");
    expect((await open(fake, file).get("cpu")).works).toBe(true);
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ devices: [{ id: "cpu" }] });
  });

  it("are compared with the processor on each model once, and one that was put off stays off until it is tried again", {
    timeout: 240_000,
  }, async () => {
    vi.stubEnv("PLUME_FAKE_DEVICES", JSON.stringify({ cpu: { speed: 1e9 }, webgpu: { speed: 9e9, trial: 0.001 } }));
    await using folder = await temporaryFolder();
    const file = join(folder.path, "devices.json");
    const devices = open(fake, file);
    await devices.list();
    expect(await devices.trial("webgpu", "/pack", "w1")).toMatchObject({ difference: 0.001 });
    expect(await open(never, file).trial("webgpu", "/pack", "w1")).toMatchObject({ difference: 0.001 });
    // Other weights are another matter, and a trial that died says nothing about the next one.
    expect(await open(never, file).trial("webgpu", "/pack", "w2")).toMatchObject({ problem: expect.any(String) });
    expect(await devices.trial("webgpu", "/pack", "w2")).toMatchObject({ difference: 0.001 });
    await devices.putOff("webgpu", "Graphics: no.");
    expect(await open(never, file).get("webgpu")).toMatchObject({ works: false, reason: "Graphics: no.", gflops: 9 });
    expect((await devices.list(true)).map(({ works }) => works)).toEqual([true, true]);
  });

  it("on this computer: the processor works, whatever else there is has a reason", { timeout: 240_000 }, async () => {
    await using folder = await temporaryFolder();
    const devices = new Devices({ file: join(folder.path, "devices.json"), node: process.execPath, log: () => {} });
    const found = await devices.list();
    expect(found[0]).toMatchObject({ id: "cpu", works: true, reason: null });
    expect(found[0]!.gflops).toBeGreaterThan(0);
    for (const { works, reason } of found) expect(reason === null).toBe(works);
  });
});
