import { expect, it } from "vitest";
import { promptGraph, unetGraph } from "../../native-models/hummingbird/unet.ts";
import { textGraph } from "../../native-models/openclip/text-tower.ts";
import { vaeDecoderGraph } from "../../native-models/vae/decoder.ts";
import { officialConfig as official07B } from "../../native-models/hummingbird/official-config.testkit.ts";

// HUMMINGBIRD.md, section 8: GFLOP of the reference by PyTorch's FlopCounterMode.
const reference = [
  { middleBlock: false, frames: 16, height: 40, width: 64, gflop: 7962 },
  { middleBlock: false, frames: 26, height: 40, width: 64, gflop: 12950 },
  { middleBlock: false, frames: 16, height: 24, width: 32, gflop: 2316 },
  { middleBlock: true, frames: 16, height: 40, width: 64, gflop: 8183 },
  { middleBlock: true, frames: 26, height: 40, width: 64, gflop: 13309 },
  { middleBlock: true, frames: 16, height: 24, width: 32, gflop: 2387 },
];

for (const { middleBlock, frames, height, width, gflop } of reference) {
  it(`counts the work of ${middleBlock ? "0.9B" : "0.7B"} on ${frames}×${height}×${width} as the reference does`, () => {
    const config = { ...official07B, middleBlock };
    const once = promptGraph(config, 1).flops;
    const call = unetGraph(config, { batch: 1, frames, height, width }).flops;
    // The reference computes the prompt's keys and values again for every frame; we do so once per clip.
    expect(Math.abs((call + once * frames) / 1e9 / gflop - 1)).toBeLessThan(0.001);
    expect(call / 1e9).toBeLessThan(gflop);
  });
}

it("counts the VAE decoder and the text tower as the reference does", () => {
  expect(vaeDecoderGraph(official07B.vae, { batch: 1, height: 40, width: 64 }).flops / 1e9).toBeCloseTo(1563, -0.5);
  expect(textGraph(official07B.text, 1).flops / 1e9).toBeCloseTo(45, 0);
});
