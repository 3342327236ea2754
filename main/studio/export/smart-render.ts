import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import { chooseEncoder, type Encoder, exportArgs, Feed, joinArgs, type Loudness, runMedia } from "../../media/index.ts";
import { mixInto } from "./feeding.ts";
import { FilmFrames } from "./film-frames.ts";
import { PacketFiles } from "./packet-files.ts";
import { endsOf, formatOf, hand, lookout, lookSize, type Painted, type Work } from "./pictures.ts";
import { encodeCuts } from "./smart-cuts.ts";
import { type Piece, planSmart } from "./smart-plan.ts";
import { joinPieces, type Packets } from "./smart-write.ts";
import type { ExportListener } from "./task.ts";

/** Encoders side by side: one alone does not keep all cores busy. */
const SIDE_BY_SIDE = 2;

/** What can be copied of a film, found before anything is written. */
export interface SmartPlan {
  readonly pieces: readonly Piece[];
  readonly packets: PacketFiles;
  /** For the pieces in between. */
  readonly encoder: Encoder;
}

/** Looks for stretches that can be copied; null where there are none. Errors: those of reading media. */
export async function findSmart({ tools, task, plan, files }: Work, packets: PacketFiles): Promise<SmartPlan | null> {
  const pieces = await planSmart(task.document, plan, files, packets);
  if (pieces === null) return null;
  const encoder = await chooseEncoder(tools, { codec: "h264", encoder: "software" }, "yuv420p");
  return encoder === null ? null : { pieces, packets, encoder };
}

/**
 * Copies what can be copied and encodes the rest. Null where copying failed: then all of it is encoded, which is slower and otherwise the
 * same. @param notes the first tells how it was encoded
 */
export async function writeSmart(
  work: Work,
  { pieces, packets, encoder }: SmartPlan,
  loudness: Loudness | null,
  notes: string[],
): Promise<Painted> {
  const { tools, plan, places } = work;
  const threads = Math.ceil(availableParallelism() / SIDE_BY_SIDE);
  const encoding = new Pieces(work, pieces, packets, { ...encoder, isQuick: true, threads });
  const { container } = plan.settings;
  const pictures = join(places.work, "pictures");
  const sound = plan.audio === null ? null : join(places.work, `sound.${container}`);
  const find = (piece: Piece): Promise<Packets> => encoding.find(piece);
  const go = (): Promise<void> => encoding.go();
  const parts = { packets, rate: plan.video!.rate, find, go };
  const listener: ExportListener = {
    progress: (...args) => work.listener.progress(...args),
    picture: (...args) => work.listener.picture(...args),
    go,
  };
  const going = [
    endsOf(work, (film) => {
      const [wide, high] = lookSize(plan);
      const seen = film.preview(wide, high);
      // Copied frames are seen by nobody: this one stands for them.
      if (seen !== null) listener.picture(wide, high, seen);
    }),
    joinPieces(pieces, parts, pictures, (piece, count) => encoding.joined(piece, count)),
    sound === null ? Promise.resolve() : writeSound({ ...work, listener }, loudness, sound),
  ] as const;
  try {
    const [ends, joined] = await Promise.all(going);
    await runMedia(tools.ffmpeg, joinArgs(plan, joined, sound, places.target));
    const copied = pieces.reduce((sum, { copy, count }) => sum + (copy === null ? 0 : count), 0);
    const { frames } = plan.video!;
    notes.splice(
      0,
      1,
      `${copied} of ${frames} frames were copied as they are${copied === frames ? "." : `; the others were encoded by ${encoder.name}.`}`,
    );
    return ends;
  } catch (cause) {
    const error = StudioError.from(cause);
    if (error.code !== "FFMPEG_FAILED" && error.code !== "INTERNAL") throw error;
    notes.push("Copying untouched stretches did not work here, so all of it was encoded.");
    return null;
  } finally {
    await encoding.close();
    await Promise.allSettled(going);
    await rm(pictures, { recursive: true, force: true });
    if (sound !== null) await rm(sound, { force: true });
  }
}

/** The film's sound alone, as the export wants it. */
async function writeSound(work: Work, loudness: Loudness | null, file: string): Promise<void> {
  const feed = new Feed(work.tools.ffmpeg, exportArgs({ ...work.plan, video: null }, null, loudness, file));
  try {
    await mixInto(work, (bytes) => feed.write(feed.sound, bytes));
    await feed.finish();
  } catch (error) {
    await feed.kill();
    throw error;
  }
}

