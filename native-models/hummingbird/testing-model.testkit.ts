/** Test help: configurations. */
import type { HummingbirdConfig } from "./config.ts";
import { officialConfig } from "./official-config.testkit.ts";

export { officialConfig };

/** Two levels, a few channels, twelve words. */
export const smallConfig: HummingbirdConfig = {
  ...officialConfig,
  modelChannels: 16,
  channelMult: [1, 2],
  numHeadChannels: 8,
  contextDim: 8,
  unetNormGroups: 4,
  timeCondProjDim: 6,
  vae: { ch: 8, chMult: [1, 2], numResBlocks: 1, normGroups: 4, scaleFactor: 0.5 },
  text: { width: 8, heads: 2, layers: 3, vocabulary: 12, length: 9 },
};
