export type { InstallTask } from "./backend.ts";
export * from "./host.ts";
export type { GenerateOutcome } from "./protocol.ts";
export { engineThreads } from "./threads.ts";
export type { PackFacts } from "./packs.ts";
export { readPackFacts } from "./packs.ts";
