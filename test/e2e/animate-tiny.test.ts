/**
 * The whole way with the real engine and real networks, on the reference's tiny checkpoint: install, listen, keyframes, a roll, motion,
 * sound. Its vocabulary is cut to 256 words, so a copy gets the full table; its pictures mean nothing, but every part runs.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test, vi } from "vitest";
import { type AnimateJob, animationRecordSchema } from "../../core/contract/index.ts";
import { locateFfmpeg, probeVideo } from "../../main/media/index.ts";
import { createStudio } from "../../main/studio/create-studio.ts";
import { goldensNote, haveGoldens, hummingbirdGoldens } from "../../native-models/checkpoint/goldens.testkit.ts";
import { openCheckpoint } from "../../native-models/checkpoint/open-checkpoint.ts";
import { type RawTensor, writeSafetensors } from "../parity/golden-copy.testkit.ts";
import { removeFolder, temporaryFolder } from "./harness.ts";

const ffmpeg = (...args: string[]) => execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);
const VOCABULARY = 49_408;
const official = join(dirname(hummingbirdGoldens), "keyvid", "ckpt", "KeyVID");
const files = ["keyframe_generation/generator_checkpoint.ckpt", "interpolation/epoch=3669-step=58720.ckpt"] as const;
const localiser = "wav2motion/best_model_version1_with_skip.pth";

/** A copy of a checkpoint whose token table has rows for every word. */
async function withWords(from: string, to: string): Promise<void> {
  const source = await openCheckpoint(from);
  const tensors = new Map<string, RawTensor>();
  for (const [name, { shape }] of source.tensors) {
    const values = await source.readFloat32(name);
    const isTable = name.endsWith("token_embedding.weight");
    const width = shape[1] ?? 1;
    const table = isTable ? new Float32Array(VOCABULARY * width).map((_, i) => values[i % values.length] ?? 0) : values;
    tensors.set(name, {
      dtype: "float32",
      shape: isTable ? [VOCABULARY, width] : [...shape],
      bytes: new Uint8Array(table.buffer, table.byteOffset, table.byteLength),
    });
  }
  await source.close();
  writeSafetensors(to, tensors);
}

test.runIf(haveGoldens)(
  `every network of a KeyVID runs in the studio, from two files to a clip with sound${goldensNote}`,
  async () => {
    const folder = await temporaryFolder();
    const model = join(folder, "model");
    mkdirSync(model);
    for (const [n, name] of files.entries())
      await withWords(join(official, name), join(model, `part-${n}.safetensors`));
    await withWords(join(official, localiser), join(model, "localiser.safetensors"));
    const [picture, sound] = [join(folder, "logo.png"), join(folder, "beat.wav")];
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=200x120:rate=1", "-frames:v", "1", picture);
    ffmpeg("-f", "lavfi", "-i", "aevalsrc='0.9*sin(2*PI*70*t)*exp(-14*mod(t,0.5))':s=44100:d=2", sound);
    const home = { home: join(folder, "home"), output: join(folder, "clips") };
    const studio = await createStudio({ appVersion: "test", queue: "journal", ...home }, { bundled: [] });
    try {
      expect(await studio.models.install({ file: model, id: "tiny" })).toMatchObject({ family: "keyvid" });
      const [logo, beat] = [await studio.importMedia(picture), await studio.importMedia(sound)];
      const request = { picture: logo.id, sound: beat.id, seed: 7, steps: 2, width: 64, height: 64, prompt: "a logo" };
      const { id } = await studio.call("jobs.animate", { request });
      const state = async () => (await studio.call("jobs.list", {})).find((job) => job.id === id) as AnimateJob;
      const waits = (rolled: number) =>
        vi.waitFor(async () => expect(await state()).toMatchObject({ state: "waiting", error: null, rolled }), {
          timeout: 300_000,
          interval: 100,
        });
      await waits(0);
      const before = await Promise.all([4, 5].map((place) => studio.keyframe(id, place)));
      await studio.call("jobs.reroll", { id, only: [5] });
      await waits(1);
      expect(await studio.keyframe(id, 4)).toEqual(before[0]);
      expect(await studio.keyframe(id, 5)).not.toEqual(before[1]);
      await studio.call("jobs.approve", { id });
      const done = await studio.ended(id);
      expect(done.error).toBeNull();
      const record = animationRecordSchema.parse(done.clip?.record);
      expect(record.curve).toHaveLength(48);
      expect(record.runtime.onnxruntime).toMatch(/^\d+\./);
      const { path } = await studio.clipFile(done.clip?.id ?? "");
      const probe = await probeVideo(await locateFfmpeg(), path);
      expect(probe).toMatchObject({ codec: "h264", width: 64, height: 64, frames: 48, streams: 2 });
      expect(probe.sound?.seconds).toBeCloseTo(2, 2);
    } finally {
      await studio.close();
      await removeFolder(folder);
    }
  },
  900_000,
);
