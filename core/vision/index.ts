/** What can be seen in pictures without a model: colours, shots, sharpness; and what is made of a model's findings: tracks, masks. Pure. */
export * from "./colours.ts";
export { signedDistance } from "./distance.ts";
export * from "./mask.ts";
export * from "./mask-file.ts";
export * from "./measured-colour.ts";
export * from "./oklab.ts";
export * from "./pixels.ts";
export * from "./prompt-check.ts";
export * from "./quality.ts";
export * from "./shots.ts";
export * from "./subject-mask.ts";
export * from "./track.ts";
