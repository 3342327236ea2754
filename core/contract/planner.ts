import { z } from "zod";
import { presetSchema, threeWayGuidanceSchema } from "./animation.ts";
import { generationRequestSchema } from "./generation.ts";

/** A way for onnxruntime to compute, as it calls it. */
export const deviceIdSchema = z.enum(["cpu", "webgpu", "dml", "coreml", "cuda"]);
export type DeviceId = z.infer<typeof deviceIdSchema>;

/** Instead of the one that a clip would be made on now: what would it take on this one? */
const onDevice = { device: deviceIdSchema.optional() };

/** A clip that somebody thinks of making; what is not said is the model's own default. */
export const planWishSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("generate"),
    ...onDevice,
    request: generationRequestSchema.omit({ prompt: true, negativePrompt: true, seed: true }).partial(),
  }),
  z.strictObject({
    kind: z.literal("animate"),
    ...onDevice,
    request: z.strictObject({
      model: z.string().min(1).max(200).optional(),
      width: generationRequestSchema.shape.width,
      height: generationRequestSchema.shape.height,
      /** At 24 a second. */
      frames: z.number().int().min(1).max(2000).optional(),
      preset: presetSchema.optional(),
      steps: z.number().int().min(1).max(90).optional(),
      guidance: threeWayGuidanceSchema.optional(),
    }),
  }),
]);
export type PlanWish = z.infer<typeof planWishSchema>;

/** What making a clip would take. */
export const planSchema = z.object({
  model: z.string(),
  /** Pixels and frames, whole. */
  width: z.number(),
  height: z.number(),
  frames: z.number(),
  /** Where the model would work, and where the user chose another one, why not there. */
  device: deviceIdSchema,
  deviceNote: z.string().nullable(),
  /** False: it would most likely run out of memory. */
  fits: z.boolean(),
  /** Of the engine at its peak, and what it could have now. */
  memoryBytes: z.number(),
  availableBytes: z.number(),
  /** Null while nothing is known of this computer's speed. */
  seconds: z.number().nullable(),
  /** Measured on clips like this; scaled from other clips of this model; estimated from this computer's speed. */
  basis: z.enum(["measured", "scaled", "estimated"]).nullable(),
  /** Why it does not fit; null where it does. */
  reason: z.string().nullable(),
  /** What would make it fit: a few words each (“256×192”), and what to change in the wish. */
  advice: z.array(
    z.object({
      text: z.string(),
      change: z.object({ width: z.number(), height: z.number(), frames: z.number() }).partial(),
    }),
  ),
});
export type Plan = z.infer<typeof planSchema>;

/** One way for onnxruntime to compute on this computer, as it was tried. */
export const deviceSchema = z.object({
  id: deviceIdSchema,
  name: z.string(),
  /** False also where it worked once and was put off: it ended an engine, or computed otherwise than the processor. */
  works: z.boolean(),
  /** Why not, in one sentence; null where it works. */
  reason: z.string().nullable(),
  /** 10⁹ floating point operations a second of a large matrix product; null where it does not work. */
  gflops: z.number().nullable(),
  /** Whether clips are made there now. */
  used: z.boolean(),
});
export type Device = z.infer<typeof deviceSchema>;

export const plannerSettingsSchema = z.strictObject({
  /** `auto`: the processor, unless a device of this computer is clearly faster. */
  device: z.enum(["auto", ...deviceIdSchema.options]),
  /** The most that models may take together; null: the usual part of the memory. */
  memoryBytes: z.number().int().min(500_000_000, "Models need at least 500 MB of memory.").nullable(),
});
export type PlannerSettings = z.infer<typeof plannerSettingsSchema>;

export const computerSchema = z.object({
  settings: plannerSettingsSchema,
  devices: z.array(deviceSchema),
  /** Bytes. */
  memory: z.object({
    /** Of this computer or container. */
    total: z.number(),
    /** The most that models may take together, and what that is where nobody says otherwise. */
    limit: z.number(),
    usual: z.number(),
    /** What a clip could have now, and what models hold. */
    available: z.number(),
    held: z.number(),
  }),
});
/** What clips are made with. */
export type Computer = z.infer<typeof computerSchema>;

export const plannerMethods = {
  /** What these clips would take, in their order. Errors: MODEL_NOT_FOUND, MODEL_DAMAGED, MODEL_WRONG_KIND. */
  "planner.plan": {
    input: z.strictObject({ wishes: z.array(planWishSchema).min(1).max(64) }),
    output: z.array(planSchema),
  },
  /** What clips are made with; `again` tries also the devices that were tried before, and those that were put off. */
  "planner.computer": { input: z.strictObject({ again: z.boolean().optional() }), output: computerSchema },
  /** Holds for clips that begin from now on. */
  "planner.configure": { input: plannerSettingsSchema.partial(), output: computerSchema },
} as const;

/** What no choice of a device changes, and why; shown with the choice. */
export const PROCESSOR_ONLY =
  "Media are looked at on the processor, which is done with a picture before another device would be open; so are clips in int8, whose operators only the processor has.";
