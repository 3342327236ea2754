export type { InstallTask } from "./backend.ts";
export { type CostsWish, packCosts } from "./costs.ts";
export { engineEnvironment } from "./environment.ts";
export * from "./host.ts";
export type { GenerateOutcome, PictureFile, SoundFile, VerifyOutcome } from "./protocol.ts";
export { engineThreads } from "./threads.ts";
export type { PackFacts } from "./packs.ts";
export { readPackFacts } from "./packs.ts";
export { readSound } from "./work-files.ts";
