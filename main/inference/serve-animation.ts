import { SEGMENT_KEYFRAMES } from "../../core/contract/index.ts";
import type { AnimateHooks, AnimateInput, AnimatePipeline, GenerateResult } from "../../native-models/types.ts";
import type { TaskCommand } from "./protocol.ts";
import { readPictures, readSound, readSavedState } from "./work-files.ts";

export type AnimateCommand = Extract<TaskCommand, { type: "localise" | "keyframes" | "interpolate" }>;
type Of<T extends AnimateCommand["type"]> = Extract<AnimateCommand, { type: T }>;

export async function localise(pipeline: AnimatePipeline, { sound }: Of<"localise">): Promise<{ scores: number[] }> {
  return { scores: Array.from(await pipeline.localise(await readSound(sound))) };
}

export async function keyframes(
  pipeline: AnimatePipeline,
  command: Of<"keyframes">,
  hooks: AnimateHooks,
): Promise<GenerateResult> {
  const { only, kept, request } = command;
  const input = await readInput(command);
  if (only === null || kept === null) return pipeline.keyframes(input, hooks);
  const pictures = await readPictures({ file: kept, width: request.width, height: request.height }, SEGMENT_KEYFRAMES);
  const keep = pictures.map(({ rgb }, place) => (only.includes(place) ? null : rgb));
  return pipeline.keyframes({ ...input, only, kept: keep }, hooks);
}

export async function interpolate(
  pipeline: AnimatePipeline,
  command: Of<"interpolate">,
  hooks: AnimateHooks,
): Promise<GenerateResult> {
  const { width, height } = command.request;
  const pictures = await readPictures({ file: command.keyframes, width, height }, SEGMENT_KEYFRAMES);
  return pipeline.interpolate({ ...(await readInput(command)), keyframes: pictures.map(({ rgb }) => rgb) }, hooks);
}

async function readInput({
  request,
  picture,
  sound,
  resume,
  memoryBytes,
}: Of<"keyframes"> | Of<"interpolate">): Promise<AnimateInput> {
  const [first] = await readPictures(picture, 1);
  const state = await readSavedState(resume);
  return {
    request,
    picture: first!,
    sound: await readSound(sound),
    ...(state === undefined ? {} : { resume: state }),
    ...(memoryBytes === null ? {} : { memoryBytes }),
  };
}
