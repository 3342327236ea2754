/** Timelines in the words of other editors. Pure: files are read and written elsewhere. */
export { ExchangeError, type Imported, UNSEEN } from "./assemble.ts";
export * from "./edl-write.ts";
export * from "./fcpxml-read.ts";
export * from "./fcpxml-write.ts";
export * from "./otio-read.ts";
export * from "./otio-write.ts";
export * from "./subtitles.ts";
