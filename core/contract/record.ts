import { z } from "zod";
import { animationRecordSchema } from "./animation.ts";
import { generationRecordSchema } from "./generation.ts";

/** What a kind of job leaves behind says how it was made; `schema` tells which. */
export const recordSchema = z.discriminatedUnion("schema", [generationRecordSchema, animationRecordSchema]);
export type ClipRecord = z.infer<typeof recordSchema>;
