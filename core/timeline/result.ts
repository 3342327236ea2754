/** Why an edit was refused. Codes are stable; the sentence says what happened and what to do. */
export type EditErrorCode =
  | "BAD_ARGUMENT" // the arguments do not make sense together
  | "NOT_FOUND" // a clip, track, marker … of this id is not in the document
  | "TRACK_LOCKED"
  | "WRONG_TRACK" // sound on a picture track and the like
  | "OUT_OF_MEDIA" // the media has nothing there
  | "NO_ROOM" // a neighbour, or the timeline's start, is in the way
  | "OUT_OF_SYNC"; // linked clips would come apart

export interface EditError {
  readonly code: EditErrorCode;
  readonly message: string;
}

/** An outcome as a value: edits never throw, and a refused edit leaves no trace. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: EditError };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });

export const refuse = (code: EditErrorCode, message: string): { readonly ok: false; readonly error: EditError } => ({
  ok: false,
  error: { code, message },
});

/**
 * Carries a refusal out of the helpers of one edit to `attempt`, which turns it into a value. Only inside an edit, never across its
 * border: it keeps a dozen small steps readable without a check after each.
 */
export class Refusal extends Error {
  readonly error: EditError;

  constructor(code: EditErrorCode, message: string) {
    super(message);
    this.name = "Refusal";
    this.error = { code, message };
  }
}

/** Runs the steps of an edit; a Refusal becomes a value, a defect stays an exception. */
export function attempt<T>(steps: () => T): Result<T> {
  try {
    return ok(steps());
  } catch (thrown) {
    if (thrown instanceof Refusal) return { ok: false, error: thrown.error };
    throw thrown;
  }
}
