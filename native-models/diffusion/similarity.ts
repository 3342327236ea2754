/**
 * Structural similarity of two RGB8 pictures: mean over 8×8 windows with stride 4 and over the three channels, with the usual
 * constants (Z. Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004; uniform windows).
 */
const WINDOW = 8;
const STRIDE = 4;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** 1 for equal pictures. Both are width × height × 3 bytes. */
export function similarity(a: Uint8Array, b: Uint8Array, width: number, height: number): number {
  let sum = 0;
  let count = 0;
  for (let channel = 0; channel < 3; channel++)
    for (let top = 0; top + WINDOW <= height; top += STRIDE)
      for (let left = 0; left + WINDOW <= width; left += STRIDE) {
        sum += windowSimilarity(a, b, width, top, left, channel);
        count++;
      }
  return sum / count;
}

function windowSimilarity(
  a: Uint8Array,
  b: Uint8Array,
  width: number,
  top: number,
  left: number,
  channel: number,
): number {
  const n = WINDOW * WINDOW;
  let [sumA, sumB, squareA, squareB, product] = [0, 0, 0, 0, 0];
  for (let y = top; y < top + WINDOW; y++)
    for (let x = left; x < left + WINDOW; x++) {
      const index = (y * width + x) * 3 + channel;
      const [p, q] = [a[index]!, b[index]!];
      sumA += p;
      sumB += q;
      squareA += p * p;
      squareB += q * q;
      product += p * q;
    }
  const [meanA, meanB] = [sumA / n, sumB / n];
  const variances = squareA / n - meanA ** 2 + squareB / n - meanB ** 2;
  const covariance = product / n - meanA * meanB;
  return ((2 * meanA * meanB + C1) * (2 * covariance + C2)) / ((meanA ** 2 + meanB ** 2 + C1) * (variances + C2));
}
