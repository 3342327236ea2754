/** Timelines in the words of other editors. Pure: files are read and written elsewhere. */
export { ExchangeError, type Imported } from "./assemble.ts";
export * from "./otio-read.ts";
export * from "./otio-write.ts";
