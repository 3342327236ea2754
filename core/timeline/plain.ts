import type { Child, Clip, Track } from "./schema.ts";

/** A clip as it is before anything was done to it. */
export const plainClip = (
  id: string,
  name: string,
  content: Clip["content"],
  sourceRange: Clip["sourceRange"],
): Clip => ({
  kind: "clip",
  id,
  name: name.slice(0, 500),
  enabled: true,
  content,
  sourceRange,
  reversed: false,
  parameters: {},
  blend: "normal",
  fit: "contain",
  fadeIn: 0,
  fadeOut: 0,
  link: null,
  group: null,
  markers: [],
});

/** A track as it is when it is new. */
export const plainTrack = (id: string, kind: Track["kind"], name: string, children: readonly Child[]): Track => ({
  id,
  kind,
  name: name.slice(0, 500),
  children,
  locked: false,
  muted: false,
  solo: false,
  volume: 0,
  pan: 0,
  ducking: null,
});
