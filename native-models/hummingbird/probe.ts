import { frameOf, latentSize } from "../diffusion/latent.ts";
import { toRgb8 } from "../diffusion/rgb.ts";
import { TorchRandom } from "../diffusion/torch-random.ts";
import { PIECE_BYTES } from "../onnx/pieces.ts";
import { clipTokenizer } from "../openclip/tokenizer.ts";
import { throwIfAborted } from "../pack/files.ts";
import type { ManifestOf } from "../pack/manifest.ts";
import type { RunProbe } from "../pack/probe.ts";
import { calibrationPlan } from "./calibrate.ts";
import { HummingbirdNetworks } from "./networks.ts";
import { sampleLatent, unetCalls } from "./sample.ts";

const SEED = 7;

/** One small clip, through all three networks: its prompt embedded, every step denoised, every frame decoded. */
export const probeHummingbird: RunProbe<ManifestOf<"hummingbird">> = async (manifest, weights, options) => {
  const { config, native, examplePrompts } = manifest;
  const { prompts, size, steps } = calibrationPlan(examplePrompts, latentSize(native), config);
  const { defaultGuidance: guidance } = config.sampler;
  const networks = new HummingbirdNetworks(config, weights, { threads: options.threads, pieceBytes: PIECE_BYTES });
  const embed = (prompt: string) => networks.encodePrompt(clipTokenizer().tokenize(prompt).ids);
  const random = new TorchRandom(SEED);
  const total = unetCalls(config, steps, guidance) + 1;
  let done = 0;
  const tell = async () => {
    throwIfAborted(options.signal);
    await options.onProgress(done++ / total);
  };
  try {
    const latent = await sampleLatent(networks, {
      size,
      steps,
      guidance,
      fps: config.fps,
      context: await embed(prompts[0]!),
      negativeContext: () => embed(""),
      drawNoise: (count) => random.randn(count),
      checkpoint: tell,
    });
    await networks.release("unet");
    const pictures: Uint8Array[] = [];
    for (let frame = 0; frame < size.frames; frame++) {
      throwIfAborted(options.signal);
      pictures.push(toRgb8(await networks.decode(frameOf(latent, size, frame), size.height, size.width)));
    }
    return { kind: "pictures", width: size.width * 8, height: size.height * 8, pictures };
  } finally {
    await networks.close();
  }
};
