import { type FileHandle, open } from "node:fs/promises";
import { MAX_PACKET, type ReadAt } from "./xmp-read.ts";

/** Matroska has no place of its own for XMP: a tag of this name holds it (RFC 9559, 5.1.8). */
const TAG_NAME = "XMP";
const ID = { header: 0x1a45dfa3, segment: 0x18538067, tags: 0x1254c367, tag: 0x7373, targets: 0x63c0 } as const;
const SIMPLE = { tag: 0x67c8, name: 0x45a3, text: 0x4487 } as const;

/** Identifier's bytes as they stand in the file, with their marker. */
const idBytes = (id: number): Buffer => {
  const bytes = Buffer.from(id.toString(16).padStart(8, "0"), "hex");
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
};

/** An element with an eight-byte size. Pure. */
function element(id: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(body.length) | (1n << 56n));
  return Buffer.concat([idBytes(id), size, body]);
}

interface Head {
  readonly id: number;
  /** Bytes of identifier and size. */
  readonly head: number;
  /** Bytes of the size alone. */
  readonly sizeBytes: number;
  /** Null: until something else begins, as live streams have it. */
  readonly size: number | null;
}

function headOf(bytes: Buffer): Head | null {
  const first = bytes[0];
  if (first === undefined || first < 0x10) return null;
  const idLength = Math.clz32(first) - 23;
  const sizeFirst = bytes[idLength];
  if (sizeFirst === undefined || sizeFirst === 0) return null;
  const sizeBytes = Math.clz32(sizeFirst) - 23;
  if (bytes.length < idLength + sizeBytes) return null;
  let size = BigInt(sizeFirst & ((1 << (8 - sizeBytes)) - 1));
  for (let n = 1; n < sizeBytes; n++) size = (size << 8n) | BigInt(bytes[idLength + n]!);
  const isUnknown = size === (1n << BigInt(7 * sizeBytes)) - 1n;
  return {
    id: bytes.readUIntBE(0, idLength),
    head: idLength + sizeBytes,
    sizeBytes,
    size: isUnknown ? null : Number(size),
  };
}

const HEAD = 12;

/** The segment's own head and where it begins; null where this is no Matroska file with one segment of known size. */
async function segmentOf(read: ReadAt): Promise<{ readonly at: number; readonly head: Head } | null> {
  const header = headOf(await read(0, HEAD));
  if (header?.id !== ID.header || header.size === null) return null;
  const at = header.head + header.size;
  const head = headOf(await read(at, HEAD));
  return head?.id === ID.segment ? { at, head } : null;
}

/** The packet among a Matroska or WebM file's tags; null where there is none. Reads heads of elements and tags only. */
export async function readFromEbml(read: ReadAt, size: number): Promise<string | null> {
  const segment = await segmentOf(read);
  if (segment === null) return null;
  const begin = segment.at + segment.head.head;
  const end = segment.head.size === null ? size : Math.min(size, begin + segment.head.size);
  for (let at = begin, n = 0; at < end && n < 100_000; n += 1) {
    const head = headOf(await read(at, HEAD));
    if (head === null || head.size === null) return null;
    if (head.id === ID.tags && head.size <= MAX_PACKET) {
      const found = inTags(await read(at + head.head, head.size));
      if (found !== null) return found;
    }
    at += head.head + head.size;
  }
  return null;
}

function inTags(tags: Buffer): string | null {
  for (const tag of childrenOf(tags, ID.tag))
    for (const simple of childrenOf(tag, SIMPLE.tag))
      if (childrenOf(simple, SIMPLE.name)[0]?.toString("utf8") === TAG_NAME)
        return childrenOf(simple, SIMPLE.text)[0]?.toString("utf8") ?? null;
  return null;
}

function childrenOf(parent: Buffer, id: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < parent.length; ) {
    const head = headOf(parent.subarray(at, at + HEAD));
    if (head === null || head.size === null) break;
    const begin = at + head.head;
    if (head.id === id) found.push(parent.subarray(begin, begin + head.size));
    at = begin + head.size;
  }
  return found;
}

/** Puts a packet behind everything else of a Matroska or WebM file. False where its segment cannot grow: then nothing was changed. */
export async function appendToEbml(file: string, packet: string): Promise<boolean> {
  const tags = element(
    ID.tags,
    element(
      ID.tag,
      element(ID.targets),
      element(SIMPLE.tag, element(SIMPLE.name, Buffer.from(TAG_NAME)), element(SIMPLE.text, Buffer.from(packet))),
    ),
  );
  const handle = await open(file, "r+");
  try {
    const { size } = await handle.stat();
    const segment = await segmentOf(readerOf(handle));
    if (segment === null) return false;
    const { at, head } = segment;
    const isLast = head.size === null || at + head.head + head.size === size;
    if (!isLast || (head.size !== null && head.sizeBytes !== 8)) return false;
    await handle.write(tags, 0, tags.length, size);
    if (head.size === null) return true;
    const field = Buffer.alloc(8);
    field.writeBigUInt64BE(BigInt(head.size + tags.length) | (1n << 56n));
    await handle.write(field, 0, 8, at + head.head - 8);
    return true;
  } finally {
    await handle.close();
  }
}

const readerOf =
  (handle: FileHandle): ReadAt =>
  async (at, count) => {
    const buffer = Buffer.alloc(count);
    const { bytesRead } = await handle.read(buffer, 0, count, at);
    return buffer.subarray(0, bytesRead);
  };
