/** Smart reframe: a crop of another shape that follows the subject, as ordinary keyframes. Pure. */
export * from "./clip-parameters.ts";
export * from "./crop-path.ts";
export * from "./fit-keyframes.ts";
export * from "./one-euro.ts";
export * from "./reframe-keyframes.ts";
