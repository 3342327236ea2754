export * from "./prompt-list.ts";
export * from "./sweep.ts";
