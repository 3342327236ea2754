/** Pictures and sounds for the KeyVID benchmark, drawn by arithmetic: the same on every machine, and no file has to be fetched. */
import type { Sound } from "../../core/sound/index.ts";
import { TorchRandom } from "../../native-models/diffusion/torch-random.ts";
import type { Picture } from "../../native-models/types.ts";

export interface Pair {
  readonly name: string;
  readonly picture: Picture;
  readonly sound: Sound;
  readonly prompt: string;
  readonly seed: number;
}

const SIDE = 256;
const RATE = 22_050;
type Colour = readonly [number, number, number];

/** A shape of one colour on a background that shades from top to bottom. `inside` takes -1 to 1 each way. */
function scene(inside: (x: number, y: number) => boolean, colour: Colour, top: Colour, bottom: Colour): Picture {
  const rgb = new Uint8Array(SIDE * SIDE * 3);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [(column / SIDE) * 2 - 1, (row / SIDE) * 2 - 1];
      for (let channel = 0; channel < 3; channel++) {
        const shade = top[channel]! + ((bottom[channel]! - top[channel]!) * row) / SIDE;
        rgb[(row * SIDE + column) * 3 + channel] = inside(x, y) ? colour[channel]! : shade;
      }
    }
  }
  return { width: SIDE, height: SIDE, rgb };
}

/** Two seconds of hits: a falling low sine (kick), or a short noise (snare), each with its decay. */
function rhythm(kicks: readonly number[], snares: readonly number[]): Sound {
  const samples = new Float32Array(2 * RATE);
  const noise = new TorchRandom(1).randn(RATE);
  const add = (at: number, wave: (t: number, i: number) => number) => {
    const start = Math.round(at * RATE);
    for (let i = 0; i < 0.3 * RATE && start + i < samples.length; i++) samples[start + i]! += wave(i / RATE, i);
  };
  for (const at of kicks)
    add(at, (t) => 0.8 * Math.exp(-t / 0.09) * Math.sin(2 * Math.PI * (50 * t + 3 * (1 - Math.exp(-t / 0.03)))));
  for (const at of snares) add(at, (t, i) => 0.15 * Math.exp(-t / 0.05) * noise[i]!);
  return { sampleRate: RATE, channels: [samples] };
}

/** The fixed set; more pairs repeat it with other seeds. */
export function benchPairs(count: number): Pair[] {
  const disc = scene((x, y) => Math.hypot(x, y) < 0.45, [232, 80, 60], [30, 40, 70], [60, 80, 120]);
  const square = scene(
    (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.4,
    [70, 190, 120],
    [245, 240, 225],
    [220, 210, 190],
  );
  const diamond = scene((x, y) => Math.abs(x) + Math.abs(y) < 0.55, [250, 200, 60], [20, 20, 25], [50, 30, 60]);
  const kinds = [
    { name: "disc, four kicks", picture: disc, sound: rhythm([0.1, 0.6, 1.1, 1.6], []), prompt: "" },
    { name: "square, kick and snare", picture: square, sound: rhythm([0.2, 1.2], [0.7, 1.7]), prompt: "jump" },
    {
      name: "diamond, a fast roll",
      picture: diamond,
      sound: rhythm([0.05], [0.5, 0.75, 1, 1.25, 1.5]),
      prompt: "flash",
    },
  ];
  return Array.from({ length: count }, (_, i) => ({ ...kinds[i % kinds.length]!, seed: 100 + i }));
}
