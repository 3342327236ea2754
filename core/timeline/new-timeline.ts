import { FRAME_RATES } from "../time/index.ts";
import { addTrack } from "./edits/track.ts";
import type { Settings, Timeline } from "./schema.ts";

export const defaultSettings: Settings = {
  rate: FRAME_RATES["24"],
  width: 1920,
  height: 1080,
  sampleRate: 48_000,
  background: "#000000",
  dropFrame: false,
  tempo: { beatsPerMinute: 120, beatsPerBar: 4, beatUnit: 4, origin: 0 },
};

/** An empty timeline with the tracks that everybody needs: two for sound, two for pictures, one for text. */
export function newTimeline(name: string, settings: Partial<Settings> = {}): Timeline {
  const empty: Timeline = {
    name,
    settings: { ...defaultSettings, ...settings },
    tracks: [],
    markers: [],
    media: {},
    nextId: 1,
  };
  return (["audio", "audio", "video", "video", "text"] as const).reduce((document, kind) => {
    const result = addTrack(document, { kind });
    return result.ok ? result.value : document;
  }, empty);
}
