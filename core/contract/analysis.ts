import { z } from "zod";

const share = z.number().min(0).max(1);
/** Seconds of the media's time. */
const seconds = z.number().min(0);

/** What a look at a picture or a film tells. Everything that words can be searched in, and what editing needs: shots, the best frame. */
export const mediaFactsSchema = z.object({
  /** Of the media; facts about another version are none about this one. */
  version: z.string(),
  /** Surest first. `share`: part of the moments at which it holds. */
  tags: z.array(z.object({ label: z.string(), score: share, share })),
  /** The most frequent first; `name` is a plain English word. */
  colours: z.array(z.object({ name: z.string(), hex: z.string(), share })),
  /** Kinds of things that were found, the most of each at one moment, and their colours as measured in their masks, usual ones first. */
  objects: z.array(
    z.object({ label: z.string(), score: share, share, most: z.number(), colours: z.array(z.string()).default([]) }),
  ),
  /** Of a film. Times are exact to `shotInterval`. */
  shots: z.array(z.object({ start: seconds, end: seconds, opening: z.enum(["start", "cut", "fade"]) })),
  shotInterval: seconds,
  /** The frame that stands best for it: sharp, well exposed, with a subject. */
  poster: z.object({ time: seconds, hasSubject: z.boolean() }),
  /** Model that looked; null where none is installed, and `problem` says so. */
  model: z.string().nullable(),
  /** How many moments it looked at, and the seconds between two of them (0 for a picture). */
  moments: z.number(),
  interval: seconds,
  /** One sentence about what could not be told, else null. */
  problem: z.string().nullable(),
});
export type MediaFacts = z.infer<typeof mediaFactsSchema>;

/** A thing followed through time. */
export const mediaTrackSchema = z.object({
  id: z.number(),
  label: z.string(),
  /** Mean. */
  score: share,
  points: z.array(
    z.object({
      time: seconds,
      score: share,
      /** Left, top, right and bottom edge in parts of the picture's width and height. */
      box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
    }),
  ),
});
export type MediaTrack = z.infer<typeof mediaTrackSchema>;

/** The masks of a media's subject: which stretches of it there are, and what becomes of those that are wanted. */
export const maskStatusSchema = z.object({
  id: z.string(),
  /** What is there, to be fetched under its key; a picture's stretch has no length. */
  stretches: z.array(z.object({ start: seconds, end: seconds, key: z.string() })),
  /** Kinds of things that were found in them, those that cover most first. */
  kinds: z.array(z.string()),
  /** While one is being made: how far it is; null when nothing is. */
  making: share.nullable(),
  /** One sentence about why the one that was wanted last could not be made, else null. */
  problem: z.string().nullable(),
});
export type MaskStatus = z.infer<typeof maskStatusSchema>;

/** Words that it is found by: what it shows, and its colours that are more than a trace. */
export function factWords({ tags, objects, colours }: MediaFacts): string[] {
  const words = [
    ...[...tags, ...objects].map(({ label }) => label.toLowerCase()),
    ...objects.flatMap((each) => each.colours),
  ];
  return [...new Set([...words, ...colours.filter(({ share }) => share >= 0.08).map(({ name }) => name)])];
}
