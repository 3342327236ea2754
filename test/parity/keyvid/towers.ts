/** What reads and sees: the tokenizer, the text and the vision tower, the picture's resampler. */
import { z } from "zod";
import { clipPicture } from "../../../native-models/keyvid/clip-picture.ts";
import { FRAMES, IMAGE_TOKENS } from "../../../native-models/keyvid/config.ts";
import { resamplerGraph } from "../../../native-models/keyvid/resampler.ts";
import { textGraph } from "../../../native-models/openclip/text-tower.ts";
import { clipTokenizer } from "../../../native-models/openclip/tokenizer.ts";
import { visionGraph } from "../../../native-models/openclip/vision-tower.ts";
import { toInt64 } from "../hummingbird/tensors.ts";
import { type Check, type Context, stemOf, wanted } from "./context.ts";
import { type GoldenEntry, toleranceOf } from "./manifest.ts";

const tokensSchema = z.object({
  length: z.number().int(),
  items: z.array(z.object({ text: z.string(), ids: z.array(z.number().int()) })).min(1),
});

/** Every text of a tokenizer file; ids without their padding of zeros. */
export async function checkTokenizer(context: Context, entry: GoldenEntry): Promise<void> {
  const { length, items } = tokensSchema.parse(await context.json(entry.file));
  for (const { text, ids } of items) {
    const actual = [...clipTokenizer().tokenize(text).ids];
    const padded = [...ids, ...Array<number>(Math.max(0, length - ids.length)).fill(0)];
    context.report.check(`${stemOf(entry.file)} ${JSON.stringify(text)}`, actual, padded, toleranceOf(entry));
  }
}

/** `tokens` [N, 77] → `embedding` [N, 77, width]. */
export const checkText: Check = async (context, file, entry) => {
  const model = await context.model();
  const tokens = await wanted<[number, number]>(file, "tokens", 2);
  const graph = textGraph(model.config.text, tokens.shape[0]);
  const outputs = await model.run("keyframes", graph, { token_ids: toInt64(tokens.data) });
  const golden = (await file.get("embedding")).data;
  context.report.check(`${stemOf(entry.file)}.embedding`, outputs.prompt_embeds!, golden, toleranceOf(entry));
};

/** `image` [1, 3, H, W] of -1 to 1 → `tokens`; a picture of zeros of the same size → `tokens_zero_image`. */
export const checkVision: Check = async (context, file, entry) => {
  const model = await context.model();
  const image = await wanted<[number, number, number, number]>(file, "image", 4);
  const [, , height, width] = image.shape;
  for (const [name, picture] of [
    ["tokens", image.data],
    ["tokens_zero_image", new Float32Array(image.data.length)],
  ] as const) {
    const pixels = clipPicture(picture, width, height);
    const { tokens } = await model.run("keyframes", visionGraph(model.config.vision, 1), { pixels });
    context.report.check(`${stemOf(entry.file)}.${name}`, tokens!, (await file.get(name)).data, toleranceOf(entry));
  }
};

/** `input` → `output` [1, 48 · 16, width]; the tokens of the frames `frame_idx` → `selected`. */
export const checkResampler: Check = async (context, file, entry) => {
  const stem = stemOf(entry.file);
  const model = await context.model();
  const input = await wanted<[number, number, number]>(file, "input", 3);
  const outputs = await model.run("keyframes", resamplerGraph(model.config, input.shape[0]), { tokens: input.data });
  const picture = outputs.picture!;
  context.report.check(`${stem}.output`, picture, (await file.get("output")).data, toleranceOf(entry));
  const frame = (picture.length / (input.shape[0] * FRAMES * IMAGE_TOKENS)) * IMAGE_TOKENS;
  const places = [...(await file.get("frame_idx")).data];
  const selected = places.flatMap((place) => [...picture.subarray(place * frame, (place + 1) * frame)]);
  context.report.check(`${stem}.selected`, selected, (await file.get("selected")).data, toleranceOf(entry));
};
