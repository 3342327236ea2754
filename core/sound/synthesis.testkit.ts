/** Test help: sounds whose onsets, beats and loudness are known. */
import type { Sound } from "./sound.ts";

/** Repeatable noise in -1 to 1. */
export function noise(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

export function silence(seconds: number, sampleRate: number, channels = 1): Sound {
  return {
    sampleRate,
    channels: Array.from({ length: channels }, () => new Float32Array(Math.round(seconds * sampleRate))),
  };
}

/** A sine of constant height. */
export function tone(hertz: number, seconds: number, sampleRate: number, height = 0.5): Sound {
  const [channel] = silence(seconds, sampleRate).channels;
  return { sampleRate, channels: [channel!.map((_, i) => height * Math.sin((2 * Math.PI * hertz * i) / sampleRate))] };
}

export interface Hit {
  readonly at: number;
  readonly height?: number;
}

/** Decaying bursts: noise for a click or a snare, a falling sine for a kick. */
export function hits(
  times: readonly Hit[],
  seconds: number,
  sampleRate: number,
  kind: "click" | "kick" = "click",
): Float32Array {
  const samples = new Float32Array(Math.round(seconds * sampleRate));
  const random = noise(7);
  for (const { at, height = 0.8 } of times) {
    const start = Math.round(at * sampleRate);
    const length = (kind === "kick" ? 0.15 : 0.02) * sampleRate;
    for (let i = 0; i < length && start + i < samples.length; i++) {
      const t = i / sampleRate;
      const wave =
        kind === "kick" ? Math.sin(2 * Math.PI * 60 * t) * Math.exp(-t / 0.05) : random() * Math.exp(-t / 0.005);
      samples[start + i]! += height * wave;
    }
  }
  return samples;
}

/** Sums channels sample by sample. */
export function mix(sampleRate: number, ...parts: readonly Float32Array[]): Sound {
  const length = Math.max(...parts.map((part) => part.length));
  return {
    sampleRate,
    channels: [Float32Array.from({ length }, (_, i) => parts.reduce((sum, part) => sum + (part[i] ?? 0), 0))],
  };
}
