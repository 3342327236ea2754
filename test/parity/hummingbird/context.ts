/** What every group of checks is given. */
import type { Lora } from "../../../native-models/hummingbird/lora.ts";
import type { GoldenFile } from "../golden-folder.ts";
import type { Report } from "../report.ts";
import type { Tolerances } from "../tolerance.ts";
import type { HummingbirdManifest, Settings } from "./manifest.ts";
import type { GoldenModel } from "./model.ts";

export interface Context {
  readonly manifest: HummingbirdManifest;
  readonly settings: Settings;
  readonly tolerances: Tolerances;
  readonly report: Report;
  /** The checkpoint of `manifest.variant`. */
  readonly model: () => Promise<GoldenModel>;
  /** The U-Net of `manifest.other_variant` in an otherwise equal model. */
  readonly otherModel: () => Promise<GoldenModel>;
  /** The folder's LoRA, opened for the main model; closed by the runner. */
  readonly lora: (scale: number) => Promise<Lora>;
  /** A JSON file of the folder. */
  readonly json: (file: string) => Promise<unknown>;
}

/** A group of checks: all that one golden file asks for. `stem` is the file's name without its ending. */
export type Check = (context: Context, file: GoldenFile, stem: string) => Promise<void>;
