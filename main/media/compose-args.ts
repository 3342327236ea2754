import { FLICKS_PER_SECOND, type Flicks, frameDuration, type Rate } from "../../core/time/index.ts";
import { colourFilter, rateText } from "./export-args.ts";
import { passthrough } from "./frame-reader.ts";
import { asInput } from "./head.ts";
import { BASE_ARGS, PROTOCOLS } from "./run.ts";
import type { VideoFacts } from "./video-facts.ts";

/** Pixels of the film's frame. All even: the planes of colour have half the size. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A film as a layer: opaque, upright, unfiltered. */
export interface ComposedFilm {
  readonly input: readonly string[];
  readonly facts: VideoFacts;
  /** The media's own rate, where it is constant. */
  readonly rate: Rate | null;
  /** Media time that the first frame shows. */
  readonly from: Flicks;
  /** Media seconds a second, above 0. */
  readonly speed: number;
  /** Pixels of the media, upright. */
  readonly width: number;
  readonly height: number;
  readonly place: Rectangle;
  /** 0 to 1. */
  readonly opacity: number;
}

/** From the one film, which fills the frame, to the other: linear from the first frame on, over by `duration`. */
export interface ComposedDissolve {
  readonly from: ComposedFilm;
  readonly to: ComposedFilm;
  readonly duration: Flicks;
}

/** Frames that ffmpeg composes by itself, just as the painter would paint them. */
export interface Composition {
  readonly width: number;
  readonly height: number;
  readonly rate: Rate;
  readonly frames: number;
  /** From the bottom up. The first fills the frame, or there is a picture or a background under it. */
  readonly layers: readonly (ComposedFilm | ComposedDissolve)[];
  /** `#rrggbb` under the layers. */
  readonly background: string;
  /** A picture over them all, raw RGBA, not premultiplied, in a file. */
  readonly picture: { readonly file: string; readonly place: Rectangle } | null;
}

/** Every media is counted in flicks. */
const CLOCK = `settb=1/${FLICKS_PER_SECOND}`;
/** ffmpeg seeks, and tells a file's start, in microseconds. */
const MICROSECOND = FLICKS_PER_SECOND / 1e6;
/** A frame may have begun so long before the moment at which it is shown, where no rate is known. */
const LONG_FRAME = FLICKS_PER_SECOND / 4;
/** The last frame goes on for ever. */
const FOREVER = "tpad=stop=-1:stop_mode=clone";

export const isWholeFrame = (
  { place, opacity }: ComposedFilm,
  { width, height }: Pick<Composition, "width" | "height">,
): boolean =>
  opacity === 1 && place.x <= 0 && place.y <= 0 && place.x + place.width >= width && place.y + place.height >= height;

