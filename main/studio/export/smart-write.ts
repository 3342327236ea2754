import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EncodedPacket, EncodedVideoPacketSource, FilePathTarget, Mp4OutputFormat, Output } from "mediabunny";
import { StudioError } from "../../../core/contract/index.ts";
import type { Rate } from "../../../core/time/index.ts";
import type { JoinedPictures } from "../../media/index.ts";
import { hasIdr, withSets } from "./h264.ts";
import { frameOf, type PacketFiles } from "./packet-files.ts";
import type { Piece } from "./smart-plan.ts";

/** Where the packets of a piece are. */
export interface Packets {
  readonly path: string;
  /** Frame of the file that the first packet shows: a key frame. */
  readonly first: number;
}

/**
 * Frames after which a file ends at the next key frame: mediabunny keeps a file's index in memory until it is written, and an hour in one
 * file took 65 MB more than a minute. (Fragments would free it, but ffmpeg misreads them where frames are reordered.)
 */
const FILE_FRAMES = 5000;

/**
 * Writes the film's pictures from packets to MP4 files without sound, one after the other. Each piece begins with a key frame that resets
 * the decoder and carries the parameter sets that it needs, so that pieces of different encoders stand beside each other.
 * @param find called for one piece after the other; may resolve when the piece is encoded
 * @param folder is made; holds the files, and the list of them
 */
export async function joinPieces(
  pieces: readonly Piece[],
  {
    packets,
    rate,
    find,
    go,
    fileFrames = FILE_FRAMES,
  }: {
    readonly packets: PacketFiles;
    readonly rate: Rate;
    readonly find: (piece: Piece) => Promise<Packets>;
    /** Resolves when work may go on. */
    readonly go: () => Promise<void>;
    readonly fileFrames?: number;
  },
  folder: string,
  told: (piece: Piece, frames: number) => void | Promise<void>,
): Promise<JoinedPictures> {
  await mkdir(folder, { recursive: true });
  const seconds = rate.denominator / rate.numerator;
  const files = new PictureFiles(folder, rate, fileFrames);
  let [total, reordering] = [0, 0];
  try {
    for (const piece of pieces) {
      const { path, first } = await find(piece);
      const written = await packets.use(path, async ({ sink, config, sets }) => {
        let count = 0;
        const start = await sink.getKeyPacket((first + 0.25) * seconds);
        if (start === null || frameOf(start, rate) !== first) return 0;
        for await (const packet of sink.packets(start)) {
          const frame = frameOf(packet, rate);
          if (frame === null || frame < first || (packet.type === "key" && frame >= first + piece.count)) break;
          if (frame >= first + piece.count) continue;
          await go();
          const shown = piece.from + frame - first;
          // All frames before it are there: the file may end before one that leans on none of them.
          const isNext = shown === total && hasIdr(packet.data, sets);
          await files.add(new EncodedPacket(withSets(packet.data, sets), packet.type, shown * seconds, seconds), {
            frame: shown,
            isNext,
            config,
          });
          reordering = Math.max(reordering, total - shown);
          total += 1;
          count += 1;
          await told(piece, count);
          if (count === piece.count) break;
        }
        return count;
      });
      if (written !== piece.count)
        throw new StudioError(
          "FFMPEG_FAILED",
          "A stretch of the film could not be copied: export again without copying (smart rendering off).",
          `${written} of ${piece.count} frames from ${piece.from} on`,
        );
    }
    await files.end();
  } catch (error) {
    // Closes its file.
    await files.cancel();
    throw error;
  }
  return { list: await files.writeList(total), reordering };
}

const nameOf = (index: number): string => `pictures-${index}.mp4`;

/** The film's pictures in files one after the other. Only the one being written is held: each holds the index of its frames. */
class PictureFiles {
  private readonly folder: string;
  private readonly rate: Rate;
  private readonly fileFrames: number;
  /** The frame of the film that each begins with. */
  private readonly starts: number[] = [];
  private config: VideoDecoderConfig | null = null;
  private open: { readonly output: Output; readonly source: EncodedVideoPacketSource } | null = null;

  constructor(folder: string, rate: Rate, fileFrames: number) {
    this.folder = folder;
    this.rate = rate;
    this.fileFrames = fileFrames;
  }

  /**
   * @param packet with its time in the film
   * @param isNext whether another file may begin with it
   * @param config what its own file says; the film says what that of its first packet does
   */
  async add(
    packet: EncodedPacket,
    {
      frame,
      isNext,
      config,
    }: { readonly frame: number; readonly isNext: boolean; readonly config: VideoDecoderConfig },
  ): Promise<void> {
    this.config ??= config;
    if (this.open === null || (isNext && frame - this.starts.at(-1)! >= this.fileFrames)) {
      await this.end();
      this.open = await this.begin(frame);
    }
    const timestamp = packet.timestamp - this.starts.at(-1)! * this.seconds;
    await this.open.source.add(packet.clone({ timestamp }), { decoderConfig: this.config });
  }

  async end(): Promise<void> {
    await this.open?.output.finalize();
    this.open = null;
  }

  async cancel(): Promise<void> {
    await this.open?.output.cancel();
    this.open = null;
  }

  /** The list of them for ffmpeg's concat demuxer; resolves with its path. @param total frames of the film */
  async writeList(total: number): Promise<string> {
    const list = join(this.folder, "list.txt");
    const ends = [...this.starts.slice(1), total];
    const lines = this.starts.map(
      (from, n) => `file ${nameOf(n)}\nduration ${((ends[n]! - from) * this.seconds).toFixed(6)}\n`,
    );
    await writeFile(list, `ffconcat version 1.0\n${lines.join("")}`);
    return list;
  }

  /** Of a frame. */
  private get seconds(): number {
    return this.rate.denominator / this.rate.numerator;
  }

  private async begin(frame: number): Promise<NonNullable<typeof this.open>> {
    const target = new FilePathTarget(join(this.folder, nameOf(this.starts.length)));
    const output = new Output({ format: new Mp4OutputFormat({ fastStart: false }), target });
    const source = new EncodedVideoPacketSource("avc");
    output.addVideoTrack(source, { frameRate: this.rate.numerator / this.rate.denominator });
    await output.start();
    this.starts.push(frame);
    return { output, source };
  }
}
