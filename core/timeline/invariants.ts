import { endOf } from "../time/index.ts";
import { fitsTrack } from "./edits/make-clip.ts";
import { laneOf, transitionLimits } from "./lane.ts";
import { type Parameter, parameterInfo, type ParameterName, valuesOf } from "./parameters.ts";
import { type Clip, type Timeline, timelineSchema, type Track } from "./schema.ts";
import { availableRange, findMedia, mediaOf, playedUntil } from "./source.ts";

/**
 * Everything that holds for every document, whatever edits made it, beyond what its schema says. One sentence for each breach; none for
 * a sound document. Tests run it after every edit; opening a project runs it once on what was read from disk.
 */
export function breaches(document: Timeline): string[] {
  const shape = timelineSchema.safeParse(document);
  if (!shape.success) return shape.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  return [
    ...idBreaches(document),
    ...document.tracks.flatMap((track) => [
      ...orderBreaches(track),
      ...laneOf(track).placed.flatMap(({ clip }) => clipBreaches(document, track, clip)),
      ...transitionBreaches(document, track),
      ...(["volume", "pan"] as const).flatMap((name) =>
        isInOrder(track[name]) ? [] : [`track ${track.id}: the keyframes of its ${name} are not in order`],
      ),
    ]),
  ];
}

function idBreaches(document: Timeline): string[] {
  const clips = document.tracks.flatMap((track) => laneOf(track).placed.map(({ clip }) => clip));
  const ids = [
    ...document.tracks.map(({ id }) => id),
    ...document.markers.map(({ id }) => id),
    ...document.tracks.flatMap(({ children }) =>
      children.flatMap((child) => (child.kind === "transition" ? [child.id] : [])),
    ),
    ...clips.flatMap(({ id, markers }) => [id, ...markers.map((marker) => marker.id)]),
  ];
  const seen = new Set<string>();
  const twice = ids.filter((id) => seen.size === seen.add(id).size);
  const high = ids.filter((id) => /^[a-z]\d+$/.test(id) && Number(id.slice(1)) >= document.nextId);
  return [
    ...twice.map((id) => `the id ${id} is used twice`),
    ...high.map((id) => `the id ${id} would be given again`),
    ...Object.entries(document.media).flatMap(([id, media]) =>
      media.id === id ? [] : [`media ${id} calls itself ${media.id}`],
    ),
  ];
}

/** Gaps never meet, never close a track; a transition has a clip at its side. So each arrangement is written in one way only. */
function orderBreaches({ id, children }: Track): string[] {
  return children.flatMap((child, i) => {
    const [before, after] = [children[i - 1]?.kind, children[i + 1]?.kind];
    if (child.kind === "gap" && (before === "gap" || after === undefined))
      return [`track ${id}: a gap at ${i} is not needed`];
    if (child.kind !== "transition") return [];
    if (before === "transition" || after === "transition") return [`track ${id}: two transitions meet at ${i}`];
    return before === "clip" || after === "clip" ? [] : [`track ${id}: a transition at ${i} has no clip`];
  });
}

function clipBreaches(document: Timeline, track: Track, clip: Clip): string[] {
  const found: string[] = [];
  const available = availableRange(document, clip);
  if (available !== null) {
    const { start, duration } = clip.sourceRange;
    // Half a flick for what floating point makes of a speed times a time.
    if (start < available.start || start + playedUntil(clip, duration) > endOf(available) + 0.5)
      found.push(`clip ${clip.id} plays outside its media`);
  }
  if (!fitsTrack(mediaOf(document, clip), track, clip))
    found.push(`clip ${clip.id} does not belong on track ${track.id}`);
  if (clip.content.type === "media") {
    const { takes, activeTake } = clip.content;
    if (!takes.some(({ id }) => id === activeTake)) found.push(`clip ${clip.id} shows a take that it has not`);
    for (const { media } of takes)
      if (media !== null && findMedia(document, media) === undefined)
        found.push(`clip ${clip.id} names unknown media ${media}`);
  }
  for (const [name, parameter] of Object.entries(clip.parameters)) {
    const { min, max } = parameterInfo[name as ParameterName];
    if (valuesOf(parameter).some((value) => value < min || value > max))
      found.push(`clip ${clip.id}: ${name} is out of bounds`);
    if (!isInOrder(parameter)) found.push(`clip ${clip.id}: the keyframes of ${name} are not in order`);
  }
  return found;
}

const isInOrder = (parameter: Parameter): boolean =>
  typeof parameter === "number" ||
  parameter.keyframes.every(({ time }, i) => i === 0 || parameter.keyframes[i - 1]!.time < time);

function transitionBreaches(document: Timeline, { id, children }: Track): string[] {
  return children.flatMap((child, i) => {
    if (child.kind !== "transition") return [];
    const sides = [children[i - 1], children[i + 1]].map((side) => (side?.kind === "clip" ? side : null));
    const [from, to] = sides as [Clip | null, Clip | null];
    const earlier = children[i - 2];
    const limits = transitionLimits(document, from, to, earlier?.kind === "transition" ? earlier.outOffset : 0);
    const { inOffset, outOffset } = child;
    if (inOffset + outOffset === 0) return [`track ${id}: transition ${child.id} lasts no time`];
    return inOffset <= limits.inOffset && outOffset <= limits.outOffset
      ? []
      : [`track ${id}: transition ${child.id} reaches further than its clips`];
  });
}