/** One run that writes the frames of a composition to stdout: yuv420p of BT.709, limited range, as codecs take it. */
export function composeArgs(composition: Composition, version: string): string[] {
  const { width, height, rate, frames, layers, background, picture } = composition;
  const inputs: string[] = [];
  const graph: string[] = [];
  let count = 0;
  const film = (layer: ComposedFilm, name: string): void => {
    const margin = layer.rate === null ? LONG_FRAME : frameDuration(layer.rate);
    const seek = Math.floor((layer.from - margin) / MICROSECOND);
    // Without accurate seeking the frame comes, too, that began before and still is to be seen.
    if (seek > 0) inputs.push("-noaccurate_seek", "-ss", (seek / 1e6).toFixed(6));
    inputs.push(...asInput(layer.input));
    graph.push(`[${count++}:v:0]${filmFilters(layer, composition, Math.max(0, seek) * MICROSECOND)}[${name}]`);
  };
  let base = "";
  const lay = (name: string, { x, y }: Rectangle): void => {
    const next = `${name}over`;
    graph.push(`[${base}][${name}]overlay=x=${x}:y=${y}:format=yuv420[${next}]`);
    base = next;
  };
  const [lowest] = layers;
  if (lowest === undefined ? picture === null : "place" in lowest && !isWholeFrame(lowest, composition)) {
    base = "ground";
    graph.push(
      `color=c=0x${background.slice(1)}:s=16x16:r=${rateText(rate)}:d=${rate.denominator / rate.numerator},format=rgb24,scale=${width}:${height}:${TO_YUV}:flags=neighbor,format=yuv420p,${FOREVER}[${base}]`,
    );
  }
  for (const [n, layer] of layers.entries()) {
    const name = `layer${n}`;
    if ("place" in layer) film(layer, name);
    else {
      film(layer.from, `${name}a`);
      film(layer.to, `${name}b`);
      const seconds = layer.duration / FLICKS_PER_SECOND;
      graph.push(`[${name}a][${name}b]xfade=transition=fade:duration=${seconds.toFixed(6)}:offset=0[${name}]`);
    }
    if (base === "") base = name;
    else lay(name, "place" in layer ? layer.place : { x: 0, y: 0, width, height });
  }
  if (picture !== null) {
    const { place } = picture;
    const size = `${place.width}x${place.height}`;
    inputs.push("-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", size);
    inputs.push("-framerate", rateText(rate), "-i", `file:${picture.file}`);
    const filters = `scale=${TO_YUV}:flags=bicubic+accurate_rnd`;
    if (base === "") {
      base = "picture";
      graph.push(`[${count}:v]${filters},format=yuv420p,${FOREVER}[${base}]`);
    } else {
      graph.push(`[${count}:v]${filters},format=yuva420p[picture]`);
      lay("picture", place);
    }
  }
  return [
    ...BASE_ARGS,
    ...PROTOCOLS,
    ...inputs,
    "-filter_complex",
    graph.join(";"),
    "-map",
    `[${base}]`,
    ...passthrough(version),
    "-frames:v",
    String(frames),
    ...RAW,
  ];
}

const TO_YUV = "in_range=pc:out_range=tv:out_color_matrix=bt709";
const RAW = ["-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1"];

/**
 * The film's frames on the composition's grid: of each moment the one that has begun by then.
 * @param begin media time at which the input's clock stands at 0
 */
function filmFilters(film: ComposedFilm, { rate }: Composition, begin: Flicks): string {
  const { facts, from, speed, place, opacity } = film;
  const time = film.rate === null ? `PTS+${begin}` : onGrid(`PTS+${begin}`, film.rate, facts.tick);
  const isScaled = place.width !== facts.width || place.height !== facts.height;
  return [
    CLOCK,
    `setpts='(${time}-${from + 2 * MICROSECOND})/${speed}'`,
    // A frame belongs to the next moment of the grid, and of those that belong to one the last is shown.
    `fps=fps=${rateText(rate)}:round=up:start_time=0`,
    CLOCK,
    ...(isScaled ? [`scale=${place.width}:${place.height}:flags=${scaler(film)}`] : []),
    ...(opacity < 1 ? ["format=yuva420p", `lutyuv=a=${Math.round(255 * opacity)}`] : ["format=yuv420p"]),
    "setsar=1",
    FOREVER,
  ].join(",");
}

/** `frameBegin` in ffmpeg's terms: a time that a container rounded is that of the rate's grid. */
function onGrid(time: string, rate: Rate, tick: Flicks): string {
  const frame = (FLICKS_PER_SECOND * rate.denominator) / rate.numerator;
  return `(0*st(0,${time})+0*st(1,round(ld(0)/${frame})*${frame})+if(lte(abs(ld(1)-ld(0)),${tick + 1}),ld(1),ld(0)))`;
}

/** As the painter's canvas scales: by lines where it enlarges, by means where it shrinks. */
const scaler = ({ place, width }: ComposedFilm): string => (place.width >= width ? "bilinear" : "area");

/** One run that turns painted frames on stdin, raw RGBA, into what `composeArgs` writes. */
export function convertArgs(
  { width, height, rate }: Pick<Composition, "width" | "height" | "rate">,
  version: string,
): string[] {
  return [
    ...BASE_ARGS,
    ...PROTOCOLS,
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgba",
    "-video_size",
    `${width}x${height}`,
    "-framerate",
    rateText(rate),
    "-i",
    "pipe:0",
    "-vf",
    colourFilter({ codec: "h264", alpha: false }),
    ...passthrough(version),
    // Each frame goes out as soon as it is there.
    "-flush_packets",
    "1",
    ...RAW,
  ];
}
