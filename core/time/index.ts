export * from "./flicks.ts";
export * from "./grid.ts";
export * from "./musical.ts";
export * from "./rate.ts";
export * from "./time-range.ts";
export * from "./timecode.ts";
