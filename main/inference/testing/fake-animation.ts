import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ANIMATION_FPS, SEGMENT_FRAMES, SEGMENT_KEYFRAMES } from "../../../core/contract/index.ts";
import type { Sound } from "../../../core/sound/index.ts";
import type {
  AnimateHooks,
  AnimateInput,
  AnimatePipeline,
  GenerateResult,
  InterpolateInput,
  KeyframesInput,
  Picture,
} from "../../../native-models/types.ts";
import { fakeAnimator } from "./fake-summary.ts";

/**
 * An animator for tests that does with arithmetic what the real one does with networks: scores are the sound's level, keyframes are
 * the picture zoomed by it, and frames in between are mixtures. Words of the prompt make it slow or let it die, as for clips.
 */
export function fakeAnimation(misbehave: (has: (word: string) => boolean) => void): AnimatePipeline {
  async function denoise(input: AnimateInput, hooks: AnimateHooks, frames: number): Promise<number> {
    const { prompt, steps } = input.request;
    const has = (word: string): boolean => prompt.split(" ").includes(word);
    const resumed = input.resume === undefined ? 0 : (input.resume[0] ?? 0);
    await hooks.progress("text", 1, 1, 0.01);
    for (let step = resumed + 1; step <= steps; step += 1) {
      if (has("slow")) await sleep(80);
      hooks.signal.throwIfAborted();
      if (step === 2 && frames === SEGMENT_KEYFRAMES && input.resume === undefined) misbehave(has);
      const rgba = new Uint8Array(16 * 16 * 4 * frames).map((_, i) => (i % 4 === 3 ? 255 : (step * 20 + i * 7) % 255));
      await hooks.preview({ step, width: 16, height: 16, frames, rgba });
      await hooks.progress("denoise", step, steps, (0.9 * step) / steps);
      await hooks.saved?.(Uint8Array.of(step), step);
    }
    return resumed;
  }

  return {
    kind: "animate",
    summary: fakeAnimator,
    localise: async (sound) => levels(sound),

    async keyframes(input: KeyframesInput, hooks): Promise<GenerateResult> {
      const { request, picture, only, kept } = input;
      const resumed = await denoise(input, hooks, SEGMENT_KEYFRAMES);
      const scores = levels(input.sound);
      const hash = createHash("sha256");
      for (const [place, frame] of request.keyframes.entries()) {
        const old = only === undefined || only.includes(place) ? null : (kept?.[place] ?? null);
        const rgb = old ?? zoomed(picture, request, 1 + 0.5 * (scores[frame] ?? 0), request.seed);
        hash.update(rgb);
        await hooks.frame(place, rgb);
        await hooks.progress("decode", place + 1, SEGMENT_KEYFRAMES, 0.9 + (0.1 * (place + 1)) / SEGMENT_KEYFRAMES);
      }
      return { framesSha256: hash.digest("hex"), seconds: { denoise: 0.1, resumed } };
    },

    async interpolate({ keyframes, ...input }: InterpolateInput, hooks): Promise<GenerateResult> {
      const { request } = input;
      const resumed = await denoise(input, hooks, SEGMENT_FRAMES);
      const hash = createHash("sha256");
      for (let frame = 0; frame < SEGMENT_FRAMES; frame += 1) {
        const left = request.keyframes.findLastIndex((each) => each <= frame);
        const right = Math.min(left + 1, SEGMENT_KEYFRAMES - 1);
        const [from, to] = [request.keyframes[left] ?? 0, request.keyframes[right] ?? 0];
        const share = to > from ? (frame - from) / (to - from) : 0;
        const [a, b] = [keyframes[left]!, keyframes[right]!];
        const rgb = a.map((value, i) => value + ((b[i] ?? 0) - value) * share);
        hash.update(rgb);
        await hooks.frame(frame, rgb);
        await hooks.progress("decode", frame + 1, SEGMENT_FRAMES, 0.9 + (0.1 * (frame + 1)) / SEGMENT_FRAMES);
      }
      return { framesSha256: hash.digest("hex"), seconds: { denoise: 0.2, resumed } };
    },

    close: async () => {},
  };
}

/** The loudest sample of each frame. */
function levels({ channels, sampleRate }: Sound): Float32Array {
  const [first = new Float32Array(0)] = channels;
  return Float32Array.from({ length: SEGMENT_FRAMES }, (_, frame) => {
    const from = Math.round((frame * sampleRate) / ANIMATION_FPS);
    const to = Math.round(((frame + 1) * sampleRate) / ANIMATION_FPS);
    return first.subarray(from, to).reduce((best, value) => Math.max(best, Math.abs(value)), 0);
  });
}

/** The picture's middle at the wanted size, larger by `zoom`; the seed turns its light a little. */
function zoomed(
  picture: Picture,
  { width, height }: { readonly width: number; readonly height: number },
  zoom: number,
  seed: number,
): Uint8Array {
  const scale = Math.max(width / picture.width, height / picture.height) * zoom;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const sx = Math.min(picture.width - 1, Math.max(0, Math.floor(picture.width / 2 + (x - width / 2) / scale)));
      const sy = Math.min(picture.height - 1, Math.max(0, Math.floor(picture.height / 2 + (y - height / 2) / scale)));
      for (let c = 0; c < 3; c += 1)
        rgb[(y * width + x) * 3 + c] =
          ((picture.rgb[(sy * picture.width + sx) * 3 + c] ?? 0) * (230 + (seed % 26))) / 255;
    }
  // Two seeds never give the same picture.
  new DataView(rgb.buffer).setUint32(0, seed);
  return rgb;
}
