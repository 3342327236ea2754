import { z } from "zod";
import {
  deviceIdSchema,
  errorDataSchema,
  precisionSchema,
  resolvedAnimationSchema,
  resolvedRequestSchema,
  weightFormatSchema,
} from "../../core/contract/index.ts";

/** Raised when a message changes its meaning; both sides come from one release, so a difference means a broken installation. */
export const PROTOCOL_VERSION = 6;

const task = z.string();

export const loraSchema = z.object({ file: z.string(), scale: z.number() });

/** Which model works, and how. */
const model = {
  /** Absolute path of the model pack's folder. */
  pack: z.string(),
  threads: z.number().int().min(1),
  precision: precisionSchema,
  /** Where its networks run. */
  device: deviceIdSchema,
};

/** A stretch of a work file: float32, the channels one after another. What lies beyond the file's end is silence. */
export const soundFileSchema = z.object({
  file: z.string(),
  sampleRate: z.number().positive(),
  channels: z.number().int().min(1),
  /** Samples a channel in the file. */
  samples: z.number().int().min(0),
  /** First sample of the stretch, and its length. */
  from: z.number().int().min(0),
  length: z.number().int().min(1),
});
export type SoundFile = z.infer<typeof soundFileSchema>;

/** A work file of RGB8 pictures of one size, one after another. */
export const pictureFileSchema = z.object({
  file: z.string(),
  width: z.number().int().min(1),
  height: z.number().int().min(1),
});
export type PictureFile = z.infer<typeof pictureFileSchema>;

const segment = {
  request: resolvedAnimationSchema,
  picture: pictureFileSchema,
  sound: soundFileSchema,
  /** File of the state that an interrupted run of this very task left, or null. */
  resume: z.string().nullable(),
  /** Bytes of memory that the planner says the clip takes; null: the formula decides alone whether there is enough. */
  memoryBytes: z.number().positive().nullable(),
};

/** Studio → engine. */
export const commandSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello"), protocol: z.number() }),
  z.object({
    type: z.literal("generate"),
    task,
    ...model,
    request: resolvedRequestSchema,
    /** File of the state that an interrupted run of this very task left, or null. */
    resume: z.string().nullable(),
  }),
  /** Motion scores of two seconds of sound. */
  z.object({ type: z.literal("localise"), task, ...model, sound: soundFileSchema }),
  z.object({
    type: z.literal("keyframes"),
    task,
    ...model,
    ...segment,
    /** Places of the twelve to make; null: all. The others are taken from `kept`, a file of all twelve. */
    only: z.array(z.number().int().min(0)).nullable(),
    kept: z.string().nullable(),
  }),
  z.object({
    type: z.literal("interpolate"),
    task,
    ...model,
    ...segment,
    /** File of the twelve keyframes at the request's size. */
    keyframes: z.string(),
  }),
  /** What is to be seen in pictures: tags, objects or both. */
  z.object({
    type: z.literal("look"),
    task,
    ...model,
    pictures: pictureFileSchema,
    /** Pictures in the file. */
    count: z.number().int().min(1),
    tags: z.boolean(),
    objects: z.boolean(),
  }),
  z.object({
    type: z.literal("install"),
    task,
    /** Absolute path of the published checkpoint. */
    file: z.string(),
    /** Absolute path of the folder to make; it appears only when it is complete. */
    pack: z.string(),
    id: z.string(),
    name: z.string().nullable(),
    bundled: z.boolean(),
    loras: z.array(loraSchema),
    weights: weightFormatSchema,
    threads: z.number().int().min(1),
  }),
  /** Makes what a pack keeps beside its weights; a pack that has it all is left alone. */
  z.object({ type: z.literal("prepare"), task, pack: z.string(), threads: z.number().int().min(1) }),
  z.object({ type: z.literal("verify"), task, pack: z.string() }),
  z.object({ type: z.literal("cancel"), task }),
]);
export type Command = z.infer<typeof commandSchema>;
export type TaskCommand = Extract<Command, { task: string; type: Exclude<Command["type"], "cancel"> }>;

