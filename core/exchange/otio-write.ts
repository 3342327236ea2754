import { type Flicks, frameDuration, type Rate, type TimeRange } from "../time/index.ts";
import {
  type Child,
  type Clip,
  type Marker,
  type MediaReference,
  parameterOf,
  SILENCE_DB,
  type Timeline,
  type Track,
  type Transition,
} from "../timeline/index.ts";

/**
 * OpenTimelineIO's JSON (https://opentimelineio.readthedocs.io/en/latest/tutorials/otio-serialized-schema.html), the schemas of its
 * release 0.15 and later. What OTIO has no word for lies under `metadata.plume`, so that reading it back gives the same document.
 */
type Json = Readonly<Record<string, unknown>>;

/** How media are named in the file: a path relative to it, or an address of their own. */
export type MediaUrl = (media: MediaReference) => string;

const COLOURS: Readonly<Record<Marker["colour"], string>> = {
  red: "RED",
  orange: "ORANGE",
  yellow: "YELLOW",
  green: "GREEN",
  cyan: "CYAN",
  blue: "BLUE",
  purple: "PURPLE",
  grey: "WHITE",
};

/** The document as OTIO. `url` names media; the default is their path from the project's folder. */
export function writeOtio(document: Timeline, url: MediaUrl = ({ path }) => encodeURI(path)): string {
  const writer = new Writer(document, url);
  return `${JSON.stringify(writer.timeline(), null, 2)}\n`;
}

class Writer {
  private readonly document: Timeline;
  private readonly rate: Rate;
  private readonly url: MediaUrl;

  constructor(document: Timeline, url: MediaUrl) {
    this.document = document;
    this.rate = document.settings.rate;
    this.url = url;
  }

  timeline(): Json {
    const { name, settings, tracks, markers, media, nextId } = this.document;
    return {
      OTIO_SCHEMA: "Timeline.1",
      metadata: { plume: { version: 1, settings, nextId, media } },
      name,
      global_start_time: null,
      tracks: {
        OTIO_SCHEMA: "Stack.1",
        metadata: {},
        name: "tracks",
        source_range: null,
        effects: [],
        markers: markers.map((marker) => this.marker(marker, 0)),
        enabled: true,
        children: tracks.map((track) => this.track(track)),
      },
    };
  }

  private track({ id, kind, name, children, muted, ...rest }: Track): Json {
    return {
      OTIO_SCHEMA: "Track.1",
      metadata: { plume: { id, kind, ...rest } },
      name,
      source_range: null,
      effects: [],
      markers: [],
      enabled: !muted,
      kind: kind === "audio" ? "Audio" : "Video",
      children: children.map((child) => this.child(child)),
    };
  }

  private child(child: Child): Json {
    if (child.kind === "clip") return this.clip(child);
    return child.kind === "gap" ? this.gap(child.duration) : this.transition(child);
  }

  private gap(duration: Flicks): Json {
    const range = this.range({ start: 0, duration });
    return {
      OTIO_SCHEMA: "Gap.1",
      metadata: {},
      name: "",
      source_range: range,
      effects: [],
      markers: [],
      enabled: true,
    };
  }

  private transition({ inOffset, outOffset, id, type, direction, colour, softness }: Transition): Json {
    return {
      OTIO_SCHEMA: "Transition.1",
      metadata: { plume: { id, type, direction, colour, softness } },
      name: type,
      in_offset: this.time(inOffset),
      out_offset: this.time(outOffset),
      transition_type: type === "dissolve" ? "SMPTE_Dissolve" : "Custom_Transition",
    };
  }

  private clip(clip: Clip): Json {
    const { name, enabled, content, sourceRange, markers, ...rest } = clip;
    const references =
      content.type === "text"
        ? { DEFAULT_MEDIA: this.generator(content.style) }
        : Object.fromEntries(content.takes.map((take) => [take.id, this.reference(take)]));
    return {
      OTIO_SCHEMA: "Clip.2",
      metadata: { plume: rest },
      name,
      source_range: this.range(sourceRange),
      effects: this.effects(clip),
      markers: markers.map((marker) => this.marker(marker, sourceRange.start)),
      enabled,
      media_references: references,
      active_media_reference_key: content.type === "text" ? "DEFAULT_MEDIA" : content.activeTake,
    };
  }

  /** What other editors know of a clip's parameters; their exact values stand in the metadata. */
  private effects(clip: Clip): Json[] {
    const speed = parameterOf(clip, "speed");
    const volume = parameterOf(clip, "volume");
    const warps = typeof speed === "number" && (speed !== 1 || clip.reversed);
    const gain = typeof volume === "number" && volume !== 0;
    return [
      ...(warps
        ? [
            {
              OTIO_SCHEMA: "LinearTimeWarp.1",
              metadata: {},
              name: "speed",
              effect_name: "LinearTimeWarp",
              enabled: true,
              time_scalar: clip.reversed ? -speed : speed,
            },
          ]
        : []),
      ...(gain
        ? [
            {
              OTIO_SCHEMA: "Effect.1",
              metadata: { decibels: volume <= SILENCE_DB ? null : volume },
              name: "volume",
              effect_name: "AudioGain",
              enabled: true,
            },
          ]
        : []),
    ];
  }

  private reference({ media: id, ...take }: { readonly id: string; readonly media: string | null }): Json {
    const media = id === null ? undefined : this.document.media[id];
    const metadata = { plume: { take: { ...take, media: id } } };
    if (media === undefined)
      return {
        OTIO_SCHEMA: "MissingReference.1",
        metadata,
        name: "",
        available_range: null,
        available_image_bounds: null,
      };
    return {
      OTIO_SCHEMA: "ExternalReference.1",
      metadata,
      name: media.name,
      available_range: media.availableRange === null ? null : this.range(media.availableRange),
      available_image_bounds: null,
      target_url: this.url(media),
    };
  }

  private generator(style: object): Json {
    return {
      OTIO_SCHEMA: "GeneratorReference.1",
      metadata: {},
      name: "text",
      available_range: null,
      available_image_bounds: null,
      generator_kind: "plume.text",
      parameters: style,
    };
  }

  /** @param start of what it is on, in the time in which its place is told: on a clip that is the time of its media */
  private marker({ id, name, markedRange: { start: at, duration }, colour, comment }: Marker, start: Flicks): Json {
    return {
      OTIO_SCHEMA: "Marker.2",
      metadata: { plume: { id, colour } },
      name,
      color: COLOURS[colour],
      marked_range: this.range({ start: start + at, duration }),
      comment,
    };
  }

  private range({ start, duration }: TimeRange): Json {
    return { OTIO_SCHEMA: "TimeRange.1", start_time: this.time(start), duration: this.time(duration) };
  }

  /** Frames of the timeline's rate; a fraction where a time does not fall on a frame. */
  private time(time: Flicks): Json {
    const { numerator, denominator } = this.rate;
    return { OTIO_SCHEMA: "RationalTime.1", rate: numerator / denominator, value: time / frameDuration(this.rate) };
  }
}
