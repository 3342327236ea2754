import { beatsToFlicks, endOf, type Flicks, flicksToBeats, snapToFrame, type Rate } from "../../core/time/index.ts";
import { endOfPlaced, laneOf, type Timeline } from "../../core/timeline/index.ts";

/** A time that edges are drawn to, and what is there. */
export interface SnapPoint {
  readonly time: Flicks;
  /** "end of ‘rain’", "playhead": shown beside the line. */
  readonly label: string;
}

export interface SnapScene {
  readonly document: Timeline;
  readonly playhead: Flicks | null;
  readonly inPoint: Flicks | null;
  readonly outPoint: Flicks | null;
  /** Ids of clips and markers that are being moved: nothing snaps to itself. */
  readonly without: ReadonlySet<string>;
  /** Beats of the timeline's tempo in this stretch, where the ruler counts bars. */
  readonly beats: { readonly from: Flicks; readonly to: Flicks } | null;
}

/** No more beats than can be told apart. */
const MAX_BEATS = 2000;

/** Everything to snap to, in the order of time; of two at one time the one that is named first counts. */
export function snapPoints(scene: SnapScene): SnapPoint[] {
  const { document, playhead, inPoint, outPoint, without, beats } = scene;
  const points: SnapPoint[] = [{ time: 0, label: "start" }];
  if (playhead !== null) points.push({ time: playhead, label: "playhead" });
  if (inPoint !== null) points.push({ time: inPoint, label: "in point" });
  if (outPoint !== null) points.push({ time: outPoint, label: "out point" });
  for (const { id, name, markedRange } of document.markers) {
    if (without.has(id)) continue;
    const label = name === "" ? "marker" : `marker ‘${name}’`;
    points.push({ time: markedRange.start, label });
    if (markedRange.duration > 0) points.push({ time: endOf(markedRange), label: `end of ${label}` });
  }
  for (const track of document.tracks)
    for (const item of laneOf(track).placed) {
      if (without.has(item.clip.id)) continue;
      const name = `‘${item.clip.name}’`;
      points.push(
        { time: item.start, label: `start of ${name}` },
        { time: endOfPlaced(item), label: `end of ${name}` },
      );
      for (const { name: markerName, markedRange } of item.clip.markers)
        if (markedRange.start >= 0 && markedRange.start <= item.clip.sourceRange.duration)
          points.push({ time: item.start + markedRange.start, label: `${markerName || "marker"} in ${name}` });
    }
  if (beats !== null) points.push(...beatPoints(document, beats.from, beats.to));
  return points.sort((a, b) => a.time - b.time);
}

function beatPoints({ settings }: Timeline, from: Flicks, to: Flicks): SnapPoint[] {
  const { tempo, rate } = settings;
  const [first, last] = [Math.ceil(flicksToBeats(from, tempo)), Math.floor(flicksToBeats(to, tempo))];
  if (last - first > MAX_BEATS) return [];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const beat = first + i;
    const bar = Math.floor(beat / tempo.beatsPerBar);
    const label = `beat ${bar + 1}.${beat - bar * tempo.beatsPerBar + 1}`;
    return { time: snapToFrame(beatsToFlicks(beat, tempo), rate), label };
  });
}

/** The point nearest to a time, within a distance; the points in the order of time. */
export function nearestPoint(points: readonly SnapPoint[], time: Flicks, within: Flicks): SnapPoint | null {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.time < time) low = middle + 1;
    else high = middle;
  }
  let best: SnapPoint | null = null;
  for (const point of [points[low - 1], points[low]]) {
    if (point === undefined || Math.abs(point.time - time) > within) continue;
    if (best === null || Math.abs(point.time - time) < Math.abs(best.time - time)) best = point;
  }
  if (best === null) return null;
  // Of several at this time, the first that was named.
  const first = points.findIndex((point) => point.time === best.time);
  return points[first] ?? best;
}

export interface Snapped {
  /** How far to go. */
  readonly by: Flicks;
  readonly point: SnapPoint | null;
}

/**
 * How far something goes that is drawn by `by`: to where one of its edges meets a point, else so that its first edge lies on a frame.
 * @param edges times of what is moved, before it is moved; the first counts for frames
 */
export function snapBy(
  points: readonly SnapPoint[],
  edges: readonly Flicks[],
  by: Flicks,
  within: Flicks,
  rate: Rate,
): Snapped {
  let best: { readonly point: SnapPoint; readonly by: Flicks; readonly distance: number } | null = null;
  for (const edge of edges) {
    const point = nearestPoint(points, edge + by, within);
    if (point === null) continue;
    const distance = Math.abs(point.time - edge - by);
    if (best === null || distance < best.distance) best = { point, by: point.time - edge, distance };
  }
  if (best !== null) return { by: best.by, point: best.point };
  const [first = 0] = edges;
  return { by: snapToFrame(first + by, rate) - first, point: null };
}
