export * from "./credentials.ts";
export * from "./estimate.ts";
export * from "./presets.ts";
export * from "./provenance.ts";
export * from "./resolve.ts";
export * from "./settings.ts";
