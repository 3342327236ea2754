/** Parts of OpenTimelineIO files as other programs write them, for tests that put them together. */

type Json = Readonly<Record<string, unknown>>;

/** The rate of the parts that say none. */
export const RATE = 24;

export const time = (value: number, rate: number = RATE): Json => ({ OTIO_SCHEMA: "RationalTime.1", rate, value });

export const range = (start: number, duration: number, rate: number = RATE): Json => ({
  OTIO_SCHEMA: "TimeRange.1",
  duration: time(duration, rate),
  start_time: time(start, rate),
});

export const gap = (duration: number): Json => ({ OTIO_SCHEMA: "Gap.1", name: "", source_range: range(0, duration) });

/** A clip of this file, or of none. */
export const clip = (name: string, url: string | null, start: number, duration: number, more: Json = {}): Json => ({
  OTIO_SCHEMA: "Clip.1",
  name,
  metadata: {},
  effects: [],
  markers: [],
  source_range: range(start, duration),
  media_reference:
    url === null
      ? { OTIO_SCHEMA: "MissingReference.1", available_range: null, metadata: {}, name: null }
      : file(url, 0, 200),
  ...more,
});

/** @param start the timecode of its first frame, frames; null: it does not say what there is of it */
export const file = (url: string, start: number | null, duration = 0): Json => ({
  OTIO_SCHEMA: "ExternalReference.1",
  metadata: {},
  name: "",
  available_range: start === null ? null : range(start, duration),
  target_url: url,
});

export const dissolve = (before: number, after: number, more: Json = {}): Json => ({
  OTIO_SCHEMA: "Transition.1",
  name: "Cross Dissolve",
  transition_type: "SMPTE_Dissolve",
  in_offset: time(before),
  out_offset: time(after),
  metadata: {},
  ...more,
});

export const track = (children: readonly Json[], more: Json = {}): Json => ({
  OTIO_SCHEMA: "Track.1",
  name: "Sequence",
  kind: "Video",
  source_range: null,
  effects: [],
  markers: [],
  children,
  ...more,
});

export const stack = (children: readonly Json[], more: Json = {}): Json => ({
  OTIO_SCHEMA: "Stack.1",
  name: "stack",
  source_range: null,
  effects: [],
  markers: [],
  children,
  ...more,
});

export const timeline = (tracks: readonly Json[], more: Json = {}, ofStack: Json = {}): Json => ({
  OTIO_SCHEMA: "Timeline.1",
  name: "Somebody's cut",
  metadata: {},
  tracks: stack(tracks, ofStack),
  ...more,
});
