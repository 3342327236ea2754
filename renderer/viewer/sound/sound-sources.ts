import type { MixSource, Stereo } from "../../../core/mix/index.ts";
import { flicksToSeconds } from "../../../core/time/index.ts";
import type { MediaReference } from "../../../core/timeline/index.ts";
import type { Locate } from "../decode/address.ts";
import type { MediaFiles } from "../decode/media-files.ts";
import { SoundReader } from "./sound-reader.ts";

/** Readers of clips that were heard last. */
const MOST = 24;

interface Open {
  readonly url: string;
  readonly reader: Promise<SoundReader | null>;
}

/** Decoded sound for the mixer: one reader for each clip, the file shared with its picture. What cannot be decoded is silent. */
export class SoundSources implements MixSource {
  private readonly open = new Map<string, Open>();
  private readonly files: MediaFiles;
  private readonly locate: Locate;

  constructor(files: MediaFiles, locate: Locate) {
    this.files = files;
    this.locate = locate;
  }

  async read(media: MediaReference, clip: string, from: number, frames: number): Promise<Stereo | null> {
    const reader = await this.readerOf(media, clip);
    // A damaged packet must not stop the rest of the mix: the viewer names what is wrong with a file by its picture.
    return (await reader?.read(from, frames).catch(() => null)) ?? null;
  }

  dispose(): void {
    for (const [key, open] of this.open) this.close(key, open);
  }

  private readerOf(media: MediaReference, clip: string): Promise<SoundReader | null> {
    const address = this.locate(media);
    if ("problem" in address || media.audio === null) return Promise.resolve(null);
    const key = `${clip} ${media.id}`;
    const known = this.open.get(key);
    if (known?.url === address.url) {
      // The last used stands last.
      this.open.delete(key);
      this.open.set(key, known);
      return known.reader;
    }
    if (known !== undefined) this.close(key, known);
    const { sampleRate } = media.audio;
    const reader = this.files
      .acquire(address.url, media.rate)
      .audioTrack()
      .then((track) => track && new SoundReader(track, sampleRate, flicksToSeconds(address.origin)))
      .catch(() => null);
    this.open.set(key, { url: address.url, reader });
    const [oldest] = this.open;
    if (this.open.size > MOST && oldest !== undefined) this.close(...oldest);
    return reader;
  }

  private close(key: string, { url, reader }: Open): void {
    this.open.delete(key);
    void reader.then((open) => {
      open?.dispose();
      this.files.release(url);
    });
  }
}
