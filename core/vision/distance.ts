/** Signed distance to a mask's edge: how a mask is grown, shrunk and made soft without its corners becoming square. */

const FAR = 1e20;

/**
 * Pixels from each pixel's centre to the edge, positive inside. A partly covered pixel holds the edge, as far from its centre as it is
 * covered: so lines stay straight below the size of a pixel.
 * @param alpha width × height, 0 to 255
 */
export function signedDistance(alpha: Uint8Array, width: number, height: number): Float32Array {
  const [outer, inner] = [new Float64Array(alpha.length), new Float64Array(alpha.length)];
  for (const [i, value] of alpha.entries()) {
    const half = 0.5 - value / 255;
    outer[i] = value === 0 ? FAR : Math.max(0, half) ** 2;
    inner[i] = value === 255 ? FAR : Math.max(0, -half) ** 2;
  }
  toDistances(outer, width, height);
  toDistances(inner, width, height);
  // A picture that is all inside, or all outside, has no edge: far away.
  const most = width + height;
  return Float32Array.from(
    outer,
    (value, i) => Math.min(most, Math.sqrt(inner[i]!)) - Math.min(most, Math.sqrt(value)),
  );
}

/** Squared distances in place (P. Felzenszwalb, D. Huttenlocher, “Distance Transforms of Sampled Functions”, 2012): columns, then rows. */
function toDistances(grid: Float64Array, width: number, height: number): void {
  const longest = Math.max(width, height);
  const scratch = { f: new Float64Array(longest), v: new Int32Array(longest), z: new Float64Array(longest + 1) };
  for (let x = 0; x < width; x++) line(grid, x, width, height, scratch);
  for (let y = 0; y < height; y++) line(grid, y * width, 1, width, scratch);
}

interface Scratch {
  /** The line's values, the parabolas of the lower envelope, and where each begins. */
  readonly f: Float64Array;
  readonly v: Int32Array;
  readonly z: Float64Array;
}

function line(grid: Float64Array, offset: number, stride: number, length: number, { f, v, z }: Scratch): void {
  for (let q = 0; q < length; q++) f[q] = grid[offset + q * stride]!;
  let k = 0;
  v[0] = 0;
  z[0] = -FAR;
  z[1] = FAR;
  for (let q = 1; q < length; q++) {
    let s: number;
    do {
      const r = v[k]!;
      s = (f[q]! - f[r]! + q * q - r * r) / (q - r) / 2;
    } while (s <= z[k]! && --k > -1);
    k++;
    v[k] = q;
    z[k] = s;
    z[k + 1] = FAR;
  }
  k = 0;
  for (let q = 0; q < length; q++) {
    while (z[k + 1]! < q) k++;
    const r = v[k]!;
    grid[offset + q * stride] = f[r]! + (q - r) ** 2;
  }
}
