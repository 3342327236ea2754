import { FILM, ffmpeg } from "./testing.ts";

/** Test help: films of one thing that moves, whose place is known at every moment. */
export interface MovingFilm {
  readonly shape: "circle" | "square";
  /** `0xrrggbb` */
  readonly colour: string;
  readonly ground: string;
  readonly seconds: number;
  /** The thing's left and top edge in pixels, as a formula of ffmpeg's. */
  readonly x: string;
  readonly y: string;
  /** The same in JavaScript, at a time in seconds. */
  readonly place: (t: number) => readonly [number, number];
}

/** Side of the thing, pixels. */
export const THING = 44;

export const movingFilms: Readonly<Record<string, MovingFilm>> = {
  "walks across": {
    shape: "circle",
    colour: "0xe8b020",
    ground: "0x203048",
    seconds: 2.5,
    x: "10+90*t",
    y: "60",
    place: (t) => [10 + 90 * t, 60],
  },
  "to and fro": {
    shape: "square",
    colour: "0xd02828",
    ground: "0x707070",
    seconds: 2.5,
    x: "138+110*sin(3*t)",
    y: "70+30*cos(3*t)",
    place: (t) => [138 + 110 * Math.sin(3 * t), 70 + 30 * Math.cos(3 * t)],
  },
  "stands, then darts": {
    shape: "circle",
    colour: "0x28b040",
    ground: "0xc8c0b0",
    seconds: 2.5,
    x: "20+min(200,max(0,(t-1)*160))",
    y: "100",
    place: (t) => [20 + Math.min(200, Math.max(0, (t - 1) * 160)), 100],
  },
  jumps: {
    shape: "square",
    colour: "0x2848e0",
    ground: "0xe0e0e0",
    seconds: 2,
    x: "30+180*gte(t,1)",
    y: "40+20*t",
    place: (t) => [t < 1 ? 30 : 210, 40 + 20 * t],
  },
};

/** The thing's box at a time, parts of the picture. */
export function boxAtTime({ place }: MovingFilm, time: number): readonly [number, number, number, number] {
  const [x, y] = place(time);
  return [x / FILM.width, y / FILM.height, (x + THING) / FILM.width, (y + THING) / FILM.height];
}

export async function makeMovingFilm(
  file: string,
  { shape, colour, ground, seconds, x, y }: MovingFilm,
): Promise<void> {
  const inside = shape === "circle" ? `lte(hypot(X-${THING / 2 - 0.5},Y-${THING / 2 - 0.5}),${THING / 2})` : "1";
  const rate = `r=${FILM.rate}:d=${seconds}`;
  const graph =
    `[0:v]noise=alls=8:allf=t[ground];` +
    `[1:v]format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*${inside}'[thing];` +
    `[ground][thing]overlay=x='${x}':y='${y}':shortest=1,format=yuv420p[out]`;
  const inputs = [
    `color=c=${ground}:s=${FILM.width}x${FILM.height}:${rate}`,
    `color=c=${colour}:s=${THING}x${THING}:${rate}`,
  ];
  const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "14"];
  const sources = inputs.flatMap((input) => ["-f", "lavfi", "-i", input]);
  await ffmpeg(...sources, "-filter_complex", graph, "-map", "[out]", ...codec, file);
}
