/** The sound of a timeline, sample by sample. Pure but for where decoded sound comes from. */
export * from "./mixer.ts";
export * from "./stereo.ts";
