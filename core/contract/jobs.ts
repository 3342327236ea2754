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
    "download",
    "verify",
    "convert",
    "proxy",
    "look",
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

/** Of the jobs that wait, those of a higher priority go first; among equals, the order in which they stand. */
export const prioritySchema = z.enum(["high", "normal", "low"]);
export type Priority = z.infer<typeof prioritySchema>;

const common = {
  id: z.string(),
  state: jobStateSchema,
  priority: prioritySchema.default("normal"),
  /** Jobs that must be done before this one begins; where one of them is not to be, neither is this. */
  after: z.array(z.string()).default([]),
  /** The jobs of one list or sweep share it: they are shown together. Null: queued on its own. */
  batch: z.string().nullable().default(null),
  /** Why it does not begin although it could be its turn (too little memory is free), in one sentence. Resuming it begins it in spite of that. */
  waitsFor: z.string().nullable().default(null),
  /** How often the studio ended without a word while this was being worked on. */
  interruptions: z.number().default(0),
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

const modelJob = {
  ...common,
  /** What the list calls it: “Hummingbird 0.9B”. */
  title: z.string(),
  /** What is to be done, in the words of the model store, which checks them. */
  request: z.record(z.string(), z.json()),
  /** Bytes a second, measured; null before it is known, and where it is not counted in bytes. */
  speed: z.number().nullable(),
  /** Id of the installed model, where that is what came of it. */
  result: z.object({ model: z.string().nullable() }).nullable(),
};
/** Files of a model on their way to this computer. Waits for no other kind of work, and no other waits for it. */
export const downloadJobSchema = z.object({ kind: z.literal("download"), ...modelJob });
export type DownloadJob = z.infer<typeof downloadJobSchema>;
/** Published files become an installed model. */
export const convertJobSchema = z.object({ kind: z.literal("convert"), ...modelJob });
export type ConvertJob = z.infer<typeof convertJobSchema>;
export type ModelJob = DownloadJob | ConvertJob;

const mediaJob = {
  ...common,
  /** What the list calls it: the media's own name. */
  title: z.string(),
  request: z.object({
    /** Who asked for it. Any other media of this version serves as well. */
    media: z.string(),
    /** Of the bytes: the same ones are never worked on twice. */
    version: z.string(),
  }),
};
/** A version of media that plays smoothly, where the original does not. */
export const proxyJobSchema = z.object({ kind: z.literal("proxy"), ...mediaJob });
export type ProxyJob = z.infer<typeof proxyJobSchema>;
/** Looking at what is to be seen in media. */
export const analysisJobSchema = z.object({ kind: z.literal("analysis"), ...mediaJob });
export type AnalysisJob = z.infer<typeof analysisJobSchema>;
/** What is looked for in media: where its subjects are in a stretch of it (seconds of its time), with masks; or throughout, as boxes. */
export const subjectLookSchema = z.discriminatedUnion("for", [
  z.object({ for: z.literal("masks"), start: z.number(), end: z.number() }),
  z.object({ for: z.literal("reframe") }),
]);
export type SubjectLook = z.infer<typeof subjectLookSchema>;
/** Following the subjects of media, which somebody waits for: an effect shows them, a clip or a film needs them. */
export const followJobSchema = z.object({
  kind: z.literal("follow"),
  ...mediaJob,
  request: mediaJob.request.extend({ look: subjectLookSchema }),
});
export type FollowJob = z.infer<typeof followJobSchema>;
/**
 * Work that the studio does for media by itself. Those of one import share a batch, and leave the list when all of them are done; what
 * failed or was stopped stays until the user says what to do with it.
 */
export type MediaJob = ProxyJob | AnalysisJob | FollowJob;
export const isMediaJob = (job: JobSnapshot): job is MediaJob =>
  job.kind === "proxy" || job.kind === "analysis" || job.kind === "follow";

/** One unit of long work. Each kind has its own request; what they share stands above. */
export const jobSnapshotSchema = z.discriminatedUnion("kind", [
  generateJobSchema,
  animateJobSchema,
  exportJobSchema,
  downloadJobSchema,
  convertJobSchema,
  proxyJobSchema,
  analysisJobSchema,
  followJobSchema,
]);
export type JobSnapshot = z.infer<typeof jobSnapshotSchema>;
/** A job that makes a clip. */
export type ClipJob = GenerateJob | AnimateJob;
export type JobKind = JobSnapshot["kind"];

/** Why nothing new begins: the user paused the queue, or an engine died too often in a short time. */
export const queueHoldSchema = z.object({
  by: z.enum(["user", "deaths"]),
  message: z.string(),
  /** Only jobs of these kinds wait; absent: all do. */
  only: z.array(z.enum(["analysis", "follow"])).optional(),
});
export type QueueHold = z.infer<typeof queueHoldSchema>;

/** Whether what holds the queue holds jobs of this kind. */
export const isHeld = (hold: QueueHold | null, kind: JobKind): boolean =>
  hold !== null && (hold.only === undefined || hold.only.some((each) => each === kind));

/** What can be done to all jobs of a batch at once; each takes of it what it can. */
export const batchActSchema = z.union([
  z.enum(["pause", "resume", "cancel", "retry", "dismiss"]),
  z.strictObject({ priority: prioritySchema }),
]);
export type BatchAct = z.infer<typeof batchActSchema>;

/** The queue as a whole. */
export const queueStateSchema = z.object({
  /** Ids of all jobs, in the order in which they stand. */
  order: z.array(z.string()),
  hold: queueHoldSchema.nullable(),
});
export type QueueState = z.infer<typeof queueStateSchema>;
