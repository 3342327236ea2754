import { z } from "zod";
import type { Flicks, Rate } from "../time/index.ts";
import type { Clip, MediaReference, Take, Track } from "../timeline/index.ts";
import { type Ids, unseenMedia } from "./assemble.ts";
import { flicksOf, type Item, itemSchema, kindOf, own, pathOf, type Range, rangeSchema } from "./otio-json.ts";

const UNNAMED = "The file named no media for this clip.";
/** Files of pictures that stand still, and of pictures with sound. */
const STILL = /\.(png|jpe?g|webp|tiff?|bmp|heic|gif)$/i;
const FILM = /\.(mp4|mov|mkv|webm|mxf|avi|m4v|mts|mpe?g)$/i;

/** The media that a file names, each once. */
export class OtioMedia {
  readonly media: Record<string, MediaReference>;
  /** Those of which the file does not say how long they are. */
  readonly endless = new Set<string>();
  /** A bundle's media lie elsewhere than in the project that was bundled. */
  readonly places = new Map<string, string>();
  private readonly byUrl = new Map<string, string>();
  private readonly ids: Ids;
  private readonly rate: Rate;
  private readonly notes: Set<string>;

  constructor(media: Record<string, MediaReference>, ids: Ids, rate: Rate, notes: Set<string>) {
    this.media = media;
    this.ids = ids;
    this.rate = rate;
    this.notes = notes;
  }

  /**
   * What the first moment of the media is called in the clip's own time: the timecode that its first frame bears. Of this studio's own
   * files it is 0, since its times count from the file's beginning; so it is where a clip's times do not reach that timecode.
   */
  beginning(item: Item, range: Range): Flicks {
    const reference = referencesOf(item).active;
    if (reference === null || this.ownTake(reference) !== null) return 0;
    const available = rangeSchema.safeParse(reference["available_range"]).data;
    const start = available === undefined ? 0 : flicksOf(available.start_time);
    return flicksOf(range.start_time) >= start ? start : 0;
  }

  /** The takes of a clip and which of them plays. */
  takes(item: Item, kind: Track["kind"], range: Clip["sourceRange"]): { takes: Take[]; activeTake: string } {
    const { references, key } = referencesOf(item);
    const takes = Object.entries(references).map(([name, reference]) => this.take(name, reference, kind, range));
    if (takes.length === 0) takes.push({ id: this.ids.fresh("k"), media: null, job: null, problem: UNNAMED });
    const chosen = Object.keys(references).indexOf(key);
    return { takes, activeTake: takes[Math.max(0, chosen)]!.id };
  }

  private take(key: string, reference: Item, kind: Track["kind"], range: Clip["sourceRange"]): Take {
    const mine = this.ownTake(reference);
    if (mine !== null) {
      const address = reference["target_url"];
      if (mine.media !== null && typeof address === "string") this.places.set(mine.media, pathOf(address));
      return mine;
    }
    const id = /^[A-Za-z0-9_-]{1,64}$/.test(key) ? key : this.ids.fresh("k");
    const url = typeof reference["target_url"] === "string" ? reference["target_url"] : this.firstPicture(reference);
    if (url === null || url === "") return { id, media: null, job: null, problem: UNNAMED };
    return { id, media: this.at(url, reference, kind, range), job: null, problem: null };
  }

  private ownTake(reference: Item): Take | null {
    const mine = z
      .object({
        id: z.string(),
        media: z.string().nullable(),
        job: z.string().nullable(),
        problem: z.string().nullable(),
      })
      .safeParse(own(reference)["take"]).data;
    return mine !== undefined && (mine.media === null || Object.hasOwn(this.media, mine.media)) ? mine : null;
  }

  /** Of pictures that are numbered in a row. */
  private firstPicture(reference: Item): string | null {
    if (kindOf(reference) !== "ImageSequenceReference") return null;
    const sequence = z
      .object({
        target_url_base: z.string(),
        name_prefix: z.string(),
        name_suffix: z.string(),
        start_frame: z.number().int(),
        frame_zero_padding: z.number().int().min(0).max(20),
      })
      .safeParse(reference).data;
    if (sequence === undefined) return null;
    const { target_url_base: base, name_prefix, name_suffix, start_frame, frame_zero_padding } = sequence;
    const number = `${start_frame < 0 ? "-" : ""}${String(Math.abs(start_frame)).padStart(frame_zero_padding, "0")}`;
    const name = `${name_prefix}${number}${name_suffix}`;
    this.notes.add(`“${name}” is the first of a row of pictures: drop them together into the project.`);
    return base === "" || base.endsWith("/") ? base + name : `${base}/${name}`;
  }

  private at(url: string, reference: Item, kind: Track["kind"], range: Clip["sourceRange"]): string {
    const known = this.byUrl.get(url);
    if (known !== undefined) return known;
    const path = pathOf(url);
    const available = rangeSchema.safeParse(reference["available_range"]).data;
    const still = STILL.test(path) && kindOf(reference) !== "ImageSequenceReference";
    const id = this.ids.fresh("m");
    const duration = available === undefined ? range.start + range.duration : flicksOf(available.duration);
    this.media[id] = unseenMedia(
      id,
      kind === "audio" && !FILM.test(path) ? "audio" : still ? "image" : "video",
      path.split("/").at(-1) || reference.name || "media",
      path,
      still ? null : Math.max(1, duration),
      this.rate,
    );
    if (available === undefined && !still) this.endless.add(id);
    this.byUrl.set(url, id);
    return id;
  }
}

/** The media references of a clip of either version of its schema. */
export function referencesOf(item: Item): {
  readonly references: Readonly<Record<string, Item>>;
  readonly key: string;
  readonly active: Item | null;
} {
  const single = itemSchema.safeParse(item["media_reference"]).data;
  const references =
    z.record(z.string(), itemSchema).safeParse(item["media_references"]).data ??
    (single === undefined ? {} : { DEFAULT_MEDIA: single });
  const given = item["active_media_reference_key"];
  const key = typeof given === "string" ? given : "DEFAULT_MEDIA";
  const active = Object.hasOwn(references, key) ? references[key]! : (Object.values(references)[0] ?? null);
  return { references, key, active };
}
