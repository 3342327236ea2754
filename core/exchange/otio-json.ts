import { z } from "zod";
import { type Flicks, FLICKS_PER_SECOND, frameDuration, isExactRate, type Rate, rateFrom } from "../time/index.ts";
import type { Marker } from "../timeline/index.ts";
import { ExchangeError } from "./assemble.ts";

/** OpenTimelineIO's JSON as it is found: of every version of its schemas, with what its writers let through. */

const timeSchema = z.object({ rate: z.number().positive(), value: z.number() });
export const rangeSchema = z.object({ start_time: timeSchema, duration: timeSchema });
export type Range = z.infer<typeof rangeSchema>;

/** Whatever stands in a track or a stack; unknown fields are other people's business. */
export const itemSchema = z.looseObject({
  OTIO_SCHEMA: z.string(),
  name: z
    .string()
    .nullish()
    .transform((name) => (name ?? "").slice(0, 500)),
  metadata: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((value) => value ?? {}),
  source_range: rangeSchema.nullish(),
  enabled: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
  children: z.array(z.unknown()).nullish(),
  effects: z.array(z.unknown()).nullish(),
  markers: z.array(z.unknown()).nullish(),
});
export type Item = z.infer<typeof itemSchema>;

/** What early releases called them. */
const FORMER: Readonly<Record<string, string>> = { Sequence: "Track", Filler: "Gap" };

/** `Clip.2` → `Clip` */
export function kindOf({ OTIO_SCHEMA }: Pick<Item, "OTIO_SCHEMA">): string {
  const kind = OTIO_SCHEMA.replace(/\.\d+$/, "");
  return FORMER[kind] ?? kind;
}

/** What this studio wrote there. */
export const own = (item: Pick<Item, "metadata">): Record<string, unknown> => {
  const value = item.metadata["plume"];
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
};

export const childrenOf = (item: Item): Item[] =>
  (item.children ?? []).flatMap((child) => {
    const read = itemSchema.safeParse(child);
    return read.success ? [read.data] : [];
  });

/** The file's timeline, and how many others it holds. Errors: ExchangeError. */
export function timelineIn(text: string): { readonly top: Item; readonly others: number } {
  const top = itemSchema.safeParse(parsed(text)).data;
  const found = top === undefined ? [] : timelines(top);
  if (found[0] === undefined)
    throw new ExchangeError("This is no OpenTimelineIO timeline: export a timeline, not a clip or a bin.");
  return { top: found[0], others: found.length - 1 };
}

const timelines = (item: Item): Item[] => {
  if (kindOf(item) === "Timeline") return [item];
  return kindOf(item) === "SerializableCollection" ? childrenOf(item).flatMap(timelines) : [];
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // OpenTimelineIO itself writes numbers that JSON has no words for; they are only in what others note down.
    const bare = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity|Inf)\b/g, (part) =>
      part.startsWith('"') ? part : "null",
    );
    try {
      return JSON.parse(bare);
    } catch {
      throw new ExchangeError("This is no OpenTimelineIO file: it is not JSON.");
    }
  }
}

export function flicksOf({ rate, value }: z.infer<typeof timeSchema>): Flicks {
  const known = rateFrom(rate);
  // Frames of the timeline's own rate are whole flicks each.
  const frame = isExactRate(known) ? frameDuration(known) : FLICKS_PER_SECOND / rate;
  return Math.round(value * frame);
}

/** A field that is a time; 0 where it is none. */
export function timeIn(item: Item, name: string): Flicks {
  const time = timeSchema.safeParse(item[name]).data;
  return time === undefined ? 0 : flicksOf(time);
}

/** More frames a second than a picture has: samples. */
const FASTEST = 240;

/** The rate in which a timeline is cut: that of its timecode, or else the one that most of its pictures are cut in. */
export function cutRate(top: Item, stack: Item): Rate | null {
  const stated = timeSchema.safeParse(top["global_start_time"]).data;
  const votes = new Map<number, number>();
  const visit = (item: Item): void => {
    if (item["kind"] === "Audio") return;
    if (item.source_range != null)
      votes.set(item.source_range.duration.rate, 1 + (votes.get(item.source_range.duration.rate) ?? 0));
    childrenOf(item).forEach(visit);
  };
  visit(stack);
  if (votes.size === 0) childrenOf(stack).forEach((track) => childrenOf(track).forEach(visit));
  const likely = [...votes].sort((a, b) => b[1] - a[1]).map(([rate]) => rate);
  for (const framesPerSecond of stated === undefined ? likely : [stated.rate, ...likely]) {
    const rate = rateFrom(framesPerSecond);
    if (framesPerSecond > 1 && framesPerSecond <= FASTEST && isExactRate(rate)) return rate;
  }
  return null;
}

const COLOURS: Readonly<Record<string, Marker["colour"]>> = {
  RED: "red",
  PINK: "red",
  ORANGE: "orange",
  YELLOW: "yellow",
  GREEN: "green",
  CYAN: "cyan",
  BLUE: "blue",
  PURPLE: "purple",
  MAGENTA: "purple",
};
/** Hues at which the next colour begins, degrees. */
const HUES: readonly (readonly [number, Marker["colour"]])[] = [
  [15, "red"],
  [45, "orange"],
  [75, "yellow"],
  [160, "green"],
  [200, "cyan"],
  [260, "blue"],
  [330, "purple"],
  [361, "red"],
];

/** A marker's colour by its name, or, from the third version of its schema on, by its parts. */
export function colourOf(value: unknown): Marker["colour"] {
  if (typeof value === "string") return COLOURS[value.toUpperCase()] ?? "grey";
  const colour = z
    .object({ name: z.string().nullish(), r: z.number(), g: z.number(), b: z.number() })
    .safeParse(value).data;
  if (colour === undefined) return "grey";
  const named = COLOURS[(colour.name ?? "").toUpperCase()];
  if (named !== undefined) return named;
  const { r, g, b } = colour;
  const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  if (!(most - least > 0.2 * most)) return "grey";
  const sixth =
    most === r ? (g - b) / (most - least) : most === g ? 2 + (b - r) / (most - least) : 4 + (r - g) / (most - least);
  const hue = (sixth * 60 + 360) % 360;
  return HUES.find(([end]) => hue < end)![1];
}

/** `file:///a/b%20c.mp4` → `/a/b c.mp4`; a relative address stays one. */
export function pathOf(url: string): string {
  const path = url.replace(/^file:\/\/(localhost)?/, "");
  try {
    return decodeURIComponent(path).replace(/^\/([A-Za-z]:\/)/, "$1");
  } catch {
    return path;
  }
}
