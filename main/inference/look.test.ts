import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { solid, temporaryFolder } from "../media/testing.ts";
import { installCheckpoint } from "../../native-models/pack/index.ts";
import { openVision } from "../../native-models/index.ts";
import {
  randomTensors,
  smallDetector,
  testPicture,
  writeCheckpoint,
} from "../../native-models/patnet/testing-model.testkit.ts";
import { EngineHost, type EngineHostOptions, type Sight } from "./host.ts";

// Engines start slowly where much else is going on.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const entry = fileURLToPath(new URL("./testing/fake-engine.ts", import.meta.url));
const hosts: EngineHost[] = [];

function makeHost(options: EngineHostOptions = {}): EngineHost {
  const host = new EngineHost({ backOffMs: [0], ...options });
  hosts.push(host);
  return host;
}

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});

const size = { width: 16, height: 8 };
const never = new AbortController().signal;

/** Grey with a red patch from x = 3 to 7, y = 2 to 5. */
function withPatch(): Uint8Array {
  const rgb = solid(size.width, size.height, [90, 90, 90]);
  for (let y = 2; y < 5; y += 1) for (let x = 3; x < 7; x += 1) rgb.set([220, 20, 20], (y * size.width + x) * 3);
  return rgb;
}

async function lookAt(host: EngineHost, pack: string, pictures: readonly Uint8Array[], signal = never) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "pictures");
  await writeFile(file, Buffer.concat(pictures));
  const seen: Sight[] = [];
  const task = { pack, threads: 1, precision: "fp32" as const, device: "cpu" as const, tags: true, objects: true };
  await host.look(
    { ...task, pictures: { file, ...size }, count: pictures.length },
    (_, sight) => void seen.push(sight),
    signal,
  );
  return seen;
}

describe("looking at pictures", () => {
  it("tells tags, boxes and masks of each picture, in order", async () => {
    const host = makeHost({ entry });
    const white = solid(size.width, size.height, [250, 250, 250]);
    const [patch, snow] = await lookAt(host, "/eyes", [withPatch(), white]);
    expect(patch!.tags).toEqual([{ label: "red", score: 0.9 }]);
    expect(snow).toEqual({ tags: [{ label: "snow", score: 0.8 }], objects: [] });
    const [object] = patch!.objects;
    expect(object).toMatchObject({ label: "circle", score: 0.95, box: [3, 2, 7, 5] });
    expect(object!.mask).toEqual({ left: 3, top: 2, width: 4, height: 3, data: new Uint8Array(12).fill(1) });
  });

  it("survives an engine that dies over a picture, and looks again with a new one", async () => {
    const host = makeHost({ entry });
    const magenta = solid(size.width, size.height, [255, 0, 255]);
    await expect(lookAt(host, "/eyes", [withPatch(), magenta])).rejects.toMatchObject({ code: "ENGINE_CRASHED" });
    expect(await lookAt(host, "/eyes", [withPatch()])).toHaveLength(1);
  });

  it("stops between pictures", async () => {
    const host = makeHost({ entry });
    const abort = new AbortController();
    const yellow = solid(size.width, size.height, [255, 255, 0]);
    const looking = lookAt(host, "/eyes", Array<Uint8Array>(500).fill(yellow), abort.signal);
    setTimeout(() => abort.abort(), 50);
    await expect(looking).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("refuses models of other kinds in one sentence", async () => {
    const host = makeHost({ entry });
    await expect(lookAt(host, "/fake", [withPatch()])).rejects.toMatchObject({
      code: "MODEL_WRONG_KIND",
      message: "This model makes clips from words: choose one that looks at pictures.",
    });
  });

  it("gives over the wire what the real eyes give", async () => {
    await using folder = await temporaryFolder();
    const checkpoint = join(folder.path, "eyes.safetensors");
    await writeCheckpoint(checkpoint, randomTensors(smallDetector));
    const pack = join(folder.path, "pack");
    await installCheckpoint({ file: checkpoint, destination: pack });
    const picture = testPicture(size.width, size.height);
    const pipeline = await openVision(pack, { threads: 1, precision: "fp32" });
    const wanted = await pipeline.objects(picture);
    await pipeline.close();
    const [sight] = await lookAt(makeHost(), pack, [picture.rgb]);
    expect(wanted.length).toBeGreaterThan(0);
    expect(sight).toEqual({ tags: [], objects: wanted });
  });
});
