import { describe, expect, it } from "vitest";
import { goldensNote, haveGoldens, maxAbs, readGolden } from "../checkpoint/goldens.testkit.ts";
import { TorchRandom } from "./torch-random.ts";

const uniform = (word: number) => (word & 0xffffff) * 2 ** -24;

describe("PyTorch's CPU generator", () => {
  it("gives the published first words of MT19937 for its default seed 5489", () => {
    // First outputs of the reference C program for seed 5489: 3499211612, 581869302, ...; 24 bits of each make a uniform float.
    const random = new TorchRandom(5489);
    const values = random.randn(16);
    const words = [
      3499211612, 581869302, 3890346734, 3586334585, 545404204, 4161255391, 3922919429, 949333985, 2715962298,
    ];
    const radius = Math.sqrt(-2 * Math.log(1 - uniform(words[0]!)));
    expect(values[0]).toBeCloseTo(radius * Math.cos(2 * Math.PI * uniform(words[8]!)), 5);
  });

  it("keeps one stream: a draw in two parts of 16 equals one of 32 in distribution blocks", () => {
    const whole = new TorchRandom(3).randn(64);
    expect(whole.some((value) => Number.isNaN(value))).toBe(false);
    const again = new TorchRandom(3).randn(64);
    expect(again).toEqual(whole);
    expect(new TorchRandom(4).randn(64)).not.toEqual(whole);
  });

  it("uses the low 32 bits of any integer seed, negative ones included", () => {
    expect(new TorchRandom(2 ** 32 + 7).randn(20)).toEqual(new TorchRandom(7).randn(20));
    expect(new TorchRandom(-1).randn(20)).toEqual(new TorchRandom(0xffffffff).randn(20));
    expect(new TorchRandom(2n ** 63n + 5n).randn(20)).toEqual(new TorchRandom(5).randn(20));
  });

  it("keeps the second number of a pair for the next short draw, across a long one", () => {
    const pairs = new TorchRandom(11).randn(8);
    const split = new TorchRandom(11);
    const first = split.randn(3);
    const second = split.randn(5);
    expect([...first, ...second]).toEqual([...pairs]);
    const interrupted = new TorchRandom(11);
    interrupted.randn(1);
    interrupted.randn(16);
    expect(interrupted.randn(1)[0]).toBe(pairs[1]);
  });

  it("draws nothing for zero elements", () => {
    const random = new TorchRandom(1);
    expect(random.randn(0)).toHaveLength(0);
    expect(random.randn(16)).toEqual(new TorchRandom(1).randn(16));
  });
});

describe.skipIf(!haveGoldens)(`torch_cpu_rng goldens${goldensNote}`, () => {
  it.each([0, 1234, 2147483647])("seed %i: draws of 64, 37, 7 and 16 in this order", async (seed) => {
    const golden = await readGolden("torch_cpu_rng.safetensors");
    const random = new TorchRandom(seed);
    for (const [count, name] of [
      [64, "n64"],
      [37, "then_n37"],
      [7, "then_n7"],
      [16, "then_n16"],
    ] as const)
      expect(maxAbs(random.randn(count), golden(`randn.seed${seed}.${name}`)), name).toBeLessThan(5e-7);
  });
});
