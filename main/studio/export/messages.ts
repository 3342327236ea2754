import type { ErrorData } from "../../../core/contract/index.ts";
import type { MediaTools } from "../../media/index.ts";
import type { ExportOutcome, ExportPhase, ExportPlaces, ExportTask } from "./task.ts";

/** What an export's process is told. */
export type ExportCommand =
  | { readonly type: "start"; readonly tools: MediaTools; readonly task: ExportTask; readonly places: ExportPlaces }
  | { readonly type: "pause" }
  | { readonly type: "resume" };

/** What it says. */
export type ExportReport =
  | { readonly type: "progress"; readonly phase: ExportPhase; readonly done: number; readonly total: number }
  | { readonly type: "picture"; readonly width: number; readonly height: number; readonly rgba: Uint8Array }
  | { readonly type: "done"; readonly outcome: ExportOutcome }
  | { readonly type: "failed"; readonly error: ErrorData };
