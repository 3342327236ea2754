import {
  EncodedPacketSink,
  FilePathSource,
  Input,
  MATROSKA,
  MP4,
  QTFF,
  type EncodedPacket,
  type InputVideoTrack,
} from "mediabunny";
import type { Rate } from "../../../core/time/index.ts";
import { type ParameterSets, readParameterSets } from "./h264.ts";

/** The H.264 packets of a film. */
export interface PacketFile {
  readonly sink: EncodedPacketSink;
  readonly track: InputVideoTrack;
  readonly config: VideoDecoderConfig;
  readonly sets: ParameterSets;
}

interface Held {
  readonly input: Input;
  /** Null where mediabunny does not understand the file. */
  readonly file: Promise<PacketFile | null>;
  users: number;
}

/** Files that stay open without anybody using them: a film is cut from few at a time. */
const OPEN = 8;
/** Bytes of each that are kept. */
const CACHE = 2 ** 21;

/** Films' files, each opened once for many looks at its packets: reading the index of a long one takes a while. */
export class PacketFiles {
  /** The one used last is the last. */
  private readonly held = new Map<string, Held>();

  /** Resolves with null where the file has no H.264 that is understood here. Errors: those of `work`. */
  async use<T>(path: string, work: (file: PacketFile) => Promise<T>): Promise<T | null> {
    const held = this.held.get(path) ?? open(path);
    this.held.delete(path);
    this.held.set(path, held);
    held.users += 1;
    try {
      const file = await held.file;
      return file === null ? null : await work(file);
    } finally {
      held.users -= 1;
      this.closeIdle();
    }
  }

  close(): void {
    for (const { input } of this.held.values()) input.dispose();
    this.held.clear();
  }

  private closeIdle(): void {
    for (const [path, { users, input }] of this.held) {
      if (this.held.size <= OPEN) return;
      if (users > 0) continue;
      this.held.delete(path);
      input.dispose();
    }
  }
}

function open(path: string): Held {
  const source = new FilePathSource(path, { maxCacheSize: CACHE });
  const input = new Input({ source, formats: [MP4, QTFF, MATROSKA] });
  const read = async (): Promise<PacketFile | null> => {
    const track = await input.getPrimaryVideoTrack();
    const config = await track?.getDecoderConfig();
    if (track == null || config?.description === undefined || !config.codec.startsWith("avc")) return null;
    // Copied packets would lose it.
    if (track.rotation !== 0) return null;
    return { sink: new EncodedPacketSink(track), track, config, sets: readParameterSets(bytesOf(config.description)) };
  };
  return { input, file: read().catch(() => null), users: 0 };
}

const bytesOf = (buffer: AllowSharedBufferSource): Uint8Array =>
  ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);

/** The frame that a packet shows; null where its time is off the grid. */
export function frameOf({ timestamp }: EncodedPacket, { numerator, denominator }: Rate): number | null {
  const exact = (timestamp * numerator) / denominator;
  const frame = Math.round(exact);
  return Math.abs(exact - frame) < 0.1 ? frame : null;
}
