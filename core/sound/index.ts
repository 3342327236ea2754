/** What can be heard in a sound: onsets, beats, loudness, its parts; and its picture. Pure functions, no dependencies. */
export * from "./beats.ts";
export * from "./envelope.ts";
export * from "./follow.ts";
export * from "./loudness.ts";
export * from "./onsets.ts";
export * from "./peak-file.ts";
export * from "./peaks.ts";
export * from "./resample.ts";
export * from "./sound.ts";
