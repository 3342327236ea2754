/** One clip in a process of its own, so that its memory's peak is that of this clip alone. Prints one JSON line: bytes and seconds. */
import { readFileSync } from "node:fs";
import { openAnimation, openTextToVideo } from "../../native-models/index.ts";
import { HummingbirdPipeline } from "../../native-models/hummingbird/pipeline.ts";
import type { HummingbirdConfig } from "../../native-models/hummingbird/config.ts";
import { engineThreads } from "../../main/inference/threads.ts";
import { model as sample } from "../../core/testing/samples.ts";
import type { CostsWish } from "../../main/inference/costs.ts";
import type { Weights } from "../../native-models/onnx/session.ts";

export interface ChildTask {
  readonly wish: CostsWish;
  /** An installed pack, or weights that no pack holds with their configuration. */
  readonly pack?: string;
  readonly random?: { readonly config: HummingbirdConfig; readonly weights: Weights };
}

const { wish, pack, random } = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as ChildTask;
const hooks = { signal: new AbortController().signal, progress: () => {}, preview: () => {}, frame: () => {} };
const threads = engineThreads();
const seconds = wish.kind === "generate" ? await words(wish) : await picture(wish);
process.stdout.write(`${JSON.stringify({ bytes: process.resourceUsage().maxRSS * 1024, seconds })}\n`);
process.exit(0);

async function words(clip: Extract<CostsWish, { kind: "generate" }>): Promise<Record<string, number>> {
  const { precision } = clip;
  const pipeline = random
    ? new HummingbirdPipeline({ ...random, summary: { ...sample, id: "random" } }, { threads, precision })
    : await openTextToVideo(pack!, { threads, precision });
  const { kind: _, ...measure } = clip;
  const request = { ...measure, model: "m", prompt: "blue bubbles", negativePrompt: "", seed: 1, fps: 8 };
  return { ...(await pipeline.generate(request, hooks)).seconds };
}

/** The keyframes of one segment, then its motion, as the engine makes them one after the other. */
async function picture(clip: Extract<CostsWish, { kind: "animate" }>): Promise<Record<string, number>> {
  const pipeline = await openAnimation(pack!, { threads, precision: "fp32" });
  const { kind: _, segments: __, ...measure } = clip;
  const keyframes = Array.from({ length: 12 }, (___, i) => i * 4);
  const request = {
    ...measure,
    model: "m",
    selection: "even",
    prompt: "",
    seed: 1,
    focus: { x: 0.5, y: 0.5 },
    keyframes,
    precision: "fp32",
  } as const;
  const { width, height } = clip;
  const rgb = Uint8Array.from({ length: width * height * 3 }, (___, i) => (i * 7) % 255);
  const sound = { sampleRate: 16_000, channels: [Float32Array.from({ length: 32_000 }, (___, i) => Math.sin(i / 9))] };
  const drawn: Uint8Array[] = [];
  const input = { request, picture: { width, height, rgb }, sound };
  const first = await pipeline.keyframes(input, { ...hooks, frame: (_n, each) => void drawn.push(each) });
  const second = await pipeline.interpolate({ ...input, keyframes: drawn }, hooks);
  return Object.fromEntries([...named("keyframes", first.seconds), ...named("motion", second.seconds)]);
}

/** A function, since the lines above run before those below are read. */
function named(name: string, all: Readonly<Record<string, number>>) {
  return Object.entries(all).map(([phase, value]) => [`${name}: ${phase}`, value] as const);
}
