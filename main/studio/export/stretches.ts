import type { FramePlan, Layer, PictureVisual } from "../../../core/render-plan/index.ts";
import { planFrame } from "../../../core/render-plan/index.ts";
import { type Flicks, frameDuration, frameToFlicks } from "../../../core/time/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import type { ComposedDissolve, ComposedFilm, Composition, Rectangle } from "../../media/index.ts";
import { type FilmFormat, isUntouched } from "./film-painter.ts";
import type { MediaFiles } from "./media-files.ts";

/** Frames of the film, from one on, that come in one go. */
export interface Stretch {
  readonly from: number;
  readonly count: number;
  /** How ffmpeg composes them by itself; null where they are painted. */
  readonly composed: Composed | null;
}

export interface Composed {
  readonly layers: Composition["layers"];
  /** Layers over them that stand still, to be painted once; null where there are none. */
  readonly still: FramePlan | null;
}

/** Fewer frames than this are not worth a process. */
const SHORTEST = 4;
/** Frames that are looked at in advance, at most. */
const LONGEST = 2000;
/** Parts of a pixel by which a picture may lie beside the pixels that it is laid on. */
const CLOSE = 1 / 32;
/** Flicks by which moments are rounded. */
const ROUNDING = 2;

/** What one frame shows, in ffmpeg's terms. */
interface Shape {
  /** Equal for frames of one composition. */
  readonly key: string;
  readonly films: readonly { readonly film: ComposedFilm; readonly time: Flicks }[];
  readonly layers: readonly ("film" | "dissolve")[];
  /** How far the dissolve is that is among the layers. */
  readonly progress: number | null;
  readonly still: FramePlan | null;
}

/** A stretch in the making. */
interface Open {
  readonly from: number;
  readonly first: Shape | null;
  last: Shape | null;
  count: number;
}

/**
 * Which frames of a film ffmpeg can compose by itself to what the painter would paint: films that lie on whole pixels, upright and
 * unfiltered, one over the other, dissolves between two that fill the frame, and over them what stands still. All others are painted.
 */
export async function* stretchesOf(
  document: Timeline,
  format: FilmFormat,
  files: MediaFiles,
  { from, count }: { readonly from: number; readonly count: number },
): AsyncGenerator<Stretch> {
  const frame = frameDuration(format.rate);
  let painted: Stretch | null = null;
  let open: Open | null = null;
  const close = function* (): Generator<Stretch> {
    if (open === null) return;
    const composed = open.count < SHORTEST ? null : compose(open, frame);
    if (composed !== null) {
      if (painted !== null) yield painted;
      painted = null;
      yield { from: open.from, count: open.count, composed };
    } else
      painted = {
        from: painted?.from ?? open.from,
        count: (painted?.count ?? 0) + open.count,
        composed: null,
      };
    open = null;
    if (painted !== null && painted.count >= LONGEST) {
      yield painted;
      painted = null;
    }
  };
  for (let n = from; n < from + count; n++) {
    const plan = planFrame(document, format.start + frameToFlicks(n, format.rate));
    const shape = await shapeOf(plan, document, format, files);
    if (open !== null && open.count < LONGEST && goesOn(open, shape)) {
      open.count += 1;
      open.last = shape;
      continue;
    }
    yield* close();
    open = { from: n, first: shape, last: shape, count: 1 };
  }
  yield* close();
  if (painted !== null) yield painted;
}

/** Whether a frame is the next of a stretch: the same layers, and each film and dissolve has moved on evenly. */
function goesOn({ first, last, count }: Open, shape: Shape | null): boolean {
  if (first === null || last === null || shape === null) return first === shape;
  if (first.key !== shape.key) return false;
  const isEven = shape.films.every(({ time }, i) => {
    const [begin, before] = [first.films[i]!.time, last.films[i]!.time];
    if (count === 1) return time > begin;
    return Math.abs(time - begin - ((before - begin) * count) / (count - 1)) <= ROUNDING + count;
  });
  if (!isEven || shape.progress === null) return isEven;
  const step = (shape.progress - first.progress!) / count;
  return count === 1 || Math.abs(last.progress! - first.progress! - step * (count - 1)) < 1e-6;
}

function compose({ first, last, count }: Open, frame: number): Composed | null {
  if (first === null || last === null) return null;
  // A dissolve that the range cuts into begins in its middle.
  if (first.progress !== null && first.progress > 1e-9) return null;
  const films = first.films.map(
    ({ film, time }, i): ComposedFilm => ({
      ...film,
      from: time,
      speed: (last.films[i]!.time - time) / ((count - 1) * frame),
    }),
  );
  const layers = first.layers.map((kind): ComposedFilm | ComposedDissolve => {
    const film = films.shift()!;
    if (kind === "film") return film;
    return { from: film, to: films.shift()!, duration: Math.round(((count - 1) * frame) / last.progress!) };
  });
  return { layers, still: first.still };
}

