/** What a family of goldens brings so that the runner can run its folders. */
import type { FileRecord } from "./golden-folder.ts";
import type { Report } from "./report.ts";

export interface ParityKind {
  readonly name: string;
  /** Whether a manifest is of this kind; looks at its structure only. */
  recognises(manifest: unknown): boolean;
  /**
   * Every file that the manifest names.
   * @throws GoldenFolderError when the manifest is of this kind but does not follow its form
   */
  files(manifest: unknown): readonly FileRecord[];
  /** Runs every case; a case that goes wrong is reported as failed and does not end the run. */
  run(folder: string, manifest: unknown, report: Report): Promise<void>;
}
