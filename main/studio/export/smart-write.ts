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
  const files: PictureFile[] = [];
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
          if (files.length === 0 || (isNext && shown - files.at(-1)!.from >= fileFrames)) {
            await files.at(-1)?.end();
            files.push(
              await PictureFile.begin(join(folder, nameOf(files.length)), rate, shown, files[0]?.config ?? config),
            );
          }
          await files
            .at(-1)!
            .add(new EncodedPacket(withSets(packet.data, sets), packet.type, shown * seconds, seconds));
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
    await files.at(-1)?.end();
  } catch (error) {
    // Closes its file.
    await files.at(-1)?.cancel();
    throw error;
  }
  const list = join(folder, "list.txt");
  const ends = [...files.slice(1).map(({ from }) => from), total];
  const lines = files.map(({ from }, n) => `file ${nameOf(n)}\nduration ${((ends[n]! - from) * seconds).toFixed(6)}\n`);
  await writeFile(list, `ffconcat version 1.0\n${lines.join("")}`);
  return { list, reordering };
}

const nameOf = (index: number): string => `pictures-${index}.mp4`;

/** One of the files, which holds the film from a frame on. */
class PictureFile {
  readonly from: number;
  readonly config: VideoDecoderConfig;
  private readonly output: Output;
  private readonly source = new EncodedVideoPacketSource("avc");
  private readonly start: number;

  private constructor(path: string, { numerator, denominator }: Rate, from: number, config: VideoDecoderConfig) {
    this.from = from;
    this.config = config;
    this.start = from * (denominator / numerator);
    this.output = new Output({ format: new Mp4OutputFormat({ fastStart: false }), target: new FilePathTarget(path) });
    this.output.addVideoTrack(this.source, { frameRate: numerator / denominator });
  }

  static async begin(path: string, rate: Rate, from: number, config: VideoDecoderConfig): Promise<PictureFile> {
    const file = new PictureFile(path, rate, from, config);
    await file.output.start();
    return file;
  }

  /** @param packet with its time in the film */
  add(packet: EncodedPacket): Promise<void> {
    const timestamp = packet.timestamp - this.start;
    return this.source.add(packet.clone({ timestamp }), { decoderConfig: this.config });
  }

  end(): Promise<void> {
    return this.output.finalize();
  }

  cancel(): Promise<void> {
    return this.output.cancel();
  }
}
