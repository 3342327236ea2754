import { z } from "zod";
import { maskStatusSchema, mediaFactsSchema } from "./analysis.ts";
import { animationPlanSchema, animationRequestSchema, followSchema, selectionSchema } from "./animation.ts";
import { errorDataSchema } from "./errors.ts";
import { exportMethods } from "./export.ts";
import { generationRequestSchema, limits } from "./generation.ts";
import { mediaSchema, mediaStatusSchema, type SoundRange, soundAnalysisSchema, soundRangeSchema } from "./media.ts";
import {
  batchActSchema,
  clipSchema,
  generateJobSchema,
  jobSnapshotSchema,
  prioritySchema,
  queueStateSchema,
} from "./jobs.ts";
import { modelStoreMethods } from "./model-store.ts";
import { modelSummarySchema } from "./models.ts";
import { plannerMethods } from "./planner.ts";
import { styleMethods } from "./styles.ts";
import { projectChangeSchema, projectEvents, projectMethods } from "./projects.ts";

export const systemInfoSchema = z.object({
  appVersion: z.string(),
  platform: z.string(),
  cpu: z.string(),
  cores: z.number(),
  totalMemoryBytes: z.number(),
  freeMemoryBytes: z.number(),
  /** Null when no usable ffmpeg was found; `ffmpegProblem` then says what to do. */
  ffmpegVersion: z.string().nullable(),
  ffmpegProblem: z.string().nullable(),
  /** For display only ("Videos/Plume Studio"). */
  outputFolderName: z.string(),
});
export type SystemInfo = z.infer<typeof systemInfoSchema>;

const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "That is not a valid id.");
const nothing = z.strictObject({});

const knownFactsSchema = z.object({ id: z.string(), facts: mediaFactsSchema.nullable() });

/**
 * The one contract between every front (window, browser shell, command line) and the studio's services.
 * Each method names its input and output schema; both are parsed at the boundary, in both directions.
 */
