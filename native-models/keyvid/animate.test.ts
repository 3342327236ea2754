/** The reference's small checkpoints through the product's own door: installed, opened, and a picture animated by real networks. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { ResolvedAnimation } from "../../core/contract/index.ts";
import { openAnimation } from "../index.ts";
import { installCheckpoint } from "../pack/index.ts";
import type { AnimateHooks } from "../types.ts";

const goldens = join(
  process.env["PLUME_GOLDENS"] ?? fileURLToPath(new URL("../../../shared/goldens", import.meta.url)),
  "keyvid/ckpt",
);
const found = existsSync(goldens);
const note = found ? "" : " (SKIPPED: no reference goldens; set PLUME_GOLDENS to their folder)";
const folder = mkdtempSync(join(tmpdir(), "plume-animate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const request: ResolvedAnimation = {
  model: "small",
  prompt: "hammering",
  seed: 3,
  // Smaller than the studio asks for: the reference's small VAE halves sizes only once.
  width: 16,
  height: 16,
  preset: "draft",
  selection: "even",
  steps: 2,
  guidance: { text: 7.5, image: 2, audio: 7.5, interpolationAudio: 7.5 },
  focus: { x: 0.5, y: 0.5 },
  keyframes: [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44],
  precision: "fp32",
};
const picture = { width: 9, height: 7, rgb: Uint8Array.from({ length: 189 }, (_, i) => (i * 37) % 256) };
const sound = {
  sampleRate: 22_050,
  channels: [0, 1].map(() =>
    Float32Array.from({ length: 30_000 }, (_, i) => Math.sin(i / 9) * Math.exp(-(i % 9000) / 900)),
  ),
};

function collect(frames: Uint8Array[], states: Uint8Array[] = []): AnimateHooks {
  return {
    signal: new AbortController().signal,
    progress: () => {},
    preview: () => {},
    frame: (_, rgb) => void frames.push(rgb),
    saved: (state) => void states.push(state.slice()),
  };
}

describe.skipIf(!found)(`a KeyVID model through the product's own door${note}`, () => {
  it("is installed, listens, draws keyframes and the motion between them, the same each time", {
    timeout: 600_000,
  }, async () => {
    const pack = join(folder, "pack");
    await installCheckpoint({ file: goldens, destination: pack });
    const pipeline = await openAnimation(pack, { threads: 2, precision: "fp32" });
    expect(pipeline.summary.animation?.presets.map(({ id }) => id)).toEqual(["draft", "balanced", "reference"]);
    const scores = await pipeline.localise(sound);
    expect(scores).toHaveLength(48);
    expect(scores.every(Number.isFinite)).toBe(true);
    const [keyframes, frames, again]: Uint8Array[][] = [[], [], []];
    await pipeline.keyframes({ request, picture, sound }, collect(keyframes!));
    expect(keyframes).toHaveLength(12);
    const job = { request, picture, sound, keyframes: keyframes! };
    const result = await pipeline.interpolate(job, collect(frames!));
    expect(frames).toHaveLength(48);
    expect(new Set(frames!.map((rgb) => rgb.join())).size).toBeGreaterThan(1);
    await pipeline.close();
    const reopened = await openAnimation(pack, { threads: 2, precision: "fp32" });
    expect((await reopened.interpolate(job, collect(again!))).framesSha256).toBe(result.framesSha256);
    await reopened.close();
  });
});
