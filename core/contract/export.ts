import { z } from "zod";
import { exportSettingsSchema, type ExportPreset } from "../export/index.ts";
import { idSchema } from "../timeline/schema.ts";
import { recordSchema } from "./record.ts";

/** A film that is to be written. */
export const exportRequestSchema = z.object({
  /** The file's name, or the folder's of numbered pictures. */
  fileName: z.string(),
  settings: exportSettingsSchema,
  /** Pixels and frames of the pictures; null where there is only sound. */
  width: z.number().nullable(),
  height: z.number().nullable(),
  frames: z.number().nullable(),
  seconds: z.number(),
});
export type ExportRequest = z.infer<typeof exportRequestSchema>;

/** A film that was written, opened again and checked. */
export const exportResultSchema = z.object({
  fileName: z.string(),
  bytes: z.number(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  frames: z.number().nullable(),
  seconds: z.number(),
  /** Sentences: how it was encoded and why, what was left out. */
  notes: z.array(z.string()),
});
export type ExportResult = z.infer<typeof exportResultSchema>;

const presetSchema = z.custom<ExportPreset>(
  (value) => typeof value === "object" && value !== null && "settings" in value,
);

/** What a project would be exported as, before anything is done. */
export const exportForecastSchema = z.object({
  width: z.number().nullable(),
  height: z.number().nullable(),
  frames: z.number().nullable(),
  seconds: z.number(),
  /** A guess in bytes, and how far off it may be. */
  size: z.object({ bytes: z.number(), low: z.number(), high: z.number() }),
  /** How pictures would be encoded here, and why; null where there are none. */
  encoder: z.string().nullable(),
  /** Names of media that are not there: the export would refuse. */
  missing: z.array(z.string()),
  /** Clips that wait for their job, and are left out. */
  pending: z.number(),
});
export type ExportForecast = z.infer<typeof exportForecastSchema>;

/** What a timeline can be written as for other editors and players, by the file's extension. */
export const exchangeFormats = ["otio", "otioz", "fcpxml", "edl", "srt", "vtt"] as const;
export type ExchangeFormat = (typeof exchangeFormats)[number];

/** Another editor's timeline that became a project. */
export const openedTimelineSchema = z.object({
  project: z.string(),
  name: z.string(),
  /** Sentences about what could not be taken over. */
  notes: z.array(z.string()),
});
export type OpenedTimeline = z.infer<typeof openedTimelineSchema>;

const fileTitle = z.string().trim().min(1, "Give the file a name.").max(120, "The name is too long: shorten it.");

const target = { project: idSchema, settings: exportSettingsSchema };

export const exportMethods = {
  "exports.presets": { input: z.strictObject({}), output: z.array(presetSchema) },
  /** Errors: BAD_REQUEST where there is nothing to export. */
  "exports.forecast": { input: z.strictObject(target), output: exportForecastSchema },
  /**
   * Queues the export of a project as it is now; what is edited afterwards is not in it. The file goes to the studio's folder for exports
   * under this name (with a number after it when that is taken), without its extension.
   */
  "exports.start": {
    input: z.strictObject({
      ...target,
      name: fileTitle,
    }),
    output: z.object({ job: z.string() }),
  },
  /**
   * Writes a project for other editors or players into the studio's folder for exports. `notes` says what could not be written.
   * Errors: BAD_REQUEST (no text for subtitles), OUTPUT_UNWRITABLE, DISK_FULL.
   */
  "exports.exchange": {
    input: z.strictObject({ project: idSchema, format: z.enum(exchangeFormats), name: fileTitle }),
    output: z.object({ fileName: z.string(), notes: z.array(z.string()) }),
  },
  /** How the clips in an exported file were made, from the file itself: dropped back in, it brings its prompts and settings along. */
  "exports.records": { input: z.strictObject({ media: idSchema }), output: z.array(recordSchema) },
  /** Shows the finished file of an export in the system's file manager. */
  "exports.reveal": { input: z.strictObject({ job: idSchema }), output: z.strictObject({}) },
} as const;
