export * from "./history.ts";
export * from "./patch.ts";
