import { EncodedPacket, EncodedVideoPacketSource, FilePathTarget, Mp4OutputFormat, Output } from "mediabunny";
import { StudioError } from "../../../core/contract/index.ts";
import type { Rate } from "../../../core/time/index.ts";
import { withSets } from "./h264.ts";
import { frameOf, type PacketFiles } from "./packet-files.ts";
import type { Piece } from "./smart-plan.ts";

/** Where the packets of a piece are. */
export interface Packets {
  readonly path: string;
  /** Frame of the file that the first packet shows: a key frame. */
  readonly first: number;
}

/**
 * Writes the film's pictures from packets to one MP4 file without sound. Each piece begins with a key frame that resets the decoder and
 * carries the parameter sets that it needs, so that pieces of different encoders stand beside each other. The file's index is kept in memory
 * until its end, at 0.7 KB a frame with what V8 leaves lying; fragments would free it, but ffmpeg misreads them where frames are reordered.
 * @param find called for one piece after the other; may resolve when the piece is encoded
 */
export async function joinPieces(
  pieces: readonly Piece[],
  {
    packets,
    rate,
    find,
    go,
  }: {
    readonly packets: PacketFiles;
    readonly rate: Rate;
    readonly find: (piece: Piece) => Promise<Packets>;
    /** Resolves when work may go on. */
    readonly go: () => Promise<void>;
  },
  target: string,
  told: (piece: Piece, frames: number) => void | Promise<void>,
): Promise<void> {
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: false }), target: new FilePathTarget(target) });
  const source = new EncodedVideoPacketSource("avc");
  output.addVideoTrack(source, { frameRate: rate.numerator / rate.denominator });
  await output.start();
  const seconds = rate.denominator / rate.numerator;
  let decoderConfig: VideoDecoderConfig | undefined;
  try {
    for (const piece of pieces) {
      const { path, first } = await find(piece);
      const written = await packets.use(path, async ({ sink, config, sets }) => {
        decoderConfig ??= config;
        let count = 0;
        const start = await sink.getKeyPacket((first + 0.25) * seconds);
        if (start === null || frameOf(start, rate) !== first) return 0;
        for await (const packet of sink.packets(start)) {
          const frame = frameOf(packet, rate);
          if (frame === null || frame < first || (packet.type === "key" && frame >= first + piece.count)) break;
          if (frame >= first + piece.count) continue;
          await go();
          const at = (piece.from + frame - first) * seconds;
          await source.add(new EncodedPacket(withSets(packet.data, sets), packet.type, at, seconds), { decoderConfig });
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
    await output.finalize();
  } catch (error) {
    // Closes its file.
    await output.cancel();
    throw error;
  }
}
