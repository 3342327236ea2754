/** A LoRA: the order of its layers, and the U-Net with and without it. */
import { z } from "zod";
import { loraModules } from "../../../native-models/hummingbird/lora.ts";
import { hummingbirdParameters } from "../../../native-models/hummingbird/parameters.ts";
import { GoldenFolderError } from "../golden-folder.ts";
import type { Check, Context } from "./context.ts";
import { readUnetInputs, runUnet } from "./unet.ts";

const orderSchema = z.object({ rank: z.number(), alpha: z.number(), order: z.array(z.string()) });

/** The folder's order file. */
export async function readOrder({ manifest, json }: Context): Promise<z.infer<typeof orderSchema>> {
  for (const name of Object.keys(manifest.files)) {
    if (!name.endsWith(".json")) continue;
    const parsed = orderSchema.safeParse(await json(name));
    if (parsed.success) return parsed.data;
  }
  throw new GoldenFolderError("no file of the folder tells the LoRA's alpha and order");
}

/** Our derivation of the order in which a LoRA lists its layers agrees with PyTorch's. */
export async function checkLoraOrder(context: Context): Promise<void> {
  const { report, model } = context;
  await report.guard("lora.order", async () => {
    const { order } = await readOrder(context);
    const ours = loraModules((await model()).names);
    const at = Array.from({ length: Math.max(order.length, ours.length) }, (_, i) => i).find(
      (i) => order[i] !== ours[i],
    );
    report.verdict("lora.order", at === undefined ? null : `layer ${at} is ${ours[at]}, the golden has ${order[at]}`);
  });
}

/** `out_with_lora` and `out_without_lora` on the same inputs. */
export const checkLora: Check = async (context, file, stem) => {
  const { report, tolerances, model, lora } = context;
  for (const tensor of ["out_without_lora", "out_with_lora"]) {
    const name = `${stem}.${tensor}`;
    await report.guard(name, async () => {
      const golden = await model();
      const specs = hummingbirdParameters(golden.config);
      const weights =
        tensor === "out_with_lora"
          ? await golden.weights("lora", specs, [await lora((await readOrder(context)).alpha)])
          : await golden.packWeights();
      const { out } = await runUnet(golden, await readUnetInputs(file, ""), undefined, weights);
      // The bound for a plain forward where the manifest gives this one none of its own.
      report.check(name, out!, (await file.get(tensor)).data, tolerances.of(name, "unet_forward.lora.out"));
    });
  }
};
