import type { GenerationRequest, ModelSummary } from "../../core/contract/index.ts";
import { limits } from "../../core/contract/generation.ts";
import { type Flicks, FLICKS_PER_SECOND, snapToFrame } from "../../core/time/index.ts";
import type { Settings, Timeline } from "../../core/timeline/index.ts";
import { countedTracks } from "./placement.ts";
import { findGap } from "./hit.ts";

/** Where a clip is to be made. */
export interface GapTarget {
  readonly track: string;
  readonly at: Flicks;
  /** How much room there is; null: as much as one likes. */
  readonly room: Flicks | null;
}

/**
 * The place that “Generate here” means: the selected gap, else the room from the playhead on, on the lowest picture track that is free
 * there. Null: every picture track has a clip there or is locked.
 */
export function gapTarget(
  document: Timeline,
  gap: { readonly track: string; readonly start: Flicks; readonly duration: Flicks } | null,
  playhead: Flicks,
): GapTarget | null {
  const tracks = countedTracks(document, "video").filter(({ locked }) => !locked);
  if (gap !== null && tracks.some(({ id }) => id === gap.track))
    return { track: gap.track, at: gap.start, room: gap.duration };
  for (const track of tracks) {
    const free = findGap(track, playhead);
    if (free === null) continue;
    const room = free.duration === null ? null : free.start + free.duration - playhead;
    if (room === null || room > 0) return { track: track.id, at: playhead, room };
  }
  return null;
}

/** The sizes that a model offers, the one most like the timeline's picture first. */
export function sizesFor(model: ModelSummary, { width, height }: Pick<Settings, "width" | "height">) {
  const far = (size: { readonly width: number; readonly height: number }) =>
    Math.abs(Math.log(size.width / size.height / (width / height)));
  const offered = model.sizes.length > 0 ? model.sizes : [{ ...model.defaults, label: "Usual" }];
  return offered.toSorted((a, b) => far(a) - far(b));
}

/** How many frames of the model fill the room, within what it can make. */
export function framesFor({ defaults }: ModelSummary, room: Flicks | null): number {
  if (room === null) return defaults.frames;
  const wanted = Math.round((room / FLICKS_PER_SECOND) * defaults.fps);
  return Math.min(limits.frames.max, Math.max(limits.frames.min, wanted));
}

/** How long a clip of so many frames is on the timeline, never longer than the room. */
export function durationOf(
  frames: number,
  { defaults }: ModelSummary,
  room: Flicks | null,
  settings: Settings,
): Flicks {
  const length = snapToFrame(Math.round((frames / defaults.fps) * FLICKS_PER_SECOND), settings.rate);
  return Math.max(1, room === null ? length : Math.min(room, length));
}

/** What is asked of the model: everything else as the model likes it. */
export const requestFor = (
  model: ModelSummary,
  prompt: string,
  frames: number,
  size: { readonly width: number; readonly height: number },
): GenerationRequest => ({
  model: model.id,
  prompt,
  frames,
  fps: model.defaults.fps,
  width: size.width,
  height: size.height,
});
