export * from "./advice.ts";
export * from "./costs.ts";
export * from "./memory.ts";
export * from "./seconds.ts";
