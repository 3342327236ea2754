/** A picture in RGBA8. */
export interface Pixels {
  readonly rgba: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Side of the windows. */
const SIDE = 8;
const STEP = 4;
/** (0.01·255)² and (0.03·255)² of the paper. */
const [C1, C2] = [6.5025, 58.5225];

/**
 * Structural similarity of two pictures' luma (Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural
 * Similarity"), the mean over 8 × 8 windows every 4 pixels; 1 for equal pictures. `dx`, `dy` shift the second one.
 */
export function ssim(a: Pixels, b: Pixels, dx = 0, dy = 0): number {
  const [la, lb] = [luma(a), luma(b)];
  let [sum, count] = [0, 0];
  for (let y = 4; y + SIDE + 4 <= a.height; y += STEP) {
    for (let x = 4; x + SIDE + 4 <= a.width; x += STEP) {
      sum += windowSsim(la, lb, a.width, x, y, dy * a.width + dx);
      count++;
    }
  }
  return sum / count;
}

function windowSsim(a: Float32Array, b: Float32Array, width: number, x: number, y: number, shift: number): number {
  let [ma, mb, aa, bb, ab] = [0, 0, 0, 0, 0];
  for (let j = 0; j < SIDE; j++) {
    for (let i = 0; i < SIDE; i++) {
      const at = (y + j) * width + x + i;
      const [p, q] = [a[at]!, b[at + shift]!];
      ma += p;
      mb += q;
      aa += p * p;
      bb += q * q;
      ab += p * q;
    }
  }
  const n = SIDE * SIDE;
  ma /= n;
  mb /= n;
  const [va, vb, cov] = [aa / n - ma * ma, bb / n - mb * mb, ab / n - ma * mb];
  return ((2 * ma * mb + C1) * (2 * cov + C2)) / ((ma * ma + mb * mb + C1) * (va + vb + C2));
}

const lumas = new WeakMap<Pixels, Float32Array>();

function luma(pixels: Pixels): Float32Array {
  const known = lumas.get(pixels);
  if (known !== undefined) return known;
  const { rgba, width, height } = pixels;
  const out = new Float32Array(width * height);
  for (let i = 0; i < out.length; i++)
    out[i] = 0.2126 * rgba[4 * i]! + 0.7152 * rgba[4 * i + 1]! + 0.0722 * rgba[4 * i + 2]!;
  lumas.set(pixels, out);
  return out;
}

/** The largest difference of the pictures' mean colours, in steps of 255: what SSIM of luma would not see. */
export function colourDifference(a: Pixels, b: Pixels): number {
  const mean = ({ rgba }: Pixels): number[] =>
    [0, 1, 2].map((channel) => {
      let sum = 0;
      for (let i = channel; i < rgba.length; i += 4) sum += rgba[i]!;
      return sum / (rgba.length / 4);
    });
  const [x, y] = [mean(a), mean(b)];
  return Math.max(...x.map((value, i) => Math.abs(value - y[i]!)));
}

/** Mean absolute difference of luma, in steps of 255. */
export function lumaDifference(a: Pixels, b: Pixels): number {
  const [x, y] = [luma(a), luma(b)];
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i]! - y[i]!);
  return sum / x.length;
}
