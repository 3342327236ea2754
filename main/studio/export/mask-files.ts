import { readFile } from "node:fs/promises";
import { decodeMasks, type SubjectMasks, stretchAt } from "../../../core/vision/index.ts";

/** Where masks of a media lie; of a long one there may be several. */
export interface MaskFile {
  readonly media: string;
  readonly path: string;
}

/** The masks of an export's media, read once. */
export class MaskFiles {
  private readonly masks: ReadonlyMap<string, readonly SubjectMasks[]>;

  private constructor(masks: MaskFiles["masks"]) {
    this.masks = masks;
  }

  static async read(files: readonly MaskFile[]): Promise<MaskFiles> {
    const read = new Map<string, SubjectMasks[]>();
    for (const { media, path } of files) {
      const masks = decodeMasks(await readFile(path));
      if (masks !== null) read.set(media, [...(read.get(media) ?? []), masks]);
    }
    return new MaskFiles(read);
  }

  /** @param time seconds of the media's time */
  find(media: string, time: number): SubjectMasks | null {
    return stretchAt(this.masks.get(media) ?? [], time);
  }
}