async function shapeOf(
  plan: FramePlan,
  document: Timeline,
  format: FilmFormat,
  files: MediaFiles,
): Promise<Shape | null> {
  // Colours are written in many ways; those of the settings in this one.
  if (!/^#[0-9a-f]{6}$/i.test(plan.background)) return null;
  const films: { film: ComposedFilm; time: Flicks }[] = [];
  const layers: ("film" | "dissolve")[] = [];
  let progress: number | null = null;
  let key = "";
  let rest = 0;
  for (const layer of plan.layers) {
    const found = await shapeOfLayer(layer, plan, document, format, files);
    if (found === null || (found.progress !== null && progress !== null)) break;
    films.push(...found.films);
    layers.push(found.films.length === 1 ? "film" : "dissolve");
    progress ??= found.progress;
    key += `${found.key} `;
    rest += 1;
  }
  const above = plan.layers.slice(rest);
  if (!above.every((layer) => standsStill(layer, document))) return null;
  const isOnlyStill = layers.length === 0;
  // Over films, what is blended with them needs them.
  if (!isOnlyStill && above.some((layer) => "blend" in layer && layer.blend !== "normal")) return null;
  const still = above.length === 0 && !isOnlyStill ? null : { ...plan, layers: above };
  key += still === null ? "" : JSON.stringify(still.layers, withoutTimes);
  return { key, films, layers, progress, still };
}

/** Pictures that stand still have no times, and clips of one picture show the same. */
const withoutTimes = (name: string, value: unknown): unknown =>
  name === "sourceTime" || name === "clip" ? undefined : value;

/** Neither a film nor on its way from or to something. */
function standsStill(layer: Layer, document: Timeline): boolean {
  if (layer.kind === "transition") return false;
  if (layer.kind === "text") return true;
  return layer.subject === null && document.media[layer.media]?.kind === "image";
}

async function shapeOfLayer(
  layer: Layer,
  plan: FramePlan,
  document: Timeline,
  format: FilmFormat,
  files: MediaFiles,
): Promise<{ films: Shape["films"]; key: string; progress: number | null } | null> {
  if (layer.kind === "picture") {
    const film = await filmOf(layer, plan, document, format, files);
    if (film === null) return null;
    return { films: [film], key: keyOf(film.film, layer), progress: null };
  }
  if (layer.kind !== "transition" || layer.type !== "dissolve") return null;
  const { from, to } = layer;
  if (from?.kind !== "picture" || to?.kind !== "picture") return null;
  const films = [
    await filmOf(from, plan, document, format, files),
    await filmOf(to, plan, document, format, files),
  ].filter((film) => film !== null);
  if (films.length < 2) return null;
  // Both of the film's own size, at which they can be mixed.
  const { width, height } = format;
  const fills = films.every(({ film: { place, opacity } }) => {
    return opacity === 1 && place.x === 0 && place.y === 0 && place.width === width && place.height === height;
  });
  if (!fills) return null;
  const key = `${layer.id} ${keyOf(films[0]!.film, from)} ${keyOf(films[1]!.film, to)}`;
  return { films, key, progress: layer.progress };
}

const keyOf = ({ place, opacity }: ComposedFilm, { media }: PictureVisual): string =>
  `${media} ${place.x},${place.y},${place.width}×${place.height} ${opacity}`;

/** A visual as a film that ffmpeg can lay by itself; null where it cannot, or not to the same pixels. */
async function filmOf(
  visual: PictureVisual,
  plan: FramePlan,
  document: Timeline,
  format: FilmFormat,
  files: MediaFiles,
): Promise<{ film: ComposedFilm; time: Flicks } | null> {
  const media = document.media[visual.media];
  if (media?.kind !== "video") return null;
  const { scaleX, scaleY } = visual;
  if (!isUntouched({ ...visual, x: 0, y: 0, scaleX: 1, scaleY: 1, opacity: 1 }) || scaleX <= 0 || scaleY <= 0)
    return null;
  const { input } = files.get(media.id);
  const facts = await files.factsOf(media.id);
  if (facts.pixelFormat !== "yuv420p" || facts.hasAlpha || facts.isFullRange || facts.isInterlaced) return null;
  if (facts.matrix !== "bt709" || facts.hdr !== null || !/mov|mp4|matroska|webm/.test(facts.container)) return null;
  const { width, height } = media.size ?? facts;
  const place = placeOf(visual, { width, height }, plan, format);
  if (place === null) return null;
  const film = { input, facts, rate: media.rate, from: 0, speed: 1, width, height, place, opacity: visual.opacity };
  return { film, time: visual.sourceTime };
}

/** Where the painter puts a picture, where that is on even pixels. */
function placeOf(
  visual: PictureVisual,
  picture: { readonly width: number; readonly height: number },
  plan: FramePlan,
  { width, height }: FilmFormat,
): Rectangle | null {
  const [x, y] = [width / picture.width, height / picture.height];
  const scale = { contain: Math.min(x, y), cover: Math.max(x, y), none: width / plan.width, fill: 0 }[visual.fit];
  const wide = visual.scaleX * (visual.fit === "fill" ? width : picture.width * scale);
  const high = visual.scaleY * (visual.fit === "fill" ? height : picture.height * scale);
  const exact = [width * (0.5 + visual.x) - wide / 2, height * (0.5 + visual.y) - high / 2, wide, high];
  const even = exact.map((value) => 2 * Math.round(value / 2));
  if (exact.some((value, i) => Math.abs(value - even[i]!) > CLOSE)) return null;
  const [left, top, w, h] = even as [number, number, number, number];
  return w < 2 || h < 2 ? null : { x: left, y: top, width: w, height: h };
}
