import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writeSparseTensors } from "../../native-models/pack/synthetic.testkit.ts";
import { content, entry, file, storeBench } from "../studio/models/testing/bench.ts";
import { sha256 } from "../studio/models/testing/hub.ts";
import { plume } from "./testing.ts";

beforeEach(() => {
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HF_ENDPOINT"]) vi.stubEnv(name, "");
  vi.stubEnv("HF_HOME", "/nowhere");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("plume models", () => {
  it("shows the catalogue, asks for the licence, downloads, lists, verifies, moves and removes", async () => {
    await using bench = await storeBench();
    const run = (...argv: string[]) => plume(bench, ["models", ...argv]);
    const catalogue = await run("catalogue");
    expect(catalogue.stdout).toContain("tiny: Model tiny, by Maker");
    expect(catalogue.stdout).toContain("One file, 200 kB to download");
    const refused = await run("install", "tiny");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("  - Sell it");
    expect(refused.stderr).toContain("--accept-licence");
    expect(bench.hub.asked).toEqual([]);
    const installed = await run("install", "tiny", "--accept-licence", "--json");
    expect(JSON.parse(installed.stdout)).toMatchObject({ ok: true, model: { id: "tiny" } });
    expect((await run("list")).stdout).toContain("tiny");
    expect((await run("verify", "tiny")).stdout).toBe("tiny is whole.\n");
    const to = join(bench.home, "..", "other");
    expect((await run("move", to)).stdout).toContain(`The models lie in ${to} now.`);
    expect((await run("catalogue", "--json")).stdout).toContain('"isInstalled":true');
    expect((await run("remove", "tiny")).code).toBe(0);
    expect(await stat(join(to, "tiny")).catch(() => null)).toBeNull();
  });

  it("goes on where it was stopped, and can throw that away", async () => {
    await using bench = await storeBench();
    const run = (...argv: string[]) => plume(bench, ["models", ...argv]);
    bench.hub.fault = ({ host }, n) => (host === "cdn" && n >= 2 ? { type: "status", status: 404 } : null);
    const broken = await run("install", "tiny", "--accept-licence", "--json");
    expect(JSON.parse(broken.stdout)).toMatchObject({ ok: false, error: { code: "DOWNLOAD_REFUSED" } });
    expect((await run("catalogue")).stdout).toMatch(/\d+ kB of it have arrived/);
    expect((await run("discard", "tiny")).code).toBe(0);
    expect((await run("catalogue")).stdout).not.toContain("have arrived");
  });

  it("takes files from a folder where they lie already, and a file where a file is named", async () => {
    await using bench = await storeBench([
      entry("tiny", [file("model.pt", content.length, { sha256: sha256(content) })]),
    ]);
    const run = (...argv: string[]) => plume(bench, ["models", ...argv]);
    const folder = join(bench.home, "..", "downloads");
    await mkdir(folder);
    await writeFile(join(folder, "model.pt"), content);
    expect((await run("install", "tiny", "--accept-licence", "--from", folder)).code).toBe(0);
    expect(bench.hub.asked).toEqual([]);
    expect((await run("install", join(folder, "model.pt"), "--id", "by-hand")).code).toBe(0);
    expect(await readdir(join(bench.home, "models"))).toEqual(expect.arrayContaining(["tiny", "by-hand"]));
    expect(sha256(await readFile(join(folder, "model.pt")))).toBe(sha256(content));
  });

  it("shows and changes the settings, and refuses what makes no sense", async () => {
    await using bench = await storeBench();
    const run = (...argv: string[]) => plume(bench, ["models", "settings", ...argv]);
    expect((await run()).stdout).toContain("connections: 4");
    expect((await run("--mirror", "")).stdout).toContain("mirror: none, the hub itself");
    expect((await run("--connections", "2", "--keep-checkpoints", "yes")).stdout).toContain("connections: 2");
    for (const wrong of [
      ["--connections", "0"],
      ["--keep-checkpoints", "perhaps"],
      ["--proxy", "nonsense"],
    ])
      expect((await run(...wrong)).code, wrong.join(" ")).toBe(2);
    expect((await run("--mirror", "http://example.org")).code).toBe(1);
  });
});

describe("plume styles", () => {
  it("installs, shows and removes a style, and refuses a mix that makes no sense", async () => {
    await using bench = await storeBench();
    const run = (...argv: string[]) => plume(bench, ["styles", ...argv]);
    const file = join(bench.home, "..", "ink.safetensors");
    const shapes = new Map([
      ["lora_unet_out_2.lora_up.weight", [4, 2]],
      ["lora_unet_out_2.lora_down.weight", [2, 8]],
    ]);
    await writeSparseTensors(file, shapes);
    expect((await run("list")).stdout).toContain("No style is installed");
    expect((await run("install", file, "--triggers", "ink, wash", "--licence", "CC0")).stdout).toContain("as ink.");
    expect((await run("list")).stdout).toMatch(/^ink: ink, 1 layers, [\s\S]*Write: ink, wash\n {2}Licence: CC0\n$/);
    expect((await run("mix", "fake", "ink:strong")).code).toBe(2);
    expect((await run("mix", "fake", "ink:9")).code).toBe(2);
    expect((await run("mix", "no-such-model", "ink")).code).toBe(1);
    expect((await run("install", join(bench.home, "nowhere.pt"))).code).toBe(1);
    expect((await run("remove", "ink")).code).toBe(0);
    expect((await run("list")).stdout).toContain("No style is installed");
  });
});
