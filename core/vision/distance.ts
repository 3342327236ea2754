/** Signed distance to a mask's edge: how a mask is grown, shrunk and made soft without its corners becoming square. */

/**
 * Pixels from each pixel's centre to the edge, positive inside. A pixel at the edge holds it, as far from its centre as it is covered:
 * so lines stay straight below the size of a pixel. Every pixel learns the nearest edge pixel from its neighbours, once from above and
 * once from below (P.-E. Danielsson, “Euclidean distance mapping”, 1980): good to a small part of a pixel.
 * @param alpha width × height, 0 to 255
 */
export function signedDistance(alpha: Uint8Array, width: number, height: number): Float32Array {
  const nearest = edges(alpha, width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) learn(nearest, x, y, width, height, -1);
    for (let x = width - 2; x >= 0; x--) ask(nearest, x, y, x + 1, y, width);
  }
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) learn(nearest, x, y, width, height, 1);
    for (let x = 1; x < width; x++) ask(nearest, x, y, x - 1, y, width);
  }
  return distances(alpha, nearest, width);
}

/** A pixel's nearest edge pixel, its row in the upper 16 bits and its column in the lower; -1 while none is known. */
type Nearest = Int32Array;

/** Pixels that are partly covered, or that differ from a neighbour, know themselves. */
function edges(alpha: Uint8Array, width: number, height: number): Nearest {
  const nearest = new Int32Array(alpha.length).fill(-1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const isIn = alpha[i]! > 127;
      if (
        (alpha[i]! > 0 && alpha[i]! < 255) ||
        (x > 0 && alpha[i - 1]! > 127 !== isIn) ||
        (x < width - 1 && alpha[i + 1]! > 127 !== isIn) ||
        (y > 0 && alpha[i - width]! > 127 !== isIn) ||
        (y < height - 1 && alpha[i + width]! > 127 !== isIn)
      )
        nearest[i] = (y << 16) | x;
    }
  return nearest;
}

/** Asks the neighbour beside and the three of the row before (`way` -1: above, from left to right). */
function learn(nearest: Nearest, x: number, y: number, width: number, height: number, way: -1 | 1): void {
  const row = y + way;
  if (row >= 0 && row < height) {
    ask(nearest, x, y, x, row, width);
    if (x > 0) ask(nearest, x, y, x - 1, row, width);
    if (x < width - 1) ask(nearest, x, y, x + 1, row, width);
  }
  const beside = x + way;
  if (beside >= 0 && beside < width) ask(nearest, x, y, beside, y, width);
}

/** Takes a neighbour's edge pixel where it is nearer than the one that is known. */
function ask(nearest: Nearest, x: number, y: number, besideX: number, besideY: number, width: number): void {
  const theirs = nearest[besideY * width + besideX]!;
  if (theirs < 0) return;
  const at = y * width + x;
  const mine = nearest[at]!;
  if (mine === theirs) return;
  if (mine < 0 || far(theirs, x, y) < far(mine, x, y)) nearest[at] = theirs;
}

/** Squared. */
function far(pixel: number, x: number, y: number): number {
  const dx = (pixel & 0xffff) - x;
  const dy = (pixel >> 16) - y;
  return dx * dx + dy * dy;
}

function distances(alpha: Uint8Array, nearest: Nearest, width: number): Float32Array {
  const out = new Float32Array(alpha.length);
  // A picture that is all inside, or all outside, has no edge: far away.
  const most = 2 * alpha.length;
  for (let i = 0, x = 0, y = 0; i < out.length; i++) {
    const sign = alpha[i]! > 127 ? 1 : -1;
    const edge = nearest[i]!;
    // From the pixel's centre to the centre of the edge pixel, and from there to the edge.
    if (edge < 0) out[i] = sign * most;
    else out[i] = sign * Math.sqrt(far(edge, x, y)) + alpha[(edge >> 16) * width + (edge & 0xffff)]! / 255 - 0.5;
    x += 1;
    if (x === width) {
      x = 0;
      y += 1;
    }
  }
  return out;
}
