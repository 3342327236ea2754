import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { EncodedPacket, EncodedVideoPacketSource, FilePathTarget, Mp4OutputFormat, Output } from "mediabunny";
import { StudioError } from "../../../core/contract/index.ts";
import type { Rate } from "../../../core/time/index.ts";
import type { MediaFiles } from "./media-files.ts";
import { frameOf, hasIdr, lengthSizeOf, type Piece, withPackets } from "./smart-plan.ts";

/** Pieces that are encoded side by side: each waits long for its processes to start. */
const SIDE_BY_SIDE = 2;

/** Encodes frames of the film to an H.264 file of their own. Several at a time. */
export type EncodePiece = (piece: Piece, file: string) => Promise<void>;

/**
 * Writes the film's pictures from copied and encoded pieces to one MP4 file without sound. Each piece begins with a key frame that
 * resets the decoder and carries the parameter sets that it needs, so that pieces of different encoders stand beside each other.
 */
export async function joinPieces(
  pieces: readonly Piece[],
  {
    files,
    rate,
    work,
    encode,
  }: { readonly files: MediaFiles; readonly rate: Rate; readonly work: string; readonly encode: EncodePiece },
  target: string,
  told: (frames: number) => void,
): Promise<void> {
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: false }), target: new FilePathTarget(target) });
  const source = new EncodedVideoPacketSource("avc");
  output.addVideoTrack(source, { frameRate: rate.numerator / rate.denominator });
  await output.start();
  const fileOf = (n: number): string => join(work, `piece-${n}.mp4`);
  const waiting = pieces.flatMap((piece, n) => (piece.copy === null ? [n] : []));
  const encoding = new Map<number, Promise<void>>();
  const begin = (): void => {
    const n = waiting.shift();
    if (n === undefined) return;
    const going = encode(pieces[n]!, fileOf(n));
    going.catch(() => {}); // told when its turn comes
    encoding.set(n, going);
  };
  for (let n = 0; n < SIDE_BY_SIDE; n++) begin();
  let config: VideoDecoderConfig | undefined;
  const append = async (n: number, piece: Piece): Promise<void> => {
    const own = fileOf(n);
    if (piece.copy === null) {
      await encoding.get(n);
      begin();
    }
    const path = piece.copy === null ? own : files.get(piece.copy.media).path;
    const first = piece.copy?.first ?? 0;
    const written = await withPackets(path, async (sink, track) => {
      const given = await track.getDecoderConfig();
      if (given?.description === undefined) return 0;
      config ??= given;
      const sets = parameterSets(bytesOf(given.description));
      let count = 0;
      const seconds = rate.denominator / rate.numerator;
      const start =
        piece.copy === null ? await sink.getFirstPacket() : await sink.getKeyPacket(first * seconds + seconds / 4);
      for await (const packet of sink.packets(start ?? undefined)) {
        const frame = frameOf(packet, rate);
        if (frame === null || frame < first || (packet.type === "key" && frame >= first + piece.count)) break;
        if (frame >= first + piece.count) continue;
        const data =
          packet.type === "key" ? withSets(packet.data, sets) : withSets(packet.data, { ...sets, units: [] });
        const at = (piece.from + frame - first) * seconds;
        await source.add(new EncodedPacket(data, packet.type, at, seconds), { decoderConfig: config });
        count += 1;
        told(piece.from + count);
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
    if (piece.copy === null) await unlink(own);
  };
  try {
    for (const [n, piece] of pieces.entries()) await append(n, piece);
  } finally {
    waiting.length = 0;
    await Promise.allSettled(encoding.values());
  }
  await output.finalize();
}

interface Sets {
  /** Bytes of a NAL unit's length in this stream. */
  readonly lengthSize: number;
  /** SPS and PPS, each without its length. */
  readonly units: readonly Uint8Array[];
}

const bytesOf = (buffer: AllowSharedBufferSource): Uint8Array =>
  ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);

/** Reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1). */
function parameterSets(record: Uint8Array): Sets {
  const view = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const units: Uint8Array[] = [];
  let at = 6;
  const read = (count: number): void => {
    for (let n = 0; n < count; n++) {
      const length = view.readUInt16BE(at);
      units.push(view.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  };
  read(view[5]! & 31);
  const count = view[at]!;
  at += 1;
  read(count);
  return { lengthSize: lengthSizeOf(record), units };
}

/** The packet's NAL units with 4 bytes of length each; where the decoder begins anew, after the parameter sets. */
function withSets(data: Uint8Array, { lengthSize, units }: Sets): Uint8Array {
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const begins = units.length > 0 && hasIdr(data, lengthSize);
  const parts: Uint8Array[] = begins ? [...units] : [];
  for (let at = 0; at + lengthSize <= view.length; ) {
    const length = view.readUIntBE(at, lengthSize);
    const unit = view.subarray(at + lengthSize, at + lengthSize + length);
    const type = (unit[0] ?? 0) & 31;
    // Its own parameter sets are those that were put before it.
    if (!begins || (type !== 7 && type !== 8)) parts.push(unit);
    at += lengthSize + length;
  }
  const out = Buffer.alloc(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  let to = 0;
  for (const part of parts) {
    out.writeUInt32BE(part.length, to);
    out.set(part, to + 4);
    to += 4 + part.length;
  }
  return out;
}
