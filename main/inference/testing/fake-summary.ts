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
