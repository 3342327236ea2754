import type { MediaFacts } from "../../../core/contract/index.ts";
import type { Sight } from "../../inference/index.ts";

/** A word counts from this mean certainty on; a class out of a thousand is seldom surer than that of a mixture. */
const LEAST_SCORE = 0.12;
/** … and when it holds at this part of the moments, or is as sure as that at two of them. */
const LEAST_SHARE = 0.1;
const SURE = 0.8;
const MOST_TAGS = 12;
/**
 * A kind of thing is told when one was seen as surely as this, or at so many moments: of the held-out scenes of the starter's eyes, what is
 * told from 0.7 on is right (its name, and half of its box) in 98 % of the cases.
 */
const SURE_THING = 0.7;
const LASTING = 3;
/** A colour is one of a kind's when it is that of this part of them. */
const USUAL_COLOUR = 0.25;

export type TagFacts = Pick<MediaFacts, "tags" | "objects">;

/** Words of many moments become words of the whole. */
export class TagCount {
  private readonly tags = new Map<string, { sum: number; count: number; best: number }>();
  private readonly kinds = new Map<string, { best: number; count: number; most: number }>();
  /** How often a kind of thing had a colour. */
  private readonly colours = new Map<string, Map<string, number>>();
  private moments = 0;

  /** @param colourOf measures what a thing's mask shows */
  add({ tags, objects }: Sight, colourOf: (object: Sight["objects"][number]) => string | null = () => null): void {
    this.moments += 1;
    for (const { label, score } of tags) {
      const known = this.tags.get(label) ?? { sum: 0, count: 0, best: 0 };
      this.tags.set(label, {
        sum: known.sum + score,
        count: known.count + 1,
        best: Math.max(known.best, score),
      });
    }
    const here = new Map<string, number>();
    for (const object of objects) {
      const { label, score } = object;
      const colour = colourOf(object);
      const colours = this.colours.get(label) ?? new Map<string, number>();
      this.colours.set(label, colour === null ? colours : colours.set(colour, (colours.get(colour) ?? 0) + 1));
      here.set(label, (here.get(label) ?? 0) + 1);
      const known = this.kinds.get(label) ?? { best: 0, count: 0, most: 0 };
      this.kinds.set(label, { ...known, best: Math.max(known.best, score) });
    }
    for (const [label, number] of here) {
      const known = this.kinds.get(label)!;
      this.kinds.set(label, { ...known, count: known.count + 1, most: Math.max(known.most, number) });
    }
  }

  facts(): TagFacts {
    const all = Math.max(1, this.moments);
    const tags = [...this.tags]
      .map(([label, { sum, count, best }]) => ({ label, score: sum / count, share: count / all, count, best }))
      .filter(
        ({ score, share, count, best }) =>
          score >= LEAST_SCORE && (share >= LEAST_SHARE || (best >= SURE && count > 1)),
      )
      .sort((a, b) => b.score * b.share - a.score * a.share || a.label.localeCompare(b.label))
      .slice(0, MOST_TAGS)
      .map(({ label, score, share }) => ({ label, score, share }));
    const objects = [...this.kinds]
      .filter(([, { best, count }]) => best >= SURE_THING || count >= LASTING)
      .map(([label, { best, count, most }]) => ({
        label,
        score: best,
        share: count / all,
        most,
        colours: usual(this.colours.get(label)!),
      }))
      .filter(({ share, score }) => share >= LEAST_SHARE || score >= SURE)
      .sort((a, b) => b.share - a.share || b.score - a.score || a.label.localeCompare(b.label));
    return { tags, objects };
  }
}

function usual(colours: ReadonlyMap<string, number>): string[] {
  const all = [...colours.values()].reduce((sum, count) => sum + count, 0);
  return [...colours]
    .filter(([, count]) => count >= USUAL_COLOUR * all)
    .sort(([a, most], [b, least]) => least - most || a.localeCompare(b))
    .map(([name]) => name);
}
