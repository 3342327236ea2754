import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../media/testing.ts";
import { Devices } from "./devices.ts";

const fake = fileURLToPath(new URL("../../inference/testing/fake-probe.ts", import.meta.url));
const never = join(import.meta.dirname, "no-such-script.ts");

/** The one that hangs is given up soon; the others may take what a busy computer needs. */
const patience = (id: string): number => (id === "cuda" ? 1000 : 120_000);

function open(entry: string, platform: NodeJS.Platform, file: string) {
  return new Devices({ file, node: process.execPath, entry, platform, patience, log: () => {} });
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("devices", () => {
  it("that crash, hang, print garbage or refuse are told apart and take nothing along; what was found is kept", {
    timeout: 240_000,
  }, async () => {
    vi.stubEnv("PLUME_BAD_DEVICES", "1");
    await using folder = await temporaryFolder();
    const file = join(folder.path, "devices.json");
    const linux = await open(fake, "linux", file).list();
    expect(linux.map(({ id, works, used }) => [id, works, used])).toEqual([
      ["cpu", true, true],
      ["webgpu", false, false],
      ["cuda", false, false],
    ]);
    expect(linux[0]!.gflops).toBe(50);
    expect(linux[1]!.reason).toMatch(/ended the process/);
    expect(linux[2]!.reason).toMatch(/no answer/);
    // Kept: nothing is tried, so a script that is not there does not matter.
    expect(await open(never, "linux", file).list()).toEqual(linux);
    await writeFile(file, "{ torn");
    const mac = await open(fake, "darwin", file).list();
    expect(mac.at(-1)).toMatchObject({
      id: "coreml",
      works: false,
      reason: expect.stringMatching(/\(no such backend\)/),
    });
    expect((await open(fake, "win32", file).list(true)).at(-1)).toMatchObject({ id: "dml", works: false });
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ devices: [{ id: "cpu" }, {}, {}] });
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
