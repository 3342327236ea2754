/** Test help: writes zip files, over 4 GB too, where holes of a sparse file stand for zeros (APPNOTE.TXT, zip64). */
import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";

export interface ZipPart {
  readonly name: string;
  /** Bytes, or a number of zeros. */
  readonly data: Uint8Array | number;
  /** The bytes are deflated, and the archive says that they unfold to this many. */
  readonly unfoldsTo?: number;
}

const BIG = 0xffffffff;

function numbers(...fields: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes);
      if (bytes === 8) field.writeBigUInt64LE(BigInt(value));
      else field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}

/** Local header (with sizes in a zip64 field, as PyTorch writes large files) and the central directory's record of one part. */
function headers({ name, data, unfoldsTo }: ZipPart, offset: number): { local: Buffer; central: Buffer; size: number } {
  const size = typeof data === "number" ? data : data.byteLength;
  const full = unfoldsTo ?? size;
  const method = unfoldsTo === undefined ? 0 : 8;
  const checksum = typeof data === "number" ? 0 : crc32(data);
  const text = Buffer.from(name);
  const sizes = numbers([2, 1], [2, 16], [8, full], [8, size]);
  const local = Buffer.concat([
    numbers([4, 0x04034b50], [2, 45], [2, 0x800], [2, method], [4, 0], [4, checksum], [4, BIG], [4, BIG]),
    numbers([2, text.length], [2, sizes.length]),
    text,
    sizes,
  ]);
  const extra = numbers([2, 1], [2, 24], [8, full], [8, size], [8, offset]);
  const central = Buffer.concat([
    numbers([4, 0x02014b50], [2, 45], [2, 45], [2, 0x800], [2, method], [4, 0], [4, checksum], [4, BIG], [4, BIG]),
    numbers([2, text.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0], [4, BIG]),
    text,
    extra,
  ]);
  return { local, central, size };
}

export async function writeZip(path: string, parts: readonly ZipPart[]): Promise<void> {
  const handle = await open(path, "w");
  try {
    const directory: Buffer[] = [];
    let offset = 0;
    for (const part of parts) {
      const { local, central, size } = headers(part, offset);
      directory.push(central);
      await handle.write(local, 0, local.length, offset);
      offset += local.length;
      if (typeof part.data !== "number") await handle.write(part.data, 0, size, offset);
      offset += size;
    }
    const central = Buffer.concat(directory);
    const count = parts.length;
    const end = Buffer.concat([
      central,
      numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count]),
      numbers([8, central.length], [8, offset]),
      numbers([4, 0x07064b50], [4, 0], [8, offset + central.length], [4, 1]),
      numbers([4, 0x06054b50], [2, 0], [2, 0], [2, 0xffff], [2, 0xffff], [4, BIG], [4, BIG], [2, 0]),
    ]);
    await handle.write(end, 0, end.length, offset);
  } finally {
    await handle.close();
  }
}
