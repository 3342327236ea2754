/** The VAE's decoder: pictures, the tensors inside for one frame, and bytes. */
import { toRgb8 } from "../../../native-models/diffusion/rgb.ts";
import { vaeDecoderGraph } from "../../../native-models/vae/decoder.ts";
import type { Check } from "./context.ts";
import { shapeOf, swapOuter, TraceOutputs, traceName } from "./tensors.ts";

/** Where the decoder's trace has what the reference calls `decoder.….` or by another name. */
const tracePath = (name: string) =>
  name.startsWith("latents_div_scale_factor") ? "scaled_latent" : name.replace(/^decoder\./u, "").replace(/\(.*$/u, "");

export const checkVae: Check = async ({ report, tolerances, model }, file, stem) => {
  await report.guard(`${stem}.decoded`, async () => {
    const golden = await model();
    const latents = await file.get("latents");
    const [batch, channels, frames, height, width] = shapeOf<[number, number, number, number, number]>(
      latents,
      5,
      "latents",
    );
    const inner = file.tensorNames.filter((name) => /^(?:decoder\.|latents_div)/u.test(name));
    const trace = new TraceOutputs(inner.map(tracePath));
    const size = { batch: batch * frames, height, width };
    const graph = vaeDecoderGraph(golden.config.vae, size, (path, tensor) => trace.see(path, () => tensor));
    trace.addTo(graph);

    /** Each clip's [C, T, …] → [T, C, …], or back. */
    const swapped = (data: Float32Array, a: number, b: number) => {
      const result = new Float32Array(data.length);
      const clip = data.length / batch;
      for (let i = 0; i < batch; i++) result.set(swapOuter(data.subarray(i * clip, (i + 1) * clip), a, b), i * clip);
      return result;
    };
    const outputs = await golden.run(graph, { latent: swapped(latents.data, channels, frames) });
    const name = `${stem}.decoded`;
    const image = outputs.image!;
    report.check(name, swapped(image, frames, 3), (await file.get("decoded")).data, tolerances.of(name));

    for (const tensor of inner) {
      await report.guard(`${stem}.${tensor}`, async () => {
        const all = outputs[traceName(tracePath(tensor))];
        if (!all) throw new Error("the decoder has no such part, or it is not traced");
        // Inner tensors have scales of their own: like those of the U-Net they are bounded relative to their size.
        const bound = tolerances.of(`${stem}.${tensor}`, `unet_blocks.${tensor}`);
        const frame = /\(frame(\d+)\)/u.exec(tensor)?.[1];
        const one = all.length / (batch * frames);
        const actual =
          frame === undefined
            ? swapped(all, frames, channels)
            : all.subarray(Number(frame) * one, (Number(frame) + 1) * one);
        report.check(`${stem}.${tensor}`, actual, (await file.get(tensor)).data, bound);
      });
    }

    if (!file.has("frames_uint8_bcthw")) return;
    // The product's bytes are [H, W, 3] a frame; the golden's [B, 3, T, H, W].
    const plane = image.length / (batch * frames * 3);
    const bytes = new Uint8Array(image.length);
    for (let picture = 0; picture < batch * frames; picture++) {
      const rgb = toRgb8(image.subarray(picture * plane * 3, (picture + 1) * plane * 3));
      const [clip, frame] = [Math.floor(picture / frames), picture % frames];
      for (let i = 0; i < rgb.length; i++)
        bytes[((clip * 3 + (i % 3)) * frames + frame) * plane + Math.floor(i / 3)] = rgb[i]!;
    }
    const expected = (await file.get("frames_uint8_bcthw")).data;
    report.check(`${stem}.frames_uint8_bcthw`, bytes, expected, tolerances.of("frames_uint8"));
  });
};
