export * from "./animation.ts";
export * from "./bridge.ts";
export * from "./contract.ts";
export * from "./errors.ts";
export * from "./generation.ts";
export * from "./jobs.ts";
export * from "./media.ts";
export * from "./models.ts";
