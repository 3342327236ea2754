import type { HummingbirdConfig } from "./config.ts";

/** The official 0.7B (HUMMINGBIRD.md, sections 2 to 5); with a middle block it is the 0.9B. */
export const officialConfig: HummingbirdConfig = {
  modelChannels: 320,
  channelMult: [1, 2, 4, 4],
  numHeadChannels: 64,
  contextDim: 1024,
  unetNormGroups: 32,
  middleBlock: false,
  timeCondProjDim: 256,
  vae: { ch: 128, chMult: [1, 2, 4, 4], numResBlocks: 2, normGroups: 32, scaleFactor: 0.18215 },
  text: { width: 1024, heads: 16, layers: 24, vocabulary: 49408, length: 77 },
  sampler: {
    kind: "lcm",
    parameterization: "eps",
    rescaleBetasZeroSnr: false,
    linearStart: 0.00085,
    linearEnd: 0.012,
    guidanceRescale: 0,
    defaultSteps: 4,
    defaultGuidance: 7.5,
  },
  fps: 8,
};
