import type { ModelSummary } from "../../../core/contract/index.ts";

/** What the fake engine claims to be. */
export const fakeSummary: ModelSummary = {
  id: "fake",
  name: "Fake model",
  family: "hummingbird",
  variant: "test",
  bundled: false,
  licence: "none",
  about: "Draws gradients for tests.",
  examplePrompts: ["a gradient"],
  parameters: 1,
  bytesOnDisk: 1,
  guidanceKind: "embedded",
  precisions: ["fp32", "int8"],
  defaults: { width: 64, height: 64, frames: 4, fps: 8, steps: 3, guidance: 7.5, precision: "fp32" },
  sizes: [{ width: 64, height: 64, label: "Square" }],
  maxSteps: 8,
};

/** What the fake animator claims to be. */
export const fakeAnimator: ModelSummary = {
  ...fakeSummary,
  id: "motion",
  name: "Fake animator",
  family: "keyvid",
  about: "Zooms a picture by the sound's level, for tests. It knows no people, animals or places.",
  examplePrompts: [],
  guidanceKind: "three-way",
  precisions: ["fp32"],
  defaults: { width: 128, height: 128, frames: 48, fps: 24, steps: 4, guidance: 7.5, precision: "fp32" },
  sizes: [
    { width: 128, height: 128, label: "Square" },
    { width: 192, height: 128, label: "Wide" },
    { width: 128, height: 192, label: "Tall" },
  ],
  maxSteps: 90,
  animation: {
    presets: [
      { id: "draft", steps: 4, work: 0.03, about: "A quick look." },
      { id: "balanced", steps: 6, work: 0.1, about: "Close to Reference at a tenth of its work." },
      { id: "reference", steps: 12, work: 1, about: "As published." },
    ],
    defaultPreset: "balanced",
    guidance: { text: 7.5, image: 2, audio: 7.5, interpolationAudio: 9 },
  },
};

/** What the fake eyes claim to be. */
export const fakeEyes: ModelSummary = {
  ...fakeSummary,
  id: "eyes",
  name: "Fake eyes",
  family: "patnet",
  about: "Sees red patches and pale pictures, for tests.",
  examplePrompts: [],
  guidanceKind: "none",
  precisions: ["fp32"],
  defaults: { width: 192, height: 192, frames: 1, fps: 1, steps: 1, guidance: 0, precision: "fp32" },
  sizes: [],
  maxSteps: 1,
  vision: { tags: 2, objects: 1, words: ["red", "snow", "circle"] },
};
