import { z } from "zod";
import { idSchema, nameSchema, settingsSchema, timelineSchema } from "../timeline/schema.ts";
import { animationRequestSchema } from "./animation.ts";
import { errorDataSchema } from "./errors.ts";
import { generationRequestSchema, limits } from "./generation.ts";
import { jobSnapshotSchema } from "./jobs.ts";

/** A project on disk. */
export const projectSummarySchema = z.object({
  /** Opaque; the same for as long as the project's folder stays where it is. */
  id: z.string(),
  name: z.string(),
  modifiedAt: z.iso.datetime(),
  open: z.boolean(),
});
export type ProjectSummary = z.infer<typeof projectSummarySchema>;

/** What undo and redo would do next, for menus: null where there is nothing. */
const stepsSchema = z.object({ undo: z.string().nullable(), redo: z.string().nullable() });

/** An open project. Media carry file names in place of paths: a page never sees where a file lies. */
export const projectStateSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** One sentence that says why the project can only be looked at; null when it can be changed. */
  readOnly: z.string().nullable(),
  /** One sentence to show once: what was recovered after a crash, or that a backup was read. */
  notice: z.string().nullable(),
  /** Counts the project's changes; each change names the one that it makes. */
  revision: z.number(),
  /** Every change up to this one is safe on disk. */
  durable: z.number(),
  document: timelineSchema,
  steps: stepsSchema,
});
export type ProjectState = z.infer<typeof projectStateSchema>;

const path = z.array(z.union([z.string(), z.number()]));
/** A difference as core/history writes it. */
const patchSchema = z.array(
  z.union([
    z.object({ path, set: z.unknown() }),
    z.object({ path, unset: z.literal(true) }),
    z.object({ path, at: z.number(), remove: z.number(), insert: z.array(z.unknown()) }),
  ]),
);

/** What became of a document. Who holds revision `from` applies the patch; who does not opens the project again. */
export const projectChangeSchema = z.object({
  id: z.string(),
  from: z.number(),
  revision: z.number(),
  patch: patchSchema,
  steps: stepsSchema,
});
export type ProjectChange = z.infer<typeof projectChangeSchema>;

/** Where writing stands. `problem` is the last failure; the changes are kept in memory and tried again. */
export const projectWrittenSchema = z.object({
  id: z.string(),
  durable: z.number(),
  problem: errorDataSchema.nullable(),
});
export type ProjectWritten = z.infer<typeof projectWrittenSchema>;

const project = z.strictObject({ id: idSchema });
const gestureId = z.string().min(1).max(64);

export const projectMethods = {
  /** Projects in the studio's folder and those used lately, the last used first. */
  "projects.list": { input: z.strictObject({}), output: z.array(projectSummarySchema) },
  /** Makes a folder for a project and opens it. */
  "projects.create": {
    input: z.strictObject({
      name: nameSchema.refine((text) => text.trim().length > 0, "Give the project a name."),
      settings: settingsSchema.unwrap().partial().optional(),
    }),
    output: projectStateSchema,
  },
  /** Opens a project, or gives the state of one that is open. */
  "projects.open": { input: project, output: projectStateSchema },
  /** Saves and closes. */
  "projects.close": { input: project, output: z.strictObject({}) },
  /** Makes one edit of core/timeline by its name. Edits of one gesture become one step; with `fromStart` each replaces the one before. */
  "projects.edit": {
    input: z.strictObject({
      id: idSchema,
      name: z.string().max(64),
      arguments: z.unknown(),
      gesture: gestureId.optional(),
      fromStart: z.boolean().optional(),
    }),
    output: projectChangeSchema,
  },
  /** Ends a gesture, or takes all of it back as if it had never been. */
  "projects.gesture": {
    input: z.strictObject({ id: idSchema, gesture: gestureId, end: z.enum(["keep", "cancel"]) }),
    output: projectChangeSchema,
  },
  "projects.undo": { input: project, output: projectChangeSchema },
  "projects.redo": { input: project, output: projectChangeSchema },
  /** Labels of the steps, the oldest first, for the history panel. */
  "projects.history": {
    input: project,
    output: z.object({ past: z.array(z.string()), future: z.array(z.string()) }),
  },
  /** Writes the project file now; changes are safe in the journal without it. */
  "projects.save": { input: project, output: projectWrittenSchema },
  /** Notes clips of the library as media of the project, so that edits can use them by the clip's id. */
  "projects.useClips": {
    input: z.strictObject({ id: idSchema, clips: z.array(idSchema).min(1).max(1000) }),
    output: projectChangeSchema,
  },
  /** The same for media of the catalogue and clips of the library alike: ids of either. */
  "projects.useMedia": {
    input: z.strictObject({ id: idSchema, media: z.array(idSchema).min(1).max(10_000) }),
    output: projectChangeSchema,
  },
  /**
   * Queues a clip and puts its promise on the timeline at once, over what is there: one step to undo. Of several variations the first is
   * shown, the others are its further takes. When the job ends, the promise becomes the clip or says why it could not be kept; undoing
   * the step leaves the job in the queue. Errors: those of `jobs.generate` and of the edit; then nothing is queued.
   */
  "projects.generate": {
    input: z.strictObject({
      id: idSchema,
      track: idSchema,
      /** Flicks on the timeline. */
      at: z.number().int().min(0),
      duration: z.number().int().min(1),
      request: generationRequestSchema,
      variations: z.number().int().min(limits.variations.min).max(limits.variations.max).optional(),
    }),
    output: z.object({ change: projectChangeSchema, clip: idSchema, jobs: z.array(jobSnapshotSchema) }),
  },
  /**
   * Queues a take of a clip again. A take that failed is replaced by the new one (Retry); of a take that is there the new one becomes a
   * further version. Absent `request`: the same words with the same seed after a failure, with a fresh one otherwise.
   * Errors: NOT_FOUND (nobody knows any more what was asked for), those of `jobs.generate`.
   */
  "projects.retake": {
    input: z.strictObject({
      id: idSchema,
      clip: idSchema,
      take: idSchema.optional(),
      request: generationRequestSchema.optional(),
    }),
    output: z.object({ change: projectChangeSchema, job: jobSnapshotSchema }),
  },
  /** What a take was asked for with, to be changed and asked again. Errors: NOT_FOUND. */
  "projects.takeRequest": {
    input: z.strictObject({ id: idSchema, clip: idSchema, take: idSchema.optional() }),
    output: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("generate"), request: generationRequestSchema }),
      z.object({ kind: z.literal("animate"), request: animationRequestSchema }),
    ]),
  },
} as const;

export const projectEvents = [
  z.object({ type: z.literal("project-changed"), change: projectChangeSchema }),
  z.object({ type: z.literal("project-written"), written: projectWrittenSchema }),
  z.object({ type: z.literal("project-closed"), id: z.string() }),
] as const;
