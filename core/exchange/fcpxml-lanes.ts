import type { Flicks } from "../time/index.ts";
import { type Clip, plainTrack, type Track, type Transition } from "../timeline/index.ts";
import type { Ids } from "./assemble.ts";

/** A clip at its place. */
interface Placed {
  readonly start: Flicks;
  clip: Clip;
}

/** A change from one clip to the next, as long as it lasts; of the storyline in this lane. */
export interface Passage {
  readonly start: Flicks;
  readonly duration: Flicks;
  readonly name: string;
  /** Where the one clip ends and the other begins; null: wherever one does under it. */
  readonly cut: Flicks | null;
}

const isAt = ({ start, duration, cut }: Passage, edge: Flicks): boolean =>
  cut === null ? start <= edge && edge <= start + duration : cut === edge;

/** Storylines of one depth become a track, as long as nothing lies over each other: 0 is the primary one, above it pictures, below it sound. */
interface Lane {
  readonly kind: Track["kind"];
  readonly order: number;
  readonly depth: number;
  readonly placed: Placed[];
  readonly passages: Passage[];
  end: Flicks;
}

const LETTERS = { video: "V", audio: "A", text: "T" };

/** Tracks in the making: Final Cut has storylines and clips connected to clips, a timeline has tracks. */
export class Lanes {
  private readonly lanes = new Map<string, Lane>();
  private readonly ids: Ids;
  private readonly notes: Set<string>;

  constructor(ids: Ids, notes: Set<string>) {
    this.ids = ids;
    this.notes = notes;
  }

  put(kind: Track["kind"], depth: number, start: Flicks, clip: Clip): void {
    const end = start + clip.sourceRange.duration;
    const lane = this.free(kind, depth, start, end);
    lane.placed.push({ start, clip });
    lane.end = Math.max(lane.end, end);
  }

  /** Puts it into the lanes of this storyline in which a clip has an edge under it: a clip's sound goes with its picture. */
  pass(passage: Passage, depth: number): void {
    for (const lane of this.lanes.values()) {
      const isHere = depth < 0 ? lane.depth === depth : lane.depth === depth || lane.depth === soundOf(depth);
      const touches = ({ start, clip }: Placed): boolean =>
        [start, start + clip.sourceRange.duration].some((edge) => isAt(passage, edge));
      if (isHere && lane.placed.some(touches)) lane.passages.push(passage);
    }
  }

  /** A link that only one clip has is none. */
  tracks(): Track[] {
    const all = [...this.lanes.values()].sort((a, b) => a.order - b.order);
    const links = new Map<string, number>();
    for (const { placed } of all)
      for (const { clip } of placed) if (clip.link !== null) links.set(clip.link, (links.get(clip.link) ?? 0) + 1);
    for (const { placed } of all)
      for (const each of placed) if (links.get(each.clip.link ?? "") === 1) each.clip = { ...each.clip, link: null };
    const counts = { video: 0, audio: 0, text: 0 };
    return all.map((lane) => {
      const name = `${LETTERS[lane.kind]}${(counts[lane.kind] += 1)}`;
      return plainTrack(this.ids.fresh("t"), lane.kind, name, this.children(lane));
    });
  }

  /** A lane where this stretch is free; connected clips of one lane may lie over each other. */
  private free(kind: Track["kind"], depth: number, from: Flicks, to: Flicks): Lane {
    for (let n = 0; ; n++) {
      const key = `${kind} ${depth} ${n}`;
      // Sound comes first, from the pictures down; texts lie above all pictures. What is within a container lies just above or below it.
      const order = n / 1_000_000 + (kind === "audio" ? -depth - 10_000 : kind === "text" ? depth + 10_000 : depth);
      const lane = this.lanes.get(key) ?? { kind, order, depth, placed: [], passages: [], end: 0 };
      this.lanes.set(key, lane);
      const isFree = ({ start, clip }: Placed): boolean => start >= to || start + clip.sourceRange.duration <= from;
      if (from >= lane.end || lane.placed.every(isFree)) return lane;
    }
  }

  /** Gaps, clips and the transitions at their cuts. */
  private children({ placed, passages }: Lane): Track["children"] {
    const children: Track["children"][number][] = [];
    let end = 0;
    const at = (cut: Flicks) => passages.find((passage) => isAt(passage, cut));
    for (const { start, clip } of [...placed].sort((a, b) => a.start - b.start)) {
      const before = at(start);
      if (start > end) {
        const closing = children.length > 0 ? at(end) : undefined;
        if (closing !== undefined) children.push(this.transition(closing, end));
        children.push({ kind: "gap", duration: start - end });
      }
      if (before !== undefined) children.push(this.transition(before, start));
      children.push(clip);
      end = start + clip.sourceRange.duration;
    }
    const last = placed.length > 0 ? at(end) : undefined;
    if (last !== undefined) children.push(this.transition(last, end));
    return children;
  }

  private transition({ start, duration, name }: Passage, cut: Flicks): Transition {
    if (name !== "" && !/dissolve|cross ?fade/i.test(name))
      this.notes.add(`The transition “${name}” became a dissolve.`);
    return {
      kind: "transition",
      id: this.ids.fresh("x"),
      type: "dissolve",
      inOffset: cut - start,
      outOffset: start + duration - cut,
      direction: "left",
      colour: "#000000",
      softness: 0,
    };
  }
}

/** The depth of the sound that comes with pictures at this one: beside what is connected under them. */
export const soundOf = (depth: number): number => (depth < 0 ? depth : -0.5 - depth);
