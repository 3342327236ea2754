import { z } from "zod";
import { resolvedAnimationRequestSchema } from "./animation.ts";
import { errorDataSchema } from "./errors.ts";
import { exportRequestSchema, exportResultSchema } from "./export.ts";
import { resolvedRequestSchema } from "./generation.ts";
import { recordSchema } from "./record.ts";

/**
 * `waiting`: the job has done what it can and waits for the user's word (keyframes to approve); others go on meanwhile.
 * `paused`: the user holds it; what it has computed is kept.
 */
export const jobStateSchema = z.enum(["queued", "running", "waiting", "paused", "done", "failed", "cancelled"]);
export type JobState = z.infer<typeof jobStateSchema>;

/**
 * Progress of the running phase. Never decreases within a phase and ends at `done === total`; `total` 0 means unknown
 * (show the phase's name, never an invented bar). `etaMs` is for the whole job and is null until it can be measured.
 */
export const progressSchema = z.object({
  phase: z.enum([
    "queue",
    "load",
    "calibrate",
    "listen",
    "text",
    "denoise",
    "decode",
    "encode",
    "measure",
    "render",
    "check",
  ]),
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
  record: recordSchema,
});
export type Clip = z.infer<typeof clipSchema>;

const common = {
  id: z.string(),
  state: jobStateSchema,
  progress: progressSchema,
  /** Latest latent preview: fetch `preview/<job id>/<step>`; `frames` small RGBA pictures one after another. */
  preview: z.object({ step: z.number(), width: z.number(), height: z.number(), frames: z.number() }).nullable(),
  clip: clipSchema.nullable(),
  error: errorDataSchema.nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
};

/** One keyframe of the clip's list, in order of segments and frames. */
export const keyframeSchema = z.object({
  /** Counted in the clip. */
  frame: z.number(),
  /** How often it was made; 0: not yet. Its picture is fetched by this number, so that a new one is never mistaken for the old. */
  version: z.number(),
  /** True while it is still to be made, or made anew. */
  isDue: z.boolean(),
  /** True when the keyframe that its segment begins from was made anew since: it may no longer fit on to it. */
  isStale: z.boolean().default(false),
});
export type Keyframe = z.infer<typeof keyframeSchema>;

export const generateJobSchema = z.object({
  kind: z.literal("generate"),
  ...common,
  request: resolvedRequestSchema,
});
export type GenerateJob = z.infer<typeof generateJobSchema>;

export const animateJobSchema = z.object({
  kind: z.literal("animate"),
  ...common,
  request: resolvedAnimationRequestSchema,
  /** `keyframes`: listening and drawing keyframes; `approval`: they wait for the user's word; `motion`: frames in between. */
  stage: z.enum(["keyframes", "approval", "motion"]),
  keyframes: z.array(keyframeSchema),
  /** How many of `request.rolls` have been carried out. */
  rolled: z.number(),
  /** The motion curve that the keyframes follow, one value a frame; empty before the studio has listened. */
  curve: z.array(z.number()),
});
export type AnimateJob = z.infer<typeof animateJobSchema>;

export const exportJobSchema = z.object({
  kind: z.literal("export"),
  ...common,
  request: exportRequestSchema,
  /** Frames a second that are being painted and encoded, measured; null before it is known, and where there is only sound. */
  speed: z.number().nullable(),
  result: exportResultSchema.nullable(),
});
export type ExportJob = z.infer<typeof exportJobSchema>;

/** One unit of long work. Each kind has its own request; what they share stands above. */
export const jobSnapshotSchema = z.discriminatedUnion("kind", [generateJobSchema, animateJobSchema, exportJobSchema]);
export type JobSnapshot = z.infer<typeof jobSnapshotSchema>;
/** A job that makes a clip. */
export type ClipJob = GenerateJob | AnimateJob;
export type JobKind = JobSnapshot["kind"];
