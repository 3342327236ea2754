import { z } from "zod";
import { type GenerationRequest, limits, type ModelSummary, precisionSchema } from "../../core/contract/index.ts";

const choice = z.number().nullable().catch(null);

/**
 * What the user is about to ask for. `null` means "as the model likes it", so that changing the model changes what was never
 * chosen. It is kept in the browser's storage, where anything may have happened to it: every field falls back by itself.
 */
export const draftSchema = z.object({
  model: z.string().nullable().catch(null),
  prompt: z.string().catch(""),
  negativePrompt: z.string().catch(""),
  seed: z.number().int().min(limits.seed.min).max(limits.seed.max).catch(0),
  seedLocked: z.boolean().catch(false),
  width: choice,
  height: choice,
  frames: choice,
  fps: choice,
  steps: choice,
  guidance: choice,
  precision: precisionSchema.nullable().catch(null),
  variations: z.number().int().min(limits.variations.min).max(limits.variations.max).catch(1),
});
export type Draft = z.infer<typeof draftSchema>;

const KEY = "plume.draft/1";
type TextStore = Pick<Storage, "getItem" | "setItem">;

/** A seed from the whole range, from the system's random numbers. */
export const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** The draft of last time; whatever of it is missing or damaged is as new. */
export function loadDraft(storage: TextStore): Draft {
  let stored: unknown = null;
  try {
    stored = JSON.parse(storage.getItem(KEY) ?? "null");
  } catch {
    // Storage that is blocked or damaged costs the draft, nothing else.
  }
  const fields = typeof stored === "object" && stored !== null ? stored : {};
  return draftSchema.parse({ seed: randomSeed(), ...fields });
}

export function saveDraft(storage: TextStore, draft: Draft): void {
  try {
    storage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // See loadDraft.
  }
}

/** The values that a draft stands for with a model: each choice, or the model's own default. */
export function settingsOf(draft: Draft, model: ModelSummary) {
  const { defaults } = model;
  return {
    width: draft.width ?? defaults.width,
    height: draft.height ?? defaults.height,
    frames: draft.frames ?? defaults.frames,
    fps: draft.fps ?? defaults.fps,
    steps: Math.min(draft.steps ?? defaults.steps, model.maxSteps),
    guidance: draft.guidance ?? defaults.guidance,
    precision: draft.precision && model.precisions.includes(draft.precision) ? draft.precision : defaults.precision,
  };
}
export type Settings = ReturnType<typeof settingsOf>;

/** The models that make clips from words. */
export const wordModels = (models: readonly ModelSummary[]): readonly ModelSummary[] =>
  models.filter(({ animation, vision }) => animation === undefined && vision === undefined);

/** The model that a draft means: the chosen one if it is still installed, else the first that makes clips from words. */
export function modelOf(draft: Draft, models: readonly ModelSummary[]): ModelSummary | null {
  const fitting = wordModels(models);
  return fitting.find((model) => model.id === draft.model) ?? fitting[0] ?? null;
}

/**
 * The request that "Generate" sends. Without a model (the bundled one is still being prepared) the studio fills in its own default
 * and the settings that go with it.
 */
export function requestOf(draft: Draft, model: ModelSummary | null): GenerationRequest {
  return {
    prompt: draft.prompt,
    seed: draft.seed,
    ...(model ? { model: model.id, ...settingsOf(draft, model) } : {}),
    ...(draft.negativePrompt.trim() === "" ? {} : { negativePrompt: draft.negativePrompt }),
  };
}

/** A draft that asks for exactly this again, keeping how many variations the user likes. */
export function draftFrom(request: GenerationRequest, before: Draft): Draft {
  return draftSchema.parse({ ...before, ...request, seedLocked: true });
}
