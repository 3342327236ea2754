/** The VAE: the posterior of a picture, its scaled sample, and the way back. */
import { drawPosterior } from "../../../native-models/keyvid/interpolation.ts";
import { vaeDecoderGraph } from "../../../native-models/vae/decoder.ts";
import { vaeEncoderGraph } from "../../../native-models/vae/encoder.ts";
import { type Check, stemOf, wanted } from "./context.ts";
import { toleranceOf } from "./manifest.ts";

export const checkVae: Check = async (context, file, entry) => {
  const stem = stemOf(entry.file);
  const tolerance = toleranceOf(entry);
  const model = await context.model();
  const { vae } = model.config;
  const image = await wanted<[number, number, number, number]>(file, "image", 4);
  const [batch, , height, width] = image.shape;
  const { mean, logvar } = await model.run("keyframes", vaeEncoderGraph(vae, { batch, height, width }), {
    image: image.data,
  });
  context.report.check(`${stem}.mean`, mean!, (await file.get("mean")).data, tolerance);
  context.report.check(`${stem}.logvar`, logvar!, (await file.get("logvar")).data, tolerance);
  const sample = drawPosterior(mean!, logvar!, (await file.get("noise")).data, vae.scaleFactor);
  context.report.check(`${stem}.z_scaled`, sample, (await file.get("z_scaled")).data, tolerance);

  const latent = await wanted<[number, number, number, number]>(file, "dec_in", 4);
  const [count, , h, w] = latent.shape;
  const decoder = vaeDecoderGraph(vae, { batch: count, height: h, width: w });
  const outputs = await model.run("keyframes", decoder, { latent: latent.data });
  context.report.check(`${stem}.dec_out`, outputs.image!, (await file.get("dec_out")).data, tolerance);
};
