import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";

/** A box at the top of an MP4 or QuickTime file (ISO/IEC 14496-12, 4.2). */
interface Box {
  readonly type: string;
  readonly at: number;
  readonly size: number;
}

/** A manifest store in its box, as the C2PA library wrote it for another file. */
export interface ManifestBox {
  /** The whole box. */
  readonly bytes: Buffer;
  /** What was signed, and the signature, as they stand in it. */
  readonly claim: Uint8Array;
  readonly signature: Uint8Array;
}

/** What the library excludes from its hash besides its own box (C2PA Specification 2.1, A.5.4 and 18.5). */
const EXCLUDED = new Set(["ftyp", "mfra", "free", "skip"]);
const C2PA_UUID = Buffer.from("d8fec3d61b0e483c92975828877ec481", "hex");
/** Boxes that say where in the file something lies, other than a track's table of chunks: we write none of them. */
const POINTING = new Set(["moof", "meta", "sidx", "ssix", "mfra"]);
/** Bytes that pass at a time. */
const PIECE = 2 ** 20;
/** Of an index; that of a day takes a tenth. */
const MAX_INDEX = 2 ** 29;

/** The smallest file of a kind: what the library signs in the place of one that is too large for its memory. Pure. */
export function twinOf(ftyp: Buffer): Buffer {
  const data = Buffer.alloc(24);
  data.writeUInt32BE(data.length);
  data.write("mdat", 4, "latin1");
  return Buffer.concat([ftyp, data]);
}

/** A file's first box, which tells its kind. Errors: RangeError where it does not begin with one. */
export async function ftypOf(file: string): Promise<Buffer> {
  const source = await open(file, "r");
  try {
    const [first] = await boxesOf(source);
    if (first?.type !== "ftyp" || first.size > PIECE) throw new RangeError("It does not begin as an MP4 file does.");
    return await read(source, first.at, first.size);
  } finally {
    await source.close();
  }
}

/**
 * Writes a copy of a file with credentials that the C2PA library made for its twin (`twinOf`), in memory of a few megabytes whatever the
 * file's length: the library itself holds the signed file several times. The box goes behind the first one, all that lies behind moves, and
 * three things in the credentials become the file's own: the hash of its boxes, the hash of the assertion with that hash, and the
 * signature. Each stands in the library's box exactly once, as we work it out for the twin in the same way; where it does not, this library
 * hashes otherwise than we think, and nothing is signed. Errors: RangeError in all such cases.
 *
 * The hash (`c2pa.hash.bmff.v3`): of each box at the top but the excluded ones, the place as 64 bits, then all its bytes.
 * @param signedTwin the twin with its credentials
 */
export async function signLike(
  file: string,
  signedTwin: Buffer,
  made: ManifestBox,
  resign: (claim: Uint8Array) => Uint8Array,
  signed: string,
): Promise<void> {
  const { bytes } = made;
  const assertion = hashAssertion(bytes);
  const twinHash = hashOf(signedTwin);
  const hashAt = assertion.at + onlyPlace(bytes.subarray(assertion.at, assertion.at + assertion.size), twinHash);
  const assertionHash = (box: Buffer): Buffer =>
    createHash("sha256")
      .update(box.subarray(assertion.at + 8, assertion.at + assertion.size))
      .digest();
  const inClaim = onlyPlace(made.claim, assertionHash(bytes));
  const [claimAt, signatureAt] = [onlyPlace(bytes, made.claim), onlyPlace(bytes, made.signature)];
  const [source, target] = [await open(file, "r"), await open(signed, "w")];
  try {
    const { hash, at } = await copyWithRoom(source, target, bytes.length);
    const own = Buffer.from(bytes);
    hash.copy(own, hashAt);
    const claim = Buffer.from(made.claim);
    assertionHash(own).copy(claim, inClaim);
    claim.copy(own, claimAt);
    own.set(resign(claim), signatureAt);
    await writeAll(target, own, at);
  } finally {
    await source.close();
    await target.close();
  }
}

