export * from "./locate.ts";
export * from "./probe.ts";
export * from "./publish.ts";
export * from "./run.ts";
export * from "./text-tail.ts";
export * from "./video-writer.ts";
