import { stat } from "node:fs/promises";
import { StudioError } from "../../../core/contract/index.ts";
import type { MediaReference } from "../../../core/timeline/index.ts";
import { type MediaTools, type VideoFacts, videoFacts } from "../../media/index.ts";

/** A media of the timeline with the file that stands for it. */
export interface MediaFile {
  readonly reference: MediaReference;
  readonly path: string;
  /** ffmpeg's arguments for it, the address last. */
  readonly input: readonly string[];
  /** Size and time of change when the export was asked for: a file that changes meanwhile spoils it. */
  readonly stamp: string;
}

/** Null where there is no file. */
export async function stampOf(path: string): Promise<string | null> {
  const info = await stat(path).catch(() => null);
  return info === null || !info.isFile() ? null : `${info.size} ${info.mtimeMs}`;
}

/** The files of an export's media, each looked into once. */
export class MediaFiles {
  private readonly tools: MediaTools;
  private readonly files: ReadonlyMap<string, MediaFile>;
  private readonly facts = new Map<string, Promise<VideoFacts>>();

  constructor(tools: MediaTools, files: readonly MediaFile[]) {
    this.tools = tools;
    this.files = new Map(files.map((file) => [file.reference.id, file]));
  }

  /** Errors: MEDIA_MISSING. */
  get(id: string): MediaFile {
    const file = this.files.get(id);
    if (file === undefined)
      throw new StudioError("MEDIA_MISSING", "A clip's media is not there: locate it, or take the clip out.", id);
    return file;
  }

  factsOf(id: string): Promise<VideoFacts> {
    const known = this.facts.get(id) ?? videoFacts(this.tools, this.get(id).input);
    this.facts.set(id, known);
    return known;
  }

  /** Errors: MEDIA_MISSING when a file went away or changed since the export was asked for. */
  async assertUnchanged(): Promise<void> {
    for (const { path, stamp, reference } of this.files.values()) {
      const now = await stampOf(path);
      if (now === stamp) continue;
      const what = now === null ? "was removed" : "was changed";
      throw new StudioError(
        "MEDIA_MISSING",
        `“${reference.name}” ${what} while the film was exported, so nothing was written: export again.`,
      );
    }
  }
}