/** Copies a file with room behind its first box; resolves with where that is, and the hash of what it will be. */
async function copyWithRoom(
  source: FileHandle,
  target: FileHandle,
  room: number,
): Promise<{ readonly hash: Buffer; readonly at: number }> {
  const hash = createHash("sha256");
  const [first, ...others] = await boxesOf(source);
  if (first?.type !== "ftyp") throw new RangeError("It does not begin as an MP4 file does.");
  await writeAll(target, await read(source, first.at, first.size), 0);
  for (const box of others) {
    if (POINTING.has(box.type)) throw new RangeError(`A box ${box.type} would have to be written anew.`);
    const isHashed = !EXCLUDED.has(box.type);
    if (isHashed) tellPlace(hash, box.at + room);
    const pass = async (bytes: Buffer, at: number): Promise<void> => {
      if (isHashed) hash.update(bytes);
      await writeAll(target, bytes, at + room);
    };
    if (box.type === "moov") {
      if (box.size > MAX_INDEX) throw new RangeError("Its index is too large.");
      const index = await read(source, box.at, box.size);
      moveChunks(index, 8, index.length, room);
      await pass(index, box.at);
    } else
      for (let at = box.at; at < box.at + box.size; at += PIECE)
        await pass(await read(source, at, Math.min(PIECE, box.at + box.size - at)), at);
  }
  return { hash: hash.digest(), at: first.size };
}

/** Where the boxes at a file's top are. Errors: RangeError where they do not fill it. */
async function boxesOf(source: FileHandle): Promise<Box[]> {
  const { size: end } = await source.stat();
  const boxes: Box[] = [];
  for (let at = 0; at < end; ) {
    const head = await read(source, at, Math.min(16, end - at));
    const box = boxAt(head, 0, end - at);
    boxes.push({ ...box, at });
    at += box.size;
  }
  return boxes;
}

/** @param most bytes that it may have */
function boxAt(bytes: Buffer, at: number, most: number): Box {
  if (bytes.length < at + 8) throw new RangeError("A box is cut off.");
  const small = bytes.readUInt32BE(at);
  const size = small === 0 ? most : small === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : small;
  if (size < 8 || size > most) throw new RangeError("A box is longer than what it lies in.");
  return { type: bytes.toString("latin1", at + 4, at + 8), at, size };
}

/** Boxes that hold a track's table of chunks. */
const AROUND_CHUNKS = new Set(["trak", "mdia", "minf", "stbl"]);

/** Adds to each place of a chunk in an index, which is changed. Errors: RangeError where a place has no room for it. */
function moveChunks(index: Buffer, from: number, to: number, by: number): void {
  for (let at = from; at < to; ) {
    const { type, size } = boxAt(index, at, to - at);
    if (AROUND_CHUNKS.has(type)) moveChunks(index, at + 8, at + size, by);
    // Version and flags, the number of places, then the places.
    if (type === "stco" || type === "co64") {
      const step = type === "stco" ? 4 : 8;
      const count = index.readUInt32BE(at + 12);
      if (16 + count * step > size) throw new RangeError("A table of chunks is cut off.");
      for (let n = 0, place = at + 16; n < count; n++, place += step)
        if (step === 4) index.writeUInt32BE(index.readUInt32BE(place) + by, place);
        else index.writeBigUInt64BE(index.readBigUInt64BE(place) + BigInt(by), place);
    }
    at += size;
  }
}

/** The hash of a small file in memory. */
function hashOf(whole: Buffer): Buffer {
  const hash = createHash("sha256");
  for (let at = 0; at < whole.length; ) {
    const { type, size } = boxAt(whole, at, whole.length - at);
    const isOwn = type === "uuid" && whole.subarray(at + 8, at + 24).equals(C2PA_UUID);
    if (!isOwn && !EXCLUDED.has(type)) {
      tellPlace(hash, at);
      hash.update(whole.subarray(at, at + size));
    }
    at += size;
  }
  return hash.digest();
}

function tellPlace(hash: Hash, at: number): void {
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(BigInt(at));
  hash.update(place);
}

/** The JUMBF superbox with the file's hash: its description box comes first, with the label behind 8 + 17 bytes (ISO/IEC 19566-5, A.3). */
function hashAssertion(bytes: Buffer): Box {
  const label = bytes.indexOf("c2pa.hash.bmff.v3\0", 0, "latin1");
  const at = label - 25 - 8;
  if (label < 0 || bytes.toString("latin1", at + 4, at + 8) !== "jumb")
    throw new RangeError("The library hashes in another way.");
  return boxAt(bytes, at, bytes.length - at);
}

function onlyPlace(bytes: Uint8Array, wanted: Uint8Array): number {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = whole.indexOf(wanted);
  if (at < 0 || whole.indexOf(wanted, at + 1) >= 0) throw new RangeError("The library hashes or signs in another way.");
  return at;
}

async function read(source: FileHandle, at: number, count: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(count);
  for (let done = 0; done < count; ) {
    const { bytesRead } = await source.read(bytes, done, count - done, at + done);
    if (bytesRead === 0) throw new RangeError("The file became shorter while it was read.");
    done += bytesRead;
  }
  return bytes;
}

async function writeAll(target: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await target.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}
