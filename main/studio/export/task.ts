import { z } from "zod";
import { exportSettingsSchema } from "../../../core/export/index.ts";
import { mediaReferenceSchema, timelineSchema } from "../../../core/timeline/schema.ts";
import type { MaskFile } from "./mask-files.ts";

/** One export complete: what is written down when it is queued, and what its process is given. The document is a value of its own. */
export const exportTaskSchema = z.object({
  document: timelineSchema,
  settings: exportSettingsSchema,
  /** What calls itself the file's maker: `Plume Studio 0.1.0`. */
  tool: z.string(),
  media: z.array(
    z.object({
      reference: mediaReferenceSchema,
      path: z.string(),
      input: z.array(z.string()).min(1),
      stamp: z.string(),
    }),
  ),
  /** Where the file goes, for a job that is taken up after a restart; absent: into the studio's folder. */
  destination: z.object({ file: z.string(), overwrite: z.boolean() }).optional(),
});
export type ExportTask = z.infer<typeof exportTaskSchema>;

/** Where an export's process works. */
export interface ExportPlaces {
  /** File that is written, or folder of numbered pictures; it gets its name when it is complete and verified. */
  readonly target: string;
  /** Folder for what lies in between. */
  readonly work: string;
  /** Where the poster's picture goes; null when none is wanted. */
  readonly poster: string | null;
  /** PEM file of who signs Content Credentials; null: nobody does. */
  readonly identity: string | null;
  /** Where subjects are in the document's media. */
  readonly masks: readonly MaskFile[];
}

/** What a verified export turned out to be. */
export interface ExportOutcome {
  readonly bytes: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly frames: number | null;
  readonly seconds: number;
  /** Sentences: how it was encoded, what was copied, what was left out. */
  readonly notes: readonly string[];
}

export type ExportPhase = "measure" | "render" | "check";

/** Told while it is exported. */
export interface ExportListener {
  progress(phase: ExportPhase, done: number, total: number): void;
  /** RGBA8 of the frame that was painted last, now and then. */
  picture(width: number, height: number, rgba: Uint8ClampedArray): void;
  /** Resolves when work may go on: at once, unless it is paused. */
  go(): Promise<void>;
}
