import { SIZE_STEP } from "../../core/contract/index.ts";
import { throwIfAborted } from "../pack/files.ts";
import { type ManifestOf, packSummary } from "../pack/manifest.ts";
import { PIECE_BYTES } from "../onnx/pieces.ts";
import { probePicture, type RunProbe } from "../pack/probe.ts";
import { plannedBytes } from "../pack/weights.ts";
import { unetUnit } from "../unet3d/architecture.ts";
import { latentScale } from "../vae/encoder.ts";
import { FRAMES, KEYFRAMES } from "./config.ts";
import { KeyvidNetworks } from "./networks.ts";
import { partParameters } from "./parameters.ts";
import { KeyvidPipeline } from "./pipeline.ts";

const SEED = 7;
const STEPS = 4;
/** Pixels a side, and of a model whose first stage has more than so many bytes: all branches of the official one took 1.4 GB at 128. */
const [SIDE, LARGE_SIDE, LARGE_BYTES] = [128, 64, 2 ** 30];
const SAMPLE_RATE = 16_000;

/** Two seconds with four strokes of a falling tone. */
function probeSound() {
  const samples = Float32Array.from({ length: 2 * SAMPLE_RATE }, (_, i) => {
    const since = (i % (SAMPLE_RATE / 2)) / SAMPLE_RATE;
    return 0.8 * Math.exp(-9 * since) * Math.sin(2 * Math.PI * (420 - 300 * since) * since);
  });
  return { sampleRate: SAMPLE_RATE, channels: [samples] };
}

/** The twelve keyframes of a small segment: sound, picture and words, the keyframes' U-Net, encoder and decoder. */
export const probeKeyvid: RunProbe<ManifestOf<"keyvid">> = async (manifest, weights, options) => {
  const { config, id, examplePrompts } = manifest;
  const unit = Math.max(SIZE_STEP, unetUnit(config.keyframes) * latentScale(config.vae));
  // Told by what is published, not by what it is kept in: all forms of one model make the same.
  const isLarge = plannedBytes(partParameters(config, "keyframes")) > LARGE_BYTES;
  const side = Math.max(unit, Math.round((isLarge ? LARGE_SIDE : SIDE) / unit) * unit);
  const networks = new KeyvidNetworks(config, weights, { threads: options.threads, pieceBytes: PIECE_BYTES });
  const summary = packSummary(manifest);
  // In pieces the model takes far less than the clips that are planned for; who measures has looked whether there is that much.
  const pipeline = new KeyvidPipeline({ config, summary, folder: weights.folder, networks, memoryOf: () => 0 });
  const pictures: Uint8Array[] = [];
  try {
    await pipeline.keyframes(
      {
        request: {
          model: id,
          prompt: examplePrompts[0] ?? "",
          seed: SEED,
          width: side,
          height: side,
          preset: "draft",
          selection: "even",
          steps: STEPS,
          guidance: config.sampler.guidance,
          focus: { x: 0.5, y: 0.5 },
          keyframes: Array.from({ length: KEYFRAMES }, (_, i) => Math.round((i * (FRAMES - 1)) / (KEYFRAMES - 1))),
          precision: "fp32",
        },
        picture: probePicture(side, side),
        sound: probeSound(),
      },
      {
        signal: options.signal ?? new AbortController().signal,
        progress: async (_phase, _done, _total, fraction) => {
          throwIfAborted(options.signal);
          await options.onProgress(fraction);
        },
        preview: () => {},
        frame: (_, rgb) => void pictures.push(rgb.slice()),
      },
    );
    return { kind: "pictures", width: side, height: side, pictures };
  } finally {
    await pipeline.close();
  }
};
