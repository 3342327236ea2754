import { extname } from "node:path";
import { StudioError } from "../../core/contract/index.ts";
import type { LoraFile } from "../studio/index.ts";

/**
 * A number as typed. What is no number becomes NaN, which the contract refuses with its own sentence: every front says the same.
 */
export function number(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** `320x192` → pixels. Errors: BAD_REQUEST. */
export function size(text: string): { width: number; height: number } {
  const match = /^(\d+)\s*[x×X]\s*(\d+)$/.exec(text.trim());
  if (match === null)
    throw new StudioError("BAD_REQUEST", "The size must be width x height in pixels, for example 320x192.", text);
  return { width: Number(match[1]), height: Number(match[2]) };
}

/** `style.pt` or `style.pt:0.8`; only a number after the last colon is a scale, so drive letters stay whole. Errors: BAD_REQUEST. */
export function lora(text: string): LoraFile {
  const match = /^(.+):([^:\\/]*)$/.exec(text);
  const scale = match === null ? Number.NaN : number(match[2]!);
  if (match !== null && Number.isFinite(scale)) return { file: match[1]!, scale };
  if (text.trim() === "") throw new StudioError("BAD_REQUEST", "Name a LoRA file, for example --lora style.pt:0.8.");
  return { file: text, scale: 1 };
}

/** The file of the n-th of several variations: `out.mp4`, `out-2.mp4`, … */
export function numbered(file: string, n: number): string {
  if (n === 1) return file;
  const extension = extname(file);
  return `${file.slice(0, file.length - extension.length)}-${n}${extension}`;
}
