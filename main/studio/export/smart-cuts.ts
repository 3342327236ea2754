import { EncodedPacket, EncodedVideoPacketSource, MkvOutputFormat, Output, StreamTarget } from "mediabunny";
import { StudioError } from "../../../core/contract/index.ts";
import type { ExportPlan } from "../../../core/export/index.ts";
import { cutArgs, type Encoder, Feed, type MediaTools } from "../../media/index.ts";
import { hasIdr, withSets } from "./h264.ts";
import type { MediaFiles } from "./media-files.ts";
import { frameOf, type PacketFile, type PacketFiles } from "./packet-files.ts";
import type { Cut, Piece } from "./smart-plan.ts";

export interface CutParts {
  readonly tools: MediaTools;
  readonly plan: ExportPlan;
  readonly encoder: Encoder;
  readonly files: MediaFiles;
  readonly packets: PacketFiles;
  /** Resolves when work may go on. */
  readonly go: () => Promise<void>;
}

/** Frames that decoders hold back, at most: so many may come after one that is shown before them. */
const HELD_BACK = 64;

/**
 * Encodes pieces that are nothing but cuts of films, one after the other, to an H.264 file; each piece begins with a key frame. One
 * ffmpeg does all of them: starting it costs as much as encoding some frames. It is fed with the packets that the cuts need, on a clock
 * of their own: frame `n` of what is written stands at second `n + 1`, what must only be decoded stands in between, and ffmpeg
 * picks the whole seconds. Errors: FFMPEG_FAILED.
 * @param told how many frames more were handed over
 */
export async function encodeCuts(
  pieces: readonly Piece[],
  { tools, plan, encoder, files, packets, go }: CutParts,
  file: string,
  told: (frames: number) => void,
): Promise<void> {
  const keys: number[] = [];
  let count = 0;
  for (const piece of pieces) {
    keys.push(count);
    count += piece.count;
  }
  const feed = new Feed(tools.ffmpeg, cutArgs(plan, encoder, keys, file));
  try {
    const writable = new WritableStream<{ data: Uint8Array }>({ write: ({ data }) => feed.write(feed.picture, data) });
    const output = new Output({
      // Matroska tells when a picture is shown. MP4 tells when it is decoded, and ffmpeg reads that differently from a pipe.
      format: new MkvOutputFormat({ appendOnly: true }),
      target: new StreamTarget(writable),
    });
    const source = new EncodedVideoPacketSource("avc");
    output.addVideoTrack(source);
    await output.start();
    let config: VideoDecoderConfig | undefined;
    let done = 0;
    for (const cut of pieces.flatMap(({ cuts }) => cuts ?? [])) {
      const written = await packets.use(files.get(cut.media).path, async (from) => {
        config ??= from.config;
        return feedCut(cut, from, plan.video!.rate, async (data, isKey, time) => {
          await go();
          const packet = new EncodedPacket(data, isKey ? "key" : "delta", done + 1 + time, 1e-3);
          await source.add(packet, { decoderConfig: config! });
        });
      });
      if (written !== cut.count)
        throw new StudioError(
          "FFMPEG_FAILED",
          "A cut could not be read: export again without copying (smart rendering off).",
          `${written} of ${cut.count} frames of ${cut.media} from ${cut.first} on`,
        );
      done += cut.count;
      told(cut.count);
    }
    await output.finalize();
    await feed.finish();
  } catch (error) {
    await feed.kill();
    throw error;
  }
}

/**
 * Hands over what decoding a cut needs, with seconds from its first frame on; resolves with the number of its frames. Frames before it
 * stand in the half second before, those after it in the half second after: a cut is never in the way of the next.
 */
async function feedCut(
  { first, count, key }: Cut,
  { sink, sets }: PacketFile,
  rate: { readonly numerator: number; readonly denominator: number },
  add: (data: Uint8Array, isKey: boolean, seconds: number) => Promise<void>,
): Promise<number> {
  const start = await sink.getKeyPacket((key + 0.25) * (rate.denominator / rate.numerator));
  if (start === null) return 0;
  const end = first + count;
  let found = 0;
  for await (const packet of sink.packets(start)) {
    const frame = frameOf(packet, rate);
    if (frame === null || frame < key || frame >= end + HELD_BACK) break;
    let seconds = frame - first;
    if (frame < first) seconds /= 2 * (first - key);
    else if (frame >= end) seconds = count - 1 + (frame - end + 1) / (2 * HELD_BACK);
    await add(withSets(packet.data, sets), hasIdr(packet.data, sets), seconds);
    if (frame >= first && frame < end) found += 1;
    if (found === count) break;
  }
  return found;
}
