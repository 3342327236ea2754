import { z } from "zod";

/**
 * Every way in which the studio says "no". Codes are stable: the window, the command line and the tests match on them;
 * the sentence is for people and may be reworded.
 */
export const errorCodes = [
  "BAD_REQUEST", // the request itself does not make sense (empty prompt, NaN seed, size not a multiple of 64 ...)
  "MODEL_NOT_FOUND",
  "MODEL_WRONG_KIND", // a model of another family, or a LoRA made for another variant
  "MODEL_OUT_OF_MEMORY",
  "MODEL_DAMAGED", // the pack on disk does not match its manifest
  "CHECKPOINT_UNREADABLE", // missing, truncated, hostile or simply not a checkpoint
  "CHECKPOINT_MISMATCH", // readable, but a tensor is missing or has another shape
  "LICENCE_NOT_ACCEPTED", // a model's terms must be shown and accepted first
  "DOWNLOAD_FAILED", // the network; what has arrived is kept
  "DOWNLOAD_REFUSED", // the server does not give it out: no token, no access, gone
  "DOWNLOAD_WRONG", // what arrived is not what its makers state; nothing was installed
  "MEDIA_UNREADABLE", // no picture and no sound, too large, too small, or damaged
  "MEDIA_MISSING", // the file is no longer where it was
  "ENGINE_CRASHED",
  "ENGINE_UNRESPONSIVE",
  "FFMPEG_MISSING",
  "FFMPEG_FAILED",
  "OUTPUT_UNWRITABLE",
  "DISK_FULL",
  "ALREADY_RUNNING", // a second instance on the same data folder
  "EDIT_REFUSED", // the timeline cannot do that; the sentence says why
  "PROJECT_READ_ONLY", // opened for looking only: made by a newer studio, open elsewhere, or on a read-only disk
  "PROJECT_DAMAGED", // neither the file nor a backup can be read
  "CANCELLED",
  "NOT_FOUND",
  "FORBIDDEN",
  "INTERNAL", // a defect of ours; the detail carries the stack
] as const;

export const errorCodeSchema = z.enum(errorCodes);
export type ErrorCode = z.infer<typeof errorCodeSchema>;

/** What travels over the contract and into logs: one sentence that says what to do, and optional detail for the curious. */
export const errorDataSchema = z.object({
  code: errorCodeSchema,
  /** One plain sentence: what happened and what to do about it. */
  message: z.string(),
  /** Technical cause (ffmpeg's last lines, a stack, a tensor name). Never needed to understand the message. */
  detail: z.string().optional(),
});
export type ErrorData = z.infer<typeof errorDataSchema>;

/** The one exception class that services throw on purpose. Anything else that is caught at a boundary becomes `INTERNAL`. */
export class StudioError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, message: string, detail?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StudioError";
    this.code = code;
    this.detail = detail;
  }

  toData(): ErrorData {
    return {
      code: this.code,
      message: this.message,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
    };
  }

  static fromData(data: ErrorData): StudioError {
    return new StudioError(data.code, data.message, data.detail);
  }

  /** Turns whatever was thrown into a StudioError; common system errors get their sentence, the rest is INTERNAL. */
  static from(cause: unknown): StudioError {
    if (cause instanceof StudioError) return cause;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const system = "code" in error && typeof error.code === "string" ? error.code : "";
    if (system === "ENOSPC")
      return new StudioError("DISK_FULL", "The disk is full: free some space and try again.", error.message, { cause });
    if (system === "EACCES" || system === "EPERM" || system === "EROFS")
      return new StudioError(
        "OUTPUT_UNWRITABLE",
        "This place cannot be written to: choose another folder or change its permissions.",
        error.message,
        { cause },
      );
    return new StudioError(
      "INTERNAL",
      "Something went wrong inside Plume Studio; the details say what.",
      error.stack ?? error.message,
      { cause },
    );
  }
}
