import type { ModelSummary, SystemInfo } from "../../../core/contract/index.ts";

export const starter: ModelSummary = {
  id: "plume-starter",
  name: "Plume Starter",
  family: "hummingbird",
  variant: "starter",
  bundled: true,
  licence: "MIT",
  about:
    "Knows seamless two-second loops of simple motion backgrounds: gradients, stripes, waves, bubbles, snow, rain, stars, fire, pulses, spinning shapes, bouncing balls, confetti and bokeh, in nine colours. It does not know people, animals, places or objects.",
  examplePrompts: [
    "blue bubbles rising slowly",
    "a golden star spinning clockwise",
    "gentle teal waves moving left on black",
    "purple and orange gradient drifting up",
    "fast red confetti falling",
    "soft green bokeh on a dark background",
  ],
  parameters: 8_400_000,
  bytesOnDisk: 27_000_000,
  guidanceKind: "classifier-free",
  precisions: ["fp32", "int8"],
  defaults: { width: 128, height: 128, frames: 16, fps: 8, steps: 8, guidance: 3, precision: "fp32" },
  sizes: [
    { width: 128, height: 128, label: "Square" },
    { width: 192, height: 128, label: "Wide" },
    { width: 128, height: 192, label: "Tall" },
  ],
  maxSteps: 50,
};

export const systemInfo: SystemInfo = {
  appVersion: "0.1.0",
  platform: "linux",
  cpu: "Test CPU",
  cores: 2,
  totalMemoryBytes: 16 * 2 ** 30,
  freeMemoryBytes: 11 * 2 ** 30,
  ffmpegVersion: "5.1",
  ffmpegProblem: null,
  outputFolderName: "Videos/Plume Studio",
};
