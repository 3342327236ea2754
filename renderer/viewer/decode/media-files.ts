import type { Rate } from "../../../core/time/index.ts";
import { MediaFile } from "./media-file.ts";

/** Open files by address: pictures and sound of one file share it, and it closes with its last user. */
export class MediaFiles {
  private readonly open = new Map<string, { readonly file: MediaFile; users: number }>();

  /** Each call is to be followed by one of `release`. @param rate frames per second of the media, null for sound */
  acquire(url: string, rate: Rate | null): MediaFile {
    const known = this.open.get(url);
    if (known !== undefined) {
      known.users++;
      return known.file;
    }
    const file = new MediaFile(url, rate);
    this.open.set(url, { file, users: 1 });
    return file;
  }

  release(url: string): void {
    const known = this.open.get(url);
    if (known === undefined || --known.users > 0) return;
    this.open.delete(url);
    known.file.dispose();
  }
}
