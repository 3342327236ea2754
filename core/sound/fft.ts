/** Power spectra of real frames by a radix-2 FFT in float64. Source: Cooley and Tukey (1965), in its iterative form. */
export class PowerSpectrum {
  /** Samples per frame, a power of two. */
  readonly size: number;
  /** Frequencies from 0 to half the sampling rate, both included: size / 2 + 1. */
  readonly bins: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #reversed: Uint32Array;
  readonly #re: Float64Array;
  readonly #im: Float64Array;

  /** @param size a power of two, at least 2 */
  constructor(size: number) {
    if (!Number.isInteger(Math.log2(size)) || size < 2) throw new RangeError(`${size} is no power of two`);
    this.size = size;
    this.bins = size / 2 + 1;
    this.#cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
    const bits = Math.log2(size);
    this.#reversed = Uint32Array.from({ length: size }, (_, i) => {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit++) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
      return reversed;
    });
    this.#re = new Float64Array(size);
    this.#im = new Float64Array(size);
  }

  /**
   * |X_k|² of a frame for k = 0 … size / 2.
   * @param frame at most `size` samples; the rest counts as 0
   * @param power receives `bins` numbers
   */
  of(frame: ArrayLike<number>, power: Float64Array): void {
    const { size } = this;
    const [re, im, cos, sin] = [this.#re, this.#im, this.#cos, this.#sin];
    im.fill(0);
    for (let i = 0; i < size; i++) re[this.#reversed[i]!] = i < frame.length ? frame[i]! : 0;
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (half * 2);
      for (let start = 0; start < size; start += half * 2) {
        for (let k = 0; k < half; k++) {
          const a = start + k;
          const b = a + half;
          const c = cos[k * stride]!;
          const s = sin[k * stride]!;
          const r = re[b]! * c - im[b]! * s;
          const i = re[b]! * s + im[b]! * c;
          re[b] = re[a]! - r;
          im[b] = im[a]! - i;
          re[a]! += r;
          im[a]! += i;
        }
      }
    }
    for (let k = 0; k < this.bins; k++) power[k] = re[k]! ** 2 + im[k]! ** 2;
  }
}
