/** The motion curve and the keyframes that are chosen from it. Pure functions. */
export * from "./curve.ts";
export * from "./find-peaks.ts";
export * from "./segments.ts";
export * from "./select-keyframes.ts";