export const contract = {
  "system.info": { input: nothing, output: systemInfoSchema },
  "models.list": { input: nothing, output: z.array(modelSummarySchema) },
  ...modelStoreMethods,
  ...styleMethods,
  /** Queues `variations` clips: the first with the given seed (or a fresh one), each next with the seed one higher. */
  "jobs.generate": {
    input: z.strictObject({
      request: generationRequestSchema,
      variations: z.number().int().min(limits.variations.min).max(limits.variations.max),
    }),
    output: z.array(generateJobSchema),
  },
  /** Queues the animation of a picture with a sound. Unless `straight`, it waits after its keyframes (state `waiting`). */
  "jobs.animate": { input: z.strictObject({ request: animationRequestSchema }), output: jobSnapshotSchema },
  /** The keyframes please: goes on to the motion between them. */
  "jobs.approve": { input: z.strictObject({ id }), output: jobSnapshotSchema },
  /** Draws keyframes anew, all or those at these places of the job's list, with another seed and, if given, another prompt. */
  "jobs.reroll": {
    input: z.strictObject({
      id,
      only: z.array(z.number().int().min(0)).min(1).nullable(),
      prompt: animationRequestSchema.shape.prompt,
    }),
    output: jobSnapshotSchema,
  },
  /** Holds a waiting or running job; what it has computed is kept. */
  "jobs.pause": { input: z.strictObject({ id }), output: jobSnapshotSchema },
  "jobs.resume": { input: z.strictObject({ id }), output: jobSnapshotSchema },
  "jobs.list": { input: nothing, output: z.array(jobSnapshotSchema) },
  "jobs.cancel": { input: z.strictObject({ id }), output: jobSnapshotSchema },
  /** Queues the same request again as a new job. */
  "jobs.retry": { input: z.strictObject({ id }), output: jobSnapshotSchema },
  /** Queues clips of several requests together, all or none (a list of prompts, a sweep). They share a batch. */
  "jobs.batch": {
    input: z.strictObject({
      requests: z.array(generationRequestSchema).min(1).max(limits.batch.max),
      priority: prioritySchema.optional(),
    }),
    output: z.array(generateJobSchema),
  },
  /**
   * Queues another clip with this job's request but for what is changed; `replace`: instead of it, in its place, where it still waits
   * or has ended without a clip. Errors: NOT_FOUND, BAD_REQUEST (the result makes no sense, or it makes no clip from words).
   */
  "jobs.duplicate": {
    input: z.strictObject({ id, change: generationRequestSchema.partial(), replace: z.boolean().optional() }),
    output: jobSnapshotSchema,
  },
  /** Lets a job stand directly before another one and take its priority; null: at the end. */
  "jobs.move": { input: z.strictObject({ id, before: id.nullable() }), output: queueStateSchema },
  "jobs.prioritize": { input: z.strictObject({ id, priority: prioritySchema }), output: jobSnapshotSchema },
  /** Does the same to all jobs of a batch that it can be done to; answers with the batch as it is then. Errors: NOT_FOUND. */
  "jobs.together": { input: z.strictObject({ batch: id, act: batchActSchema }), output: z.array(jobSnapshotSchema) },
  "queue.state": { input: nothing, output: queueStateSchema },
  /** Nothing new begins, and what runs stops where it can go on later. */
  "queue.hold": { input: nothing, output: queueStateSchema },
  /** Goes on, whatever held the queue. */
  "queue.release": { input: nothing, output: queueStateSchema },
  /** Takes an ended job off the list; its clip stays on disk. */
  "jobs.dismiss": { input: z.strictObject({ id }), output: nothing },
  /** Pictures, sounds and films that the user gave to the studio, newest first. Shells import them: a page never names a path. */
  "media.list": { input: nothing, output: z.array(mediaSchema) },
  /** Takes it off the list; the user's own file is never touched. */
  "media.remove": { input: z.strictObject({ id }), output: nothing },
  "media.restore": { input: z.strictObject({ id }), output: mediaSchema },
  /**
   * What stands behind `id` becomes what stands behind `by` (of the same kind; a film counts as its sound), which leaves the list.
   * Clips of `id` are then stale.
   */
  "media.replace": { input: z.strictObject({ id, by: id }), output: mediaSchema },
  /**
   * The pictures that were handed over under this word become one film. They must be numbered without a gap and of one size. `as`: it is
   * this media of an open project, found again.
   */
  "media.assemble": {
    input: z.strictObject({ sequence: id, rate: z.number().min(1).max(240).optional(), as: id.optional() }),
    output: mediaSchema,
  },
  /** How media (of the catalogue, or clips of the library) can be shown now. What is not prepared yet is put in line for it. */
  "media.status": {
    input: z.strictObject({ ids: z.array(id).max(10_000) }),
    output: z.array(mediaStatusSchema),
  },
  /** Stops posters, strips, peaks and proxies of these that are not made yet. */
  "media.cancel": { input: z.strictObject({ ids: z.array(id).max(10_000) }), output: nothing },
  /** Makes them after all: what was stopped, and what failed once more. */
  "media.prepare": { input: z.strictObject({ ids: z.array(id).max(10_000) }), output: nothing },
  /** What is to be seen in media. What is not known yet (null) is looked at in the background, and told by `media-facts`. */
  "analysis.facts": {
    input: z.strictObject({ ids: z.array(id).max(10_000) }),
    output: z.array(knownFactsSchema),
  },
  /**
   * Lets a clip fill the timeline's frame and follow its subject, as keyframes of its position: one step to undo. Looks at the whole
   * media first, which takes a while. Errors: NOT_FOUND, MODEL_NOT_FOUND (nothing that could look), MEDIA_MISSING.
   */
  "analysis.reframe": { input: z.strictObject({ id, clip: id }), output: projectChangeSchema },
  /**
   * Where the subject is, for these stretches of media (seconds of their time). What is not known yet is looked for by a job of the queue,
   * and told by `masks`: never rejects because nothing could look. What the user stopped is only looked for `again` when they say so.
   */
  "analysis.masks": {
    input: z.strictObject({
      wants: z.array(z.strictObject({ id, start: z.number().min(0), end: z.number().min(0) })).max(1000),
      again: z.boolean().optional(),
    }),
    output: z.array(maskStatusSchema),
  },
  "sound.analyze": { input: z.strictObject({ id, range: soundRangeSchema }), output: soundAnalysisSchema },
  /**
   * Where the keyframes go: `predicted` asks the model, `drawn` takes `curve` (one value a frame). `fixed` are frames of the clip
   * that the user placed; the rest is found.
   */
  "animation.plan": {
    input: z.strictObject({
      model: z.string().min(1).max(200).optional(),
      sound: id,
      range: soundRangeSchema,
      follow: followSchema,
      selection: selectionSchema.optional(),
      seed: animationRequestSchema.shape.seed,
      curve: z.array(z.number().min(-1000).max(1000)).max(2000).optional(),
      fixed: z.array(z.number().int().min(0)).max(2000).optional(),
    }),
    output: animationPlanSchema,
  },
  /** Clips on disk, newest first. */
  "library.list": { input: nothing, output: z.array(clipSchema) },
  /** Shows the file in the system's file manager. */
  "library.reveal": { input: z.strictObject({ id }), output: nothing },
  /** Moves the clip and its record to the studio's own trash folder, from where `library.restore` brings it back. */
  "library.trash": { input: z.strictObject({ id }), output: nothing },
  "library.restore": { input: z.strictObject({ id }), output: clipSchema },
  ...plannerMethods,
  ...projectMethods,
  ...exportMethods,
} as const;

