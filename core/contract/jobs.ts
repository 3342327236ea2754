import { z } from "zod";
import { errorDataSchema } from "./errors.ts";
import { generationRecordSchema, resolvedRequestSchema } from "./generation.ts";

export const jobStateSchema = z.enum(["queued", "running", "done", "failed", "cancelled"]);
export type JobState = z.infer<typeof jobStateSchema>;

/**
 * Progress of the running phase. Never decreases within a phase and ends at `done === total`; `total` 0 means unknown
 * (show the phase's name, never an invented bar). `etaMs` is for the whole job and is null until it can be measured.
 */
export const progressSchema = z.object({
  phase: z.enum(["queue", "load", "calibrate", "text", "denoise", "decode", "encode"]),
  done: z.number(),
  total: z.number(),
  /** Share of the whole job, 0 to 1, never decreasing; from measured or known costs of the phases. */
  fraction: z.number().min(0).max(1),
  etaMs: z.number().nullable(),
});
export type Progress = z.infer<typeof progressSchema>;

/** A finished clip in the library. Files are named by opaque id; the window never sees a path. */
export const clipSchema = z.object({
  id: z.string(),
  fileName: z.string(),
  bytes: z.number(),
  width: z.number(),
  height: z.number(),
  frames: z.number(),
  fps: z.number(),
  record: generationRecordSchema,
});
export type Clip = z.infer<typeof clipSchema>;

export const jobSnapshotSchema = z.object({
  id: z.string(),
  kind: z.literal("generate"),
  state: jobStateSchema,
  request: resolvedRequestSchema,
  progress: progressSchema,
  /** Latest latent preview: fetch `preview/<job id>/<step>`; `frames` small RGBA pictures one after another. */
  preview: z.object({ step: z.number(), width: z.number(), height: z.number(), frames: z.number() }).nullable(),
  clip: clipSchema.nullable(),
  error: errorDataSchema.nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
});
export type JobSnapshot = z.infer<typeof jobSnapshotSchema>;
