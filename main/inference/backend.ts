import type { ModelSummary, Precision, WeightFormat } from "../../core/contract/index.ts";
import type { OpenOptions, Pipeline } from "../../native-models/types.ts";
import type { VerifyOutcome } from "./protocol.ts";

export interface InstallTask {
  readonly file: string;
  readonly pack: string;
  readonly id: string;
  /** Null: what the checkpoint calls itself, or its file name. */
  readonly name: string | null;
  readonly bundled: boolean;
  readonly loras: readonly { readonly file: string; readonly scale: number }[];
  /** What its weights are to be kept in; smaller ones are measured with so many threads. */
  readonly weights: WeightFormat;
  readonly threads: number;
}

export type StepReport = (step: string, fraction: number) => Promise<void>;

/**
 * What the engine process can do, behind an interface so that the process's machinery (framing, cancel, warm model, errors) is
 * one code for the real models and for the misbehaving ones of the tests.
 */
export interface EngineBackend {
  readonly onnxruntime: string;
  open(pack: string, options: OpenOptions & { readonly precision: Precision }): Promise<Pipeline>;
  install(task: InstallTask, report: StepReport, signal: AbortSignal): Promise<ModelSummary>;
  /** Makes what the pack keeps beside its weights (Hummingbird: the int8 form). */
  prepare(pack: string, threads: number, report: StepReport, signal: AbortSignal): Promise<void>;
  verify(pack: string, report: StepReport, signal: AbortSignal): Promise<VerifyOutcome>;
}
