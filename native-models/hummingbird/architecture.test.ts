import { describe, expect, it } from "vitest";
import type { Graph } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/graph.ts";
import { officialConfig } from "./testing-model.testkit.ts";
import { textGraph } from "../openclip/text-tower.ts";
import { conditionGraph, promptGraph, unetGraph, unetShape } from "./unet.ts";
import { architecture, crossAttentions } from "../unet3d/architecture.ts";
import { vaeDecoderGraph } from "../vae/decoder.ts";

/** Numbers in the distinct weights of some graphs, in millions. */
function millions(graphs: readonly Graph[]): number {
  const shapes = new Map(graphs.flatMap((graph) => graph.parameters).map(({ source, shape }) => [source, shape]));
  return [...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0) / 1e6;
}

const at = (block: string, width: number) => `${block}.1.transformer_blocks.0.attn2 ${width}`;

describe("architecture", () => {
  it("lists the official U-Net's blocks: widths, heads, and where the up-samplers stand", () => {
    const { down, up, middle } = architecture(unetShape(officialConfig));
    const brief = (blocks: typeof down) =>
      blocks.map((block) =>
        block.kind === "down"
          ? `${block.path} down ${block.channels}`
          : `${block.path} ${block.channels} h${block.heads} up${block.upsample}`,
      );
    expect(brief(down)).toEqual([
      "input_blocks.1 320 h5 upnull",
      "input_blocks.2 down 320",
      "input_blocks.3 640 h10 upnull",
      "input_blocks.4 down 640",
      "input_blocks.5 1280 h20 upnull",
      "input_blocks.6 down 1280",
      "input_blocks.7 1280 h0 upnull",
    ]);
    expect(brief(up)).toEqual([
      "output_blocks.0 1280 h0 upnull",
      "output_blocks.1 1280 h0 up1",
      "output_blocks.2 1280 h20 upnull",
      "output_blocks.3 1280 h20 up3",
      "output_blocks.4 640 h10 upnull",
      "output_blocks.5 640 h10 up3",
      "output_blocks.6 320 h5 upnull",
      "output_blocks.7 320 h5 upnull",
    ]);
    expect(middle).toEqual({ channels: 1280, heads: 20 });
  });

  it.each([
    [false, 772.09],
    [true, 945.21],
  ])("the U-Net has the official number of parameters (middle block: %s)", (middleBlock, expected) => {
    const config = { ...officialConfig, middleBlock };
    const size = { batch: 1, frames: 1, height: 8, width: 8 };
    const graphs = [unetGraph(config, size), promptGraph(config, 1), conditionGraph(config, 1)];
    expect(millions(graphs)).toBeCloseTo(expected, 2);
  });

  it("the VAE's decoder too; the text tower leaves its last block and the projection out", () => {
    expect(millions([vaeDecoderGraph(officialConfig.vae, { batch: 1, height: 8, width: 8 })])).toBeCloseTo(49.49, 2);
    // One block: 12·1024² weights and 13·1024 biases and scales.
    const block = (12 * 1024 ** 2 + 13 * 1024) / 1e6;
    const projection = (1024 ** 2 + 1) / 1e6;
    expect(millions([textGraph(officialConfig.text, 1)])).toBeCloseTo(354.032641 - block - projection, 5);
  });

  it("counts the work of one step at 16 frames of 320×512 within 3 % of the reference's profiler", () => {
    const unet = unetGraph(officialConfig, { batch: 1, frames: 16, height: 40, width: 64 });
    // The profiler's 7 962 GFLOP include the prompt's keys and values in every frame, which run once a clip here.
    const repeated = promptGraph(officialConfig, 1).flops * 16;
    expect(Math.abs((unet.flops + repeated) / 7962e9 - 1)).toBeLessThan(0.03);
  });

  it("names every cross-attention in the order of the run", () => {
    const paths = crossAttentions(unetShape(officialConfig), true).map(({ path, width }) => `${path} ${width}`);
    expect(paths).toEqual([
      at("input_blocks.1", 320),
      at("input_blocks.3", 640),
      at("input_blocks.5", 1280),
      at("middle_block", 1280),
      at("output_blocks.2", 1280),
      at("output_blocks.3", 1280),
      at("output_blocks.4", 640),
      at("output_blocks.5", 640),
      at("output_blocks.6", 320),
      at("output_blocks.7", 320),
    ]);
  });
});
