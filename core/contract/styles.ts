/** Styles: LoRAs that change a model's U-Net, kept as small cards and mixed into models that share their base's weights. */
import { z } from "zod";
import { modelIdSchema } from "./catalogue.ts";
import { jobSnapshotSchema } from "./jobs.ts";

const words = z.string().trim().max(2000);

export const styleSchema = z.object({
  id: modelIdSchema,
  name: z.string(),
  /** What its makers say of it; empty: nothing. */
  about: z.string(),
  /** Words that a prompt should hold for it to show. */
  triggers: z.array(z.string()),
  /** As its makers state it. */
  licence: z.string(),
  /** Of the file. */
  bytes: z.number(),
  /** Layers that it changes. */
  layers: z.number(),
  /** A small picture of what it does, as a data URL; null: there is none. */
  preview: z.string().nullable(),
});
export type Style = z.infer<typeof styleSchema>;

export const mixSchema = z.strictObject({
  /** Id of the installed model to change. */
  model: modelIdSchema,
  styles: z
    .array(
      z.strictObject({
        id: modelIdSchema,
        /** 1 is as trained, 0 nothing; below 0 the opposite. */
        strength: z
          .number({ error: "A style's strength is a number from -2 to 2." })
          .min(-2, "A style's strength is a number from -2 to 2.")
          .max(2, "A style's strength is a number from -2 to 2."),
      }),
    )
    .min(1, "Choose a style to mix with the model.")
    .max(8, "At most eight styles can be mixed."),
});
export type Mix = z.infer<typeof mixSchema>;

const nothing = z.strictObject({});

export const styleMethods = {
  "styles.list": { input: nothing, output: z.array(styleSchema) },
  /** Writes down what a style is called, what calls it up and under which terms it stands. Errors: NOT_FOUND. */
  "styles.edit": {
    input: z.strictObject({
      id: modelIdSchema,
      name: words.min(1).max(100).optional(),
      about: words.optional(),
      triggers: z.array(words.min(1).max(100)).max(20).optional(),
      licence: words.optional(),
    }),
    output: styleSchema,
  },
  /** Models that were mixed with it stay. Errors: NOT_FOUND. */
  "styles.remove": { input: z.strictObject({ id: modelIdSchema }), output: nothing },
  /** Queues the making of a model with these styles. Errors: MODEL_NOT_FOUND, NOT_FOUND, BAD_REQUEST (it is there already). */
  "styles.mix": { input: mixSchema, output: jobSnapshotSchema },
} as const;