export type Contract = typeof contract;
export type Method = keyof Contract;
export type Input<M extends Method> = z.infer<Contract[M]["input"]>;
export type Output<M extends Method> = z.infer<Contract[M]["output"]>;

/** What the studio tells its fronts unasked. A front that (re)connects first gets `hello` with the whole state. */
export const studioEventSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("hello"),
    jobs: z.array(jobSnapshotSchema),
    models: z.array(modelSummarySchema),
    queue: queueStateSchema,
  }),
  /** The order of the jobs, or what holds them, has changed; a new job stands at the end without this. */
  z.object({ type: z.literal("queue"), queue: queueStateSchema }),
  z.object({ type: z.literal("media"), media: z.array(mediaSchema) }),
  /** Of media whose preparation has come further, or that came or went; only those. */
  z.object({ type: z.literal("media-status"), status: z.array(mediaStatusSchema) }),
  /** Media that was looked at. */
  z.object({ type: z.literal("media-facts"), known: z.array(knownFactsSchema) }),
  /** Of media whose masks are being made, or were. */
  z.object({ type: z.literal("masks"), status: z.array(maskStatusSchema) }),
  z.object({ type: z.literal("job"), job: jobSnapshotSchema }),
  z.object({ type: z.literal("job-dismissed"), id: z.string() }),
  z.object({ type: z.literal("models"), models: z.array(modelSummarySchema) }),
  z.object({ type: z.literal("library"), clips: z.array(clipSchema) }),
  ...projectEvents,
]);
export type StudioEvent = z.infer<typeof studioEventSchema>;

/** Reply envelope of every transport: a value or a refusal, never a bare exception. */
export const replySchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: errorDataSchema }),
]);
export type Reply = z.infer<typeof replySchema>;

/**
 * What a front holds: the window builds it over `window.studio` (Electron, see bridge.ts) or the loopback server (browser shell).
 * `call` rejects with StudioError. URLs are same-origin and carry ids only, never paths.
 */
export interface StudioClient {
  call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>>;
  /** Returns a function that stops listening. */
  subscribe(listener: (event: StudioEvent) => void): () => void;
  /** URL of a finished clip's video; answers byte ranges. */
  clipUrl(clipId: string): string;
  /** URL of a latent preview: RGBA8 bytes, `frames` pictures of width × height one after another. */
  previewUrl(jobId: string, step: number): string;
  /** URL of a keyframe's picture: RGBA8, the size of the clip. */
  keyframeUrl(jobId: string, place: number, version: number): string;
  /** URL of a picture as the model sees it (PNG, alpha flattened, upright). */
  pictureUrl(mediaId: string, version: string): string;
  /**
   * URL of media as the user's own file or as its proxy; `id` is one of the catalogue or of a clip in the library, `version` stands in
   * its MediaStatus. Answers byte ranges.
   */
  mediaUrl(id: string, version: string, what: "original" | "proxy"): string;
  /** URL of one telling picture of it (JPEG, or PNG where it is transparent), at most 640 pixels wide and high. */
  posterUrl(id: string, version: string): string;
  /** URL of its thumbnails in one picture (JPEG); MediaStatus.strip says where each lies. */
  stripUrl(id: string, version: string): string;
  /** URL of its waveform, a file as core/sound/peak-file.ts reads it; answers byte ranges. */
  peaksUrl(id: string, version: string): string;
  /** URL of masks, a file as core/vision/mask-file.ts reads it; `key` stands in a MaskStatus. */
  maskUrl(id: string, key: string): string;
  /** URL of a stretch of a sound as WAV; answers byte ranges. */
  soundUrl(mediaId: string, version: string, range: SoundRange): string;
}
