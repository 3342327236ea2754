import type { MixSource } from "../../../core/mix/index.ts";
import { type Stereo, toStereo } from "../../../core/mix/index.ts";
import type { MediaReference } from "../../../core/timeline/index.ts";
import { type MediaTools, SampleReader } from "../../media/index.ts";
import type { MediaFiles } from "./media-files.ts";

/** A reader is closed when nobody asked for it during so many stretches. */
const IDLE = 4;

interface Open {
  readonly media: string;
  readonly reader: SampleReader;
  usedAt: number;
}

/** The sound of an export's media: each clip has a decoder while it is heard. */
export class SoundSource implements MixSource {
  private readonly tools: MediaTools;
  private readonly files: MediaFiles;
  private readonly open = new Map<string, Open>();
  private turn = 0;

  constructor(tools: MediaTools, files: MediaFiles) {
    this.tools = tools;
    this.files = files;
  }

  async read(media: MediaReference, clip: string, from: number, frames: number): Promise<Stereo> {
    const reader = await this.reader(media, clip, from);
    return toStereo(await reader.read(from, frames));
  }

  /** Between two stretches of the mix: closes what is not heard any more. */
  async next(): Promise<void> {
    this.turn += 1;
    for (const [clip, { usedAt, reader }] of this.open) {
      if (usedAt >= this.turn - IDLE) continue;
      this.open.delete(clip);
      await reader.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.values()].map(({ reader }) => reader.close()));
    this.open.clear();
  }

  private async reader(media: MediaReference, clip: string, from: number): Promise<SampleReader> {
    const known = this.open.get(clip);
    if (known !== undefined) {
      known.usedAt = this.turn;
      return known.reader;
    }
    const { input } = this.files.get(media.id);
    const { start } = await this.files.factsOf(media.id);
    // After a cut within one media its decoder often stands just where the next clip begins.
    for (const [owner, each] of this.open) {
      if (each.media !== media.id || each.usedAt >= this.turn || each.reader.position > from) continue;
      this.open.delete(owner);
      each.usedAt = this.turn;
      this.open.set(clip, each);
      return each.reader;
    }
    const { channels, sampleRate } = media.audio!;
    const reader = new SampleReader(this.tools, { input, start, channels, sampleRate });
    this.open.set(clip, { media: media.id, reader, usedAt: this.turn });
    return reader;
  }
}