const share = z.number().min(0).max(1);

/** What was seen in one picture. Surest first. */
export const sightSchema = z.object({
  tags: z.array(z.object({ label: z.string(), score: share })),
  objects: z.array(
    z.object({
      label: z.string(),
      score: share,
      /** Left, top, right and bottom edge in pixels of the picture. */
      box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      /** Which part of the picture the mask covers. Its bytes (1 or 0 a pixel) follow those of the object before in the body. */
      mask: z.object({
        left: z.number().int(),
        top: z.number().int(),
        width: z.number().int().min(0),
        height: z.number().int().min(0),
      }),
    }),
  ),
});
export type SightHead = z.infer<typeof sightSchema>;

/** Engine → studio. `preview`, `frame`, `saved` and `seen` carry their bytes as the message's body. */
export const reportSchema = z.discriminatedUnion("type", [
  /** `onnxruntime`: its version, by which it is also known that it loads on this computer. */
  z.object({ type: z.literal("ready"), protocol: z.number(), pid: z.number(), onnxruntime: z.string() }),
  z.object({
    type: z.literal("progress"),
    task,
    phase: z.enum(["load", "calibrate", "text", "denoise", "decode", "install", "prepare", "verify"]),
    /** Words for the current step of an installation, preparation or verification; empty otherwise. */
    step: z.string(),
    done: z.number(),
    total: z.number(),
    /** Share of the task's whole work, 0 to 1. */
    fraction: z.number().min(0).max(1),
  }),
  z.object({
    type: z.literal("preview"),
    task,
    step: z.number(),
    width: z.number(),
    height: z.number(),
    frames: z.number(),
  }),
  z.object({ type: z.literal("frame"), task, index: z.number() }),
  /** All that an interrupted run needs to go on bit for bit, as the message's body, taken after this step. */
  z.object({ type: z.literal("saved"), task, step: z.number() }),
  /** One picture was looked at; the body holds its objects' masks one after another. */
  z.object({ type: z.literal("seen"), task, index: z.number().int().min(0), ...sightSchema.shape }),
  /** `result` depends on the command and is checked by whoever asked. */
  z.object({ type: z.literal("done"), task, result: z.unknown().optional() }),
  z.object({ type: z.literal("failed"), task, error: errorDataSchema }),
]);
export type Report = z.infer<typeof reportSchema>;
export type TaskReport = Extract<Report, { task: string }>;

export const generateResultSchema = z.object({
  framesSha256: z.string().regex(/^[0-9a-f]{64}$/),
  seconds: z.record(z.string(), z.number()),
  /** Steps that an earlier run had done already. */
  resumed: z.number(),
  /** Version of onnxruntime and the execution provider that did the work. */
  onnxruntime: z.string(),
  executionProvider: deviceIdSchema,
  threads: z.number(),
});

/** What a verification found that was damaged and could be thrown away, because it is made anew when it is needed. */
export const verifyResultSchema = z.object({ dropped: z.array(z.string()) });
export type VerifyOutcome = z.infer<typeof verifyResultSchema>;

export type GenerateOutcome = z.infer<typeof generateResultSchema>;

export const localiseResultSchema = z.object({ scores: z.array(z.number()) });

/** One line on the heartbeat pipe. Written by a thread of its own, since a running model blocks the engine's main thread for minutes. */
export const heartbeatSchema = z.object({
  /** Resident memory of the engine, bytes. */
  rss: z.number(),
  /** Memory that the system could still give, bytes. */
  available: z.number(),
  /** Milliseconds since the engine's main thread last had a turn. */
  busyMs: z.number(),
  /** Processor time of the engine without the heartbeat's own, ms: stands still in an engine that waits for something. */
  cpuMs: z.number(),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;
