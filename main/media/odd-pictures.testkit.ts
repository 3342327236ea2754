/** Test help: pictures that no encoder at hand writes. */
import { crc32, deflateSync } from "node:zlib";

/** A segment of a JPEG with its length. */
const segment = (marker: number, body: readonly number[]) => [
  0xff,
  marker,
  (body.length + 2) >> 8,
  (body.length + 2) & 255,
  ...body,
];

/** A baseline JPEG of one flat colour in four components, as Adobe writes CMYK: 255 means no ink. */
export function cmykJpeg(side: number, inks: readonly [number, number, number, number]): Buffer {
  const bits: number[] = [];
  const put = (value: number, length: number) => {
    for (let bit = length - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1);
  };
  const blocks = (side / 8) ** 2;
  for (let block = 0; block < blocks; block += 1)
    for (const ink of inks) {
      // With a quantiser of 8 the DC coefficient of a flat block is its value less 128; the next blocks differ by nothing.
      const dc = block === 0 ? ink - 128 : 0;
      const size = dc === 0 ? 0 : 32 - Math.clz32(Math.abs(dc));
      put(size, 4);
      put(dc >= 0 ? dc : dc + 2 ** size - 1, size);
      put(0, 1); // end of block
    }
  while (bits.length % 8 !== 0) bits.push(1);
  const scan: number[] = [];
  for (let i = 0; i < bits.length; i += 8) {
    const byte = Number.parseInt(bits.slice(i, i + 8).join(""), 2);
    scan.push(byte, ...(byte === 0xff ? [0] : []));
  }
  const components = [1, 2, 3, 4];
  return Buffer.from([
    0xff,
    0xd8,
    ...segment(0xee, [...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, 0]),
    ...segment(0xdb, [0, ...Array<number>(64).fill(8)]),
    ...segment(0xc0, [
      8,
      side >> 8,
      side & 255,
      side >> 8,
      side & 255,
      4,
      ...components.flatMap((id) => [id, 0x11, 0]),
    ]),
    ...segment(0xc4, [0x00, 0, 0, 0, 12, ...Array<number>(12).fill(0), ...Array.from({ length: 12 }, (_, n) => n)]),
    ...segment(0xc4, [0x10, 1, ...Array<number>(15).fill(0), 0]),
    ...segment(0xda, [4, ...components.flatMap((id) => [id, 0]), 0, 63, 0]),
    ...scan,
    0xff,
    0xd9,
  ]);
}

/** A chunk of a PNG with its length and checksum. */
const chunk = (type: string, data: Buffer) => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
};

/** A PNG in one bit a pixel, all black. */
export function hugePng(width: number, height: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 1;
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