/** The pieces that are not copied, while they are encoded: a few ahead of what is in the film. */
class Pieces {
  private readonly work: Work;
  private readonly packets: PacketFiles;
  private readonly encoder: Encoder;
  private readonly encoded = new Map<Piece, Promise<Packets>>();
  /** Those that are composed or painted and not begun. */
  private readonly waiting: Piece[];
  /** Encoders of cuts that are at work, and other pieces that are begun and not in the film. */
  private ahead = 0;
  /** Frames of the film that are encoded or copied. */
  private done = 0;
  private isClosed = false;

  constructor(work: Work, pieces: readonly Piece[], packets: PacketFiles, encoder: Encoder) {
    this.work = work;
    this.packets = packets;
    this.encoder = encoder;
    this.waiting = pieces.filter((piece) => piece.copy === null && piece.cuts === null);
    for (const part of halves(pieces.filter(({ cuts }) => cuts !== null))) this.encodeCuts(part);
    this.encodeAhead();
  }

  /** Where a piece's packets are, when they are there. */
  async find(piece: Piece): Promise<Packets> {
    if (piece.copy !== null) return { path: this.work.files.get(piece.copy.media).path, first: piece.copy.first };
    // Its turn has come, whatever else is being encoded.
    if (!this.encoded.has(piece)) this.begin(this.waiting.splice(this.waiting.indexOf(piece), 1)[0]!);
    return this.encoded.get(piece)!;
  }

  /** A packet of a piece is in the film, and all of them when they are `count`. */
  async joined(piece: Piece, count: number): Promise<void> {
    if (piece.copy !== null) this.advance(1);
    if (piece.copy !== null || piece.cuts !== null || count < piece.count) return;
    const { path } = await this.find(piece);
    await rm(path, { force: true });
    this.ahead -= 1;
    this.encodeAhead();
  }

  /** Resolves when work may go on. Errors: CANCELLED when it has ended for another reason. */
  async go(): Promise<void> {
    if (this.isClosed) throw new StudioError("CANCELLED", "The work was cancelled.");
    await this.work.listener.go();
  }

  /** Ends what is being encoded and removes what was. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.waiting.length = 0;
    const files = await Promise.allSettled(this.encoded.values());
    for (const file of files) if (file.status === "fulfilled") await rm(file.value.path, { force: true });
  }

  private advance(frames: number): void {
    this.done += frames;
    this.work.listener.progress("render", this.done, this.work.plan.video!.frames);
  }

  private encodeCuts(pieces: readonly Piece[]): void {
    const { tools, plan, files, places } = this.work;
    const path = join(places.work, `cuts-${pieces[0]!.from}.mp4`);
    const parts = { tools, plan, encoder: this.encoder, files, packets: this.packets, go: () => this.go() };
    this.ahead += 1;
    const going = encodeCuts(pieces, parts, path, (frames) => this.advance(frames)).finally(() => {
      this.ahead -= 1;
      this.encodeAhead();
    });
    let first = 0;
    for (const piece of pieces) {
      const place = { path, first };
      const packets = going.then(() => place);
      packets.catch(() => {}); // told when its turn comes
      this.encoded.set(piece, packets);
      first += piece.count;
    }
  }

  private encodeAhead(): void {
    while (this.ahead < SIDE_BY_SIDE && this.waiting.length > 0) this.begin(this.waiting.shift()!);
  }

  private begin(piece: Piece): void {
    this.ahead += 1;
    const going = this.encode(piece);
    going.catch(() => {}); // told when its turn comes
    this.encoded.set(piece, going);
  }

  private async encode(piece: Piece): Promise<Packets> {
    const { tools, task, plan, files, masks, places, listener } = this.work;
    const path = join(places.work, `piece-${piece.from}.mp4`);
    const silent = { ...plan, audio: null };
    const feed = new Feed(tools.ffmpeg, exportArgs(silent, this.encoder, null, path, "yuv420p"));
    const parts = { tools, document: task.document, files, masks, work: places.work, format: formatOf(plan) };
    const film = new FilmFrames(parts);
    // What counts are all frames, not where this piece is.
    const counted = { ...listener, progress: () => this.advance(1), go: () => this.go() };
    const work = { ...this.work, listener: counted };
    try {
      await hand(film, piece, work, (bytes) => feed.write(feed.picture, bytes), lookout(work));
      await feed.finish();
      return { path, first: 0 };
    } catch (error) {
      await feed.kill();
      throw error;
    } finally {
      await film.close();
    }
  }
}

/** Splits pieces where about as many frames lie before as after; one or none stay together. */
function halves(pieces: readonly Piece[]): (readonly Piece[])[] {
  const total = pieces.reduce((sum, { count }) => sum + count, 0);
  let [at, before] = [0, 0];
  while (at < pieces.length && before < total / 2) before += pieces[at++]!.count;
  return [pieces.slice(0, at), pieces.slice(at)].filter((part) => part.length > 0);
}
