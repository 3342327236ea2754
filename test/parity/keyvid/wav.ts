/** Reads the goldens' WAV files: PCM of 16 bit, as every channel's samples divided by 32768. */
import { readFile } from "node:fs/promises";
import type { Sound } from "../../../core/sound/index.ts";

/** @throws Error for what the goldens do not use: another container or sample format */
export async function readWav(path: string): Promise<Sound> {
  const file = await readFile(path);
  if (file.toString("latin1", 0, 4) !== "RIFF") throw new Error(`${path} is no WAV file`);
  let [channels, sampleRate] = [0, 0];
  for (let at = 12; at + 8 <= file.length; ) {
    const length = file.readUInt32LE(at + 4);
    const kind = file.toString("latin1", at, at + 4);
    const body = file.subarray(at + 8, at + 8 + length);
    if (kind === "fmt ") {
      if (body.readUInt16LE(0) !== 1 || body.readUInt16LE(14) !== 16)
        throw new Error(`${path} is a kind of WAV that is not read here`);
      [channels, sampleRate] = [body.readUInt16LE(2), body.readUInt32LE(4)];
    }
    if (kind === "data") {
      const count = Math.floor(body.length / 2 / channels);
      const samples = (channel: number) =>
        Float32Array.from({ length: count }, (_, i) => body.readInt16LE((i * channels + channel) * 2) / 32768);
      return { sampleRate, channels: Array.from({ length: channels }, (_, channel) => samples(channel)) };
    }
    at += 8 + length + (length % 2);
  }
  throw new Error(`${path} holds no samples`);
}
