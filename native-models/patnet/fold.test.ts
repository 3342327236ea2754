import { describe, expect, it } from "vitest";
import { spatialGate } from "./fold.ts";

const values = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.7));

/** gamma, beta, mean, variance */
const norm = (count: number, gamma: (i: number) => number) => [
  Float32Array.from({ length: count }, (_, i) => gamma(i)),
  values(count, 5),
  values(count, 6),
  new Float32Array(count).fill(0.7),
];

describe("spatialGate", () => {
  const [d, hidden, gated] = [6, 8, 3];

  it("has one map, from the hidden channels and from the gated half alike, also where a channel's norm lets nothing through", () => {
    for (const gamma of [(i: number) => i - 1.5, (i: number) => (i === 1 ? 0 : 1e-3), () => 1e-30]) {
      const derived = spatialGate("mlp", [d, hidden], gated);
      const [second, attention, gates] = [values(d * hidden, 1), values(gated, 2), norm(gated, gamma)];
      const kernel = values((d - gated) ** 2, 3);
      const rest = norm(d - gated, () => 1);
      const weight = derived.weight.compute(second, kernel, ...gates, ...rest);
      const [map, gate] = [derived.map.compute(second, attention), derived.gate.compute(attention, ...gates)];
      const x = values(hidden, 9);
      const times = (row: Float32Array) => row.reduce((sum, value, i) => sum + value * x[i]!, 0);
      const outputs = Array.from({ length: gated }, (_, i) => times(weight.subarray(i * hidden, (i + 1) * hidden)));
      expect(outputs.reduce((sum, value, i) => sum + value * gate[i]!, 0)).toBeCloseTo(times(map), 5);
      // What a norm lets through stays what it was.
      for (const [i, output] of outputs.entries()) {
        const exact = (gamma(i) / Math.sqrt(0.7 + 1e-5)) * times(second.subarray(i * hidden, (i + 1) * hidden));
        expect(Math.abs(output - exact)).toBeLessThan(1e-7);
      }
    }
  });
});
