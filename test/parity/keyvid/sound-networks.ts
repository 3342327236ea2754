/** What hears: the keyframe localiser, and ImageBind's trunk with its tokens dealt to the frames. */
import { localizerGraph, soundGraph, TRUNK_TOKENS } from "../../../native-models/keyvid/audio-trunk.ts";
import { withoutPadding } from "../../../native-models/keyvid/mel.ts";
import { partWeights } from "../../../native-models/keyvid/parameters.ts";
import { interpolationSound, keyframeSound, tokensPerColumn } from "../../../native-models/keyvid/sound-tokens.ts";
import { readWeight } from "./weights.ts";
import { TraceOutputs, traceName } from "../hummingbird/tensors.ts";
import type { GoldenFile } from "../golden-folder.ts";
import { type Check, type Context, stemOf } from "./context.ts";
import { type GoldenEntry, toleranceOf } from "./manifest.ts";
import type { GoldenModel } from "./model.ts";

/** The mel picture [128, 204] of one of the folder's sounds. */
const melOf = (context: Context, sound: string) => context.tensor(`audio/${sound}.safetensors`, "mel");

/** Which sound a golden was made of: the one that its description names, else the folder's first. */
function soundOf(context: Context, entry: GoldenEntry): string {
  const sounds = context.files(/^audio\/.*\.wav$/u).map((file) => file.replace(/^audio\/|\.wav$/gu, ""));
  const described = typeof entry.description === "string" ? entry.description : "";
  const found = sounds.find((sound) => described.includes(sound)) ?? sounds[0];
  if (found === undefined) throw new Error("the folder holds no sound");
  return found;
}

/** Rows of [rows, width] that a name of the form `….first40` or `….every20` keeps. */
function keptRows(data: Float32Array, width: number, name: string): Float32Array {
  const [, first] = /\.first(\d+)$/u.exec(name) ?? [];
  const [, every] = /\.every(\d+)$/u.exec(name) ?? [];
  if (first !== undefined) return data.subarray(0, Number(first) * width);
  if (every === undefined) return data;
  return data.filter((_, i) => Math.floor(i / width) % Number(every) === 0);
}

/** `score.<sound>` of every sound, and inner tensors of the one that the description names. */
export const checkLocalizer: Check = async (context, file, entry) => {
  const { report } = context;
  const stem = stemOf(entry.file);
  const model = await context.model();
  const inner = file.tensorNames.filter((name) => !name.startsWith("score."));
  for (const name of file.tensorNames.filter((tensor) => tensor.startsWith("score."))) {
    const mel = withoutPadding((await melOf(context, name.slice("score.".length))).data);
    const golden = (await file.get(name)).data;
    report.check(`${stem}.${name}`, await model.networks.localise(mel), golden, toleranceOf(entry));
  }
  if (inner.length === 0) return;
  const trace = new TraceOutputs(["tokens_after_pos", "trunk_out"]);
  const graph = localizerGraph(model.config, 1, (path, tensor) => trace.see(path, () => tensor));
  trace.addTo(graph);
  const mel = withoutPadding((await melOf(context, soundOf(context, entry))).data);
  await checkRows(
    context,
    file,
    entry,
    inner,
    model.config.localizer.width,
    await model.run("localizer", graph, { mel }),
  );
};

/** Traced tensors against the rows of them that the golden keeps. */
async function checkRows(
  context: Context,
  file: GoldenFile,
  entry: GoldenEntry,
  names: readonly string[],
  width: number,
  outputs: Readonly<Record<string, Float32Array>>,
  label = "",
): Promise<void> {
  for (const name of names) {
    const whole = outputs[traceName(name.replace(/\.(?:first|every)\d+$/u, ""))];
    // What is of no known form stays unused, which fails.
    if (!whole) continue;
    const golden = (await file.get(name)).data;
    context.report.check(
      `${stemOf(entry.file)}.${name}${label}`,
      keptRows(whole, width, name),
      golden,
      toleranceOf(entry),
    );
  }
}

/** The trunk with the generator's copy of ImageBind, and with Meta's own file and its resized positions. */
export const checkImagebind: Check = async (context, file, entry) => {
  await checkTrunk(context, file, entry, await context.model(), "");
  if (!context.files(/imagebind/iu).some((path) => path.startsWith("ckpt/"))) return;
  const meta = await context.model("meta sound");
  await checkTrunk(context, file, entry, meta, " (Meta's file)");
};

async function checkTrunk(
  context: Context,
  file: GoldenFile,
  entry: GoldenEntry,
  model: GoldenModel,
  label: string,
): Promise<void> {
  const stem = stemOf(entry.file);
  const { width } = model.config.audio;
  const check = async (name: string, actual: Float32Array) =>
    context.report.check(`${stem}.${name}${label}`, actual, (await file.get(name)).data, toleranceOf(entry));
  const trace = new TraceOutputs(["tokens_after_pos"]);
  const graph = soundGraph(model.config.audio, 1, (path, tensor) => trace.see(path, () => tensor));
  trace.addTo(graph);
  const { data: mel } = await melOf(context, soundOf(context, entry));
  const outputs = await model.run("sound", graph, { mel });
  const tokens = outputs.tokens!;
  const traced = file.tensorNames.filter((name) => name.startsWith("tokens_after_pos"));
  await checkRows(context, file, entry, traced, width, outputs, label);
  await check(`pos_embed_${TRUNK_TOKENS}`, await positions(model));
  await check("trunk_out", tokens);
  const silent = await model.networks.trunkTokens(new Float32Array(mel.length));
  for (const name of file.tensorNames.filter((tensor) => tensor.startsWith("trunk_out_zero_mel")))
    await check(name, keptRows(silent, width, name));
  await check("split_48x13", tokensPerColumn(tokens));
  const places = [...(await file.get("frame_idx")).data];
  await check("generator_c_audio", keyframeSound(tokens, places));
  await check("interp_c_audio", interpolationSound(tokens));
}

/** The table of positions as the pack holds it. */
async function positions(model: GoldenModel): Promise<Float32Array> {
  const { index } = partWeights(model.weights, "sound");
  const key = Object.keys(index).find((name) => name.includes("pos_embed"));
  if (key === undefined) throw new Error("the pack holds no table of positions");
  return readWeight(partWeights(model.weights, "sound"), key);
}
