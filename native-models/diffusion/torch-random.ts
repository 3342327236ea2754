/**
 * PyTorch's CPU random numbers, so that a seed means the same clip as in the reference implementation.
 *
 * Source: the semantics of `torch.manual_seed` and `torch.randn` on CPU (aten/src/ATen/core/MT19937RNGEngine.h,
 * DistributionTemplates.h, TransformationHelper.h of PyTorch 2).
 */
import { MersenneTwister } from "../../core/random/mersenne-twister.ts";

const TWO_PI_FLOAT = Math.fround(2 * Math.PI);

/**
 * `torch.Generator(device="cpu")` after `manual_seed(seed)`: one stream from which every draw of a clip is taken in order.
 */
export class TorchRandom {
  readonly #twister: MersenneTwister;
  /** The sine half of the last Box-Muller pair; PyTorch keeps it in the generator between short draws. */
  #spareNormal: number | undefined;

  /** @param seed any integer, as `torch.manual_seed` takes it; only its low 32 bits reach the generator. */
  constructor(seed: number | bigint) {
    this.#twister = MersenneTwister.fromSeed(Number(BigInt.asUintN(32, BigInt(seed))));
  }

  /** Uniform float32 in [0, 1): 24 random bits. */
  #uniformFloat(): number {
    return (this.#twister.next32() & 0xffffff) * 2 ** -24;
  }

  /** Uniform float64 in [0, 1): 53 bits of two words, the first word on top. */
  #uniformDouble(): number {
    const high = this.#twister.next32();
    const low = this.#twister.next32();
    return ((high & 0x1fffff) * 2 ** 32 + low) * 2 ** -53;
  }

  #normalDouble(): number {
    const spare = this.#spareNormal;
    if (spare !== undefined) {
      this.#spareNormal = undefined;
      return spare;
    }
    const angle = 2 * Math.PI * this.#uniformDouble();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniformDouble()));
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Box-Muller over 16 uniforms in place: the first eight give radii, the last eight angles. */
  #transformBlock(values: Float32Array, start: number): void {
    for (let j = start; j < start + 8; j++) {
      const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(1 - values[j]!)))));
      const angle = Math.fround(TWO_PI_FLOAT * values[j + 8]!);
      values[j] = radius * Math.fround(Math.cos(angle));
      values[j + 8] = radius * Math.fround(Math.sin(angle));
    }
  }

  /**
   * `torch.randn(count)` in float32: standard normal numbers.
   * From 16 numbers on PyTorch fills blocks of 16 and, when the count is no multiple of 16, draws the last 16 slots anew;
   * below 16 it takes pairs in float64 and keeps an unused second number for the next short draw.
   * @param count number of elements, 0 or more.
   */
  randn(count: number): Float32Array {
    const values = new Float32Array(count);
    if (count < 16) {
      for (let i = 0; i < count; i++) values[i] = this.#normalDouble();
      return values;
    }
    for (let i = 0; i < count; i++) values[i] = this.#uniformFloat();
    for (let start = 0; start + 16 <= count; start += 16) this.#transformBlock(values, start);
    if (count % 16 !== 0) {
      const start = count - 16;
      for (let i = start; i < count; i++) values[i] = this.#uniformFloat();
      this.#transformBlock(values, start);
    }
    return values;
  }
}
