import { endOf, type Flicks, type TimeRange } from "../time/index.ts";
import type { Draft } from "./draft.ts";
import { endOfPlaced, type Placed } from "./lane.ts";
import { Refusal } from "./result.ts";

/**
 * Making room and closing it. The tracks that an edit works on (`primary`) always move. Every other unlocked track moves along where it
 * can without harm, so that titles and effects stay over their picture: a clip that lies across the place (music under the whole film)
 * keeps its track still. Linked clips never come apart: a track that must move for its partner's sake is cut where room is made; where
 * room is closed that would destroy something, so the edit is refused.
 */

/** Moves everything from `at` on later by `by`. A clip across `at` on a track that moves is cut there. */
export function makeRoom(draft: Draft, at: Flicks, by: Flicks, primary: ReadonlySet<string>): void {
  const moving = new Set(primary);
  const tracks = draft.document.tracks.map(({ id }) => id);
  for (const id of tracks)
    if (!draft.track(id).locked && !draft.placed(id).some((item) => spans(item, at))) moving.add(id);
  const reaches = (item: Placed): boolean => endOfPlaced(item) > at;
  // A track that has to move may hold links of its own, to tracks that do not move yet.
  for (let grows = true; grows; ) {
    const links = linksOn(draft, moving, reaches);
    const pulled = tracks.filter((id) => !moving.has(id) && draft.placed(id).some((p) => reaches(p) && has(links, p)));
    for (const id of pulled) moving.add(id);
    grows = pulled.length > 0;
  }
  for (const id of moving) if (draft.placed(id).some((item) => spans(item, at))) draft.cut(id, at);
  shift(draft, moving, at, by);
}

/** Takes away what the primary tracks hold in a stretch, and moves everything after it earlier by its length. */
export function closeRoom(draft: Draft, range: TimeRange, primary: ReadonlySet<string>): void {
  const end = endOf(range);
  const moving = new Set(primary);
  for (const { id, locked } of draft.document.tracks)
    if (!locked && !draft.placed(id).some((item) => item.start < end && endOfPlaced(item) > range.start))
      moving.add(id);
  const links = linksOn(draft, moving, (item) => endOfPlaced(item) > end);
  for (const track of draft.document.tracks) {
    if (moving.has(track.id)) continue;
    const torn = draft.placed(track.id).find((item) => endOfPlaced(item) > range.start && has(links, item));
    if (torn !== undefined)
      throw new Refusal(
        "OUT_OF_SYNC",
        `“${torn.clip.name}” on ${track.name} would lose sync with its linked clip: unlink it, or delete without closing the gap.`,
      );
  }
  for (const id of primary) draft.clear(id, range);
  shift(draft, moving, end, -range.duration);
}

const spans = (item: Placed, time: Flicks): boolean => item.start < time && endOfPlaced(item) > time;
const has = (links: ReadonlySet<string>, { clip }: Placed): boolean => clip.link !== null && links.has(clip.link);

function linksOn(draft: Draft, tracks: ReadonlySet<string>, when: (item: Placed) => boolean): Set<string> {
  const links = new Set<string>();
  for (const id of tracks)
    for (const item of draft.placed(id)) if (item.clip.link !== null && when(item)) links.add(item.clip.link);
  return links;
}

/**
 * Moves all clips that begin at `from` or later. A link with members on both sides of the cut becomes two: each side stays together.
 */
function shift(draft: Draft, tracks: ReadonlySet<string>, from: Flicks, by: Flicks): void {
  const staying = new Set<string>();
  for (const { id } of draft.document.tracks)
    for (const { clip, start } of draft.placed(id))
      if (clip.link !== null && (start < from || !tracks.has(id))) staying.add(clip.link);
  const renamed = new Map<string, string>();
  const newLink = (link: string | null): string | null => {
    if (link === null || !staying.has(link)) return link;
    if (!renamed.has(link)) renamed.set(link, draft.newId("l"));
    return renamed.get(link)!;
  };
  for (const id of tracks) {
    if (!draft.placed(id).some(({ start }) => start >= from)) continue;
    draft.set(
      id,
      draft.placed(id).map((item) => {
        if (item.start < from) return item;
        const link = newLink(item.clip.link);
        return { ...item, start: item.start + by, clip: link === item.clip.link ? item.clip : { ...item.clip, link } };
      }),
    );
  }
}
